"""Customers, and the payment methods that were saved for them."""
