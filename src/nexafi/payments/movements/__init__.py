"""Movements: each money movement, and whether the books have it."""
