"""One small page that shows Lineside is running. Static files, no build step, nothing from elsewhere."""
