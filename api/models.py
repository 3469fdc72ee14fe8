"""The HTTP API, its keys, and its description."""
