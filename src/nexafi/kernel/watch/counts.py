"""Counts: what an operator wants to know of a service's business, beyond its requests."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Count:
    """Something that Works do, counted once they are kept.

    It is named without the service, whose name comes before: ``entries_posted`` of
    the ledger is ``nexafi_ledger_entries_posted_total``.
    """

    name: str
    """A thing and a past participle."""
    meaning: str
