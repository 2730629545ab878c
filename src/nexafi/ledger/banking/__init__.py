"""Bank accounts, and what banks say of them: statements and their lines."""
