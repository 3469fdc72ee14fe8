"""Pages about the API: its description, its keys."""
