"""Runs: an operation at a station, the counts that belong to it, and what people report of it."""
