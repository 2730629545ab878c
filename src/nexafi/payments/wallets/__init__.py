"""Wallets: what customers keep with the organization, held, moved and stated to the cent."""
