"""A user's own affairs."""
