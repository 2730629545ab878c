"""Which account takes what money that moves is made of."""
