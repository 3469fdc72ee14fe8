"""Pages about labels: tags, categories, and both on one contact."""
