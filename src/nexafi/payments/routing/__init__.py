"""Routing: which provider is asked first for a charge, and which then."""
