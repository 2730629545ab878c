"""Bank accounts, and what the bank says of them."""
