"""Pages about what contacts do: the timeline of one, and the activity types."""
