"""The configuration over time: read as a whole, compared in words, kept when it was accepted, watched for changes.

`edge.settings` says what a configuration is; `edge.reconfiguration` puts another one into a running edge.
"""
