"""What machines did: the present state, and intervals of a span."""
