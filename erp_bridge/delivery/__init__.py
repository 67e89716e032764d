"""Documents into the other system, each once."""
