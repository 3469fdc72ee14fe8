"""Pages about people: signing in, one's own profile, the account's users and settings."""
