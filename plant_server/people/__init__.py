"""People, their roles, the terminals they stand at, and how they sign in."""
