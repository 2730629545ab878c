"""Webhooks of providers: kept as they came, and applied once, in whatever order they come."""
