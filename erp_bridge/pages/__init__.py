"""One page: what was delivered, what was refused, and what to do about it."""
