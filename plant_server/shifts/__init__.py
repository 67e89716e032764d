"""When the plant is meant to work: one weekly pattern for the site, stated from a file or over the API."""
