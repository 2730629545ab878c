"""Payout reports as providers hand them out: each reader is one pure function from bytes."""
