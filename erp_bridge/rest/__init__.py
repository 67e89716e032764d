"""The routes of the bridge API, its keys and its problems."""
