"""Machines that speak the real protocols and know the truth. Imports nothing of the other packages."""
