"""A whole plant and its factory on one machine: for a first look, for tests, for benchmarks."""
