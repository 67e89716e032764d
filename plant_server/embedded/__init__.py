"""A database and a broker started by Lineside itself, for the demo, a trial and the tests."""
