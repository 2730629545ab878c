"""Analytics: what was charged, by whom it was taken, and what was left of it."""
