"""The tables: numbered migrations, a snapshot of what they make, and the runner."""
