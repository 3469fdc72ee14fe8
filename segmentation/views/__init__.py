"""The pages of segments, a module for each subject."""
