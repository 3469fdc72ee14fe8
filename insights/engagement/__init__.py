"""Who is engaged, as of any day, and how that changed (ED2 to ED7, ED11). docs/engagement.md."""
