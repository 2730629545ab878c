"""The rows of a CSV file, whatever stands in them. Pure."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO

from nexafi.kernel.errors import Problem

Row = tuple[int, Sequence[str]]
"""The number of the line at which it ends, from 1, and its cells without space around them."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a file that hold something, the head first."""

    head: Sequence[str]
    rows: Sequence[Row]
    delimiter: str


def read(raw: bytes, problem: type[Problem]) -> Sheet:
    """Return the rows of *raw*, in UTF-8 with comma, semicolon or tab; raise *problem* if none."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise problem(f"The file is not in UTF-8 (byte {error.start}).") from None
    if "\0" in text:
        raise problem("The file is no text: it has NUL in it.")
    first = text.lstrip().partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    try:
        rows: list[Row] = [
            (reader.line_num, [cell.strip() for cell in row])
            for row in reader
            if any(cell.strip() for cell in row)
        ]
    except csv.Error as error:
        raise problem(f"The file is no CSV: {error}.") from None
    if not rows:
        raise problem("The file is empty.")
    return Sheet(rows[0][1], rows[1:], delimiter)
