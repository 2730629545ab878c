"""The columns of NACHA: what stands where in a record of 94 letters, to write and to read.

One table for each kind of record (Nacha Operating Rules, appendix three). N is filled with zeros
from the left, A with blanks from the right.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WIDTH: Final = 94
BLOCK: Final = 10
"""So many records make a block; nines fill the last."""

Columns = tuple[tuple[str, int, str], ...]

FILE_HEADER: Final[Columns] = (
    ("type", 1, "A"), ("priority", 2, "N"), ("destination", 10, "A"), ("origin", 10, "A"),
    ("date", 6, "A"), ("time", 4, "A"), ("modifier", 1, "A"), ("record_size", 3, "N"),
    ("blocking", 2, "N"), ("format", 1, "A"), ("destination_name", 23, "A"),
    ("origin_name", 23, "A"), ("reference", 8, "A"),
)  # fmt: skip
BATCH_HEADER: Final[Columns] = (
    ("type", 1, "A"), ("service", 3, "N"), ("company_name", 16, "A"), ("discretionary", 20, "A"),
    ("company_id", 10, "A"), ("entry_class", 3, "A"), ("description", 10, "A"),
    ("descriptive_date", 6, "A"), ("effective", 6, "A"), ("settlement", 3, "A"),
    ("status", 1, "A"), ("odfi", 8, "A"), ("batch", 7, "N"),
)  # fmt: skip
ENTRY: Final[Columns] = (
    ("type", 1, "A"), ("transaction", 2, "N"), ("rdfi", 8, "A"), ("check", 1, "A"),
    ("account", 17, "A"), ("amount", 10, "N"), ("individual_id", 15, "A"), ("name", 22, "A"),
    ("discretionary", 2, "A"), ("addenda", 1, "N"), ("trace", 15, "A"),
)  # fmt: skip
ADDENDA: Final[Columns] = (
    ("type", 1, "A"), ("addenda_type", 2, "A"), ("text", 80, "A"), ("sequence", 4, "N"),
    ("entry", 7, "N"),
)  # fmt: skip
RETURN: Final[Columns] = (
    ("type", 1, "A"), ("addenda_type", 2, "A"), ("code", 3, "A"), ("original_trace", 15, "A"),
    ("died_on", 6, "A"), ("original_rdfi", 8, "A"), ("text", 44, "A"), ("trace", 15, "A"),
)  # fmt: skip
CHANGE: Final[Columns] = (
    ("type", 1, "A"), ("addenda_type", 2, "A"), ("code", 3, "A"), ("original_trace", 15, "A"),
    ("reserved", 6, "A"), ("original_rdfi", 8, "A"), ("corrected", 29, "A"),
    ("reserved_too", 15, "A"), ("trace", 15, "A"),
)  # fmt: skip
BATCH_CONTROL: Final[Columns] = (
    ("type", 1, "A"), ("service", 3, "N"), ("entries", 6, "N"), ("hash", 10, "N"),
    ("debits", 12, "N"), ("credits", 12, "N"), ("company_id", 10, "A"),
    ("authentication", 19, "A"), ("reserved", 6, "A"), ("odfi", 8, "A"), ("batch", 7, "N"),
)  # fmt: skip
FILE_CONTROL: Final[Columns] = (
    ("type", 1, "A"), ("batches", 6, "N"), ("blocks", 6, "N"), ("entries", 8, "N"),
    ("hash", 10, "N"), ("debits", 12, "N"), ("credits", 12, "N"), ("reserved", 39, "A"),
)  # fmt: skip


def written(columns: Columns, values: Mapping[str, str | int]) -> str:
    """Return a record; what is not given is blank, or zero."""
    parts = []
    for name, width, kind in columns:
        text = str(values.get(name, "" if kind == "A" else 0))
        part = text.ljust(width) if kind == "A" else text.rjust(width, "0")
        assert len(part) == width, (name, text)
        parts.append(part)
    return "".join(parts)


def read(columns: Columns, record: str) -> dict[str, str]:
    """Return what stands in a record, by name, with its blanks."""
    found, at = {}, 0
    for name, width, _ in columns:
        found[name] = record[at : at + width]
        at += width
    return found
