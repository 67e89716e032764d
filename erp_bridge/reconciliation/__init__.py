"""Compares what other systems say with what the floor says."""
