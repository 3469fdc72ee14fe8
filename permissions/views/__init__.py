"""Pages of permission groups, for owners and administrators: the groups, and the groups of one user."""
