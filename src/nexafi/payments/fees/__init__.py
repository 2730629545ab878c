"""Platform fees: what the operator takes of a payment, by a schedule of its own."""
