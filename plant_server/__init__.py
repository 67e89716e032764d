"""The plant server: stores what the edges deliver and shows it."""
