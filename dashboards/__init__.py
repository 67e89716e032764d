"""Grafana boards as files. See README.md beside this file."""
