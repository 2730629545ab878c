"""A CSV file as rows that are asked by the names of their columns."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO

from nexafi.payments.settlements.report import LINES_MAX, refuse


@dataclass(frozen=True, slots=True)
class Row:
    """A row, and the line of the file at which it stands."""

    at: int
    cells: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        """Return a cell without blanks around it; empty if there is no such column."""
        return (self.cells.get(name) or "").strip()


def text_of(raw: bytes) -> str:
    """Return a file as text: UTF-8, with or without a mark at its beginning."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise refuse("The file is not UTF-8.") from None


def cells_of(text: str, delimiter: str = ",") -> list[list[str]]:
    """Return all records of a CSV."""
    try:
        found = list(csv.reader(StringIO(text), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise refuse(f"The file is no CSV: {error}.") from None
    if len(found) > LINES_MAX:
        raise refuse(f"The file has more than {LINES_MAX} rows; split it by payout.")
    return found


def rows_of(text: str, delimiter: str = ",") -> list[Row]:
    """Return the rows below the head of a CSV; each has as many cells as the head."""
    records = cells_of(text, delimiter)
    if not records:
        raise refuse("The file is empty.")
    head = [name.strip() for name in records[0]]
    found = []
    for at, record in enumerate(records[1:], 2):
        if not any(cell.strip() for cell in record):
            continue
        if len(record) != len(head):
            raise refuse(f"It has {len(record)} cells, the head {len(head)}.", at)
        found.append(Row(at, dict(zip(head, record, strict=True))))
    return found
