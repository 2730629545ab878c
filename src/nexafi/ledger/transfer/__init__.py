"""Entries that come from elsewhere, in a file that one has made or exported there."""
