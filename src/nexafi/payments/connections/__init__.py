"""Connections: the providers that an organization uses, and its keys there."""
