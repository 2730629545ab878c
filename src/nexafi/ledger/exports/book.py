"""A book as it is exported: plain values, whatever notation follows. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from nexafi.kernel.values.money import Money

ROOTS = {
    "asset": "Assets",
    "liability": "Liabilities",
    "equity": "Equity",
    "income": "Income",
    "expense": "Expenses",
}


@dataclass(frozen=True, slots=True)
class BookAccount:
    """An account of the chart."""

    code: str
    name: str
    type: str


@dataclass(frozen=True, slots=True)
class BookLine:
    """A line: a debit when positive, a credit when negative."""

    code: str
    amount: Money
    base: Money
    description: str | None


@dataclass(frozen=True, slots=True)
class BookEntry:
    """A posted entry."""

    id: str
    number: int | None
    date: date
    description: str
    reference: str | None
    source: str | None
    tags: Mapping[str, str]
    lines: Sequence[BookLine]


@dataclass(frozen=True, slots=True)
class Book:
    """All that is exported, entries by date."""

    title: str
    base_currency: str
    accounts: Sequence[BookAccount]
    entries: Iterable[BookEntry]


def distinct(names: Mapping[str, str]) -> dict[str, str]:
    """Return *names* by code, each made different from those before it where two became one."""
    taken: set[str] = set()
    found = {}
    for code, name in names.items():
        unique, again = name, 2
        while unique.lower() in taken:
            unique, again = f"{name}-{again}", again + 1
        taken.add(unique.lower())
        found[code] = unique
    return found


def one_line(text: str) -> str:
    """Return *text* on one line, without what no journal can hold."""
    return re.sub(r"[\x00-\x1f\x7f\u2028\u2029\s]+", " ", text).strip()
