"""Settlements: what providers say they paid us, matched with what we know moved."""
