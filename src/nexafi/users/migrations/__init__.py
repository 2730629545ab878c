"""The migrations of users, by number."""
