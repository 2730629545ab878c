"""Disputes: what payers contest, how we answer, and where the money is meanwhile."""
