"""After a restore of the plant: what the others know already, so that nobody is told twice."""
