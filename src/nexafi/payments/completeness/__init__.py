"""Completeness: whether each movement has its entry, and each operation its movement."""
