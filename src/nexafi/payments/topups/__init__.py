"""Top-ups: charges whose money goes into a wallet."""
