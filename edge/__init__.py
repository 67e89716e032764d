"""The edge agent: polls machines, keeps each reading in a spool, and delivers it to the plant."""
