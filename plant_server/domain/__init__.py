"""The pure heart: no I/O, no async; time is an argument."""
