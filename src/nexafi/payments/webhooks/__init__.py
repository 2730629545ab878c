"""Webhooks of ours: who is told of what happens here, signed, and again until it is taken."""
