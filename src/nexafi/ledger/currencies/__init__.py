"""What foreign currencies are worth in the base currency, day by day."""
