"""Over time: size, who joined and left, revenue of members, and how long they stay, of a segment, tag or category."""
