"""Sorting: from statement lines to entries, by rules, by what was done before, and by people."""
