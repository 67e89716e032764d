"""The language between an edge and whoever listens: topics, payloads, roles. Imports no I/O."""
