"""Passwords: what a good one is, and how it is kept."""
