"""What can be asked of values, one module per type."""
