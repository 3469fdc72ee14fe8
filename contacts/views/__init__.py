"""Pages about contacts, a module for each kind."""
