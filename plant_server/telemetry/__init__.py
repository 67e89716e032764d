"""What machines said: devices, tags, samples, counts, gaps, and live values as they come."""
