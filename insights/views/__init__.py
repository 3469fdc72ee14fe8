"""Pages that make segments understood."""
