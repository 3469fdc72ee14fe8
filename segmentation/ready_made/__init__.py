"""Ready-made criteria by subject; `segmentation.templates` has them together."""
