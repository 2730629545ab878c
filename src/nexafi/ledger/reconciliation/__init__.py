"""Reconciliation: what the bank says and what the books say, brought together."""
