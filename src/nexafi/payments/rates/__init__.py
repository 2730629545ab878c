"""Rates: what the ledger told us of what currencies are worth."""
