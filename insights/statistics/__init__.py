"""Statistics of a tag, a category, a segment or everybody, beside the whole base (IC9). docs/statistics.md."""
