"""Charges: from the wish to be paid to the money in hand, and back."""
