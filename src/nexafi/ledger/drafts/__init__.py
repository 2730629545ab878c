"""Drafts: entries that someone prepares and another may approve."""
