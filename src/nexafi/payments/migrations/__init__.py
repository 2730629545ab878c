"""The migrations of payments, by number."""
