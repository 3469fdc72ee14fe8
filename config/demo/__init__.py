"""`make demo`: everything on one machine, for looking at Sito and working on it."""
