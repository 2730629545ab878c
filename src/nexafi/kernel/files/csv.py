"""A table as CSV: RFC 4180, UTF-8, for programs first.

One head and one record for each row, nothing above and nothing below. The
first field says what a row is, so that nobody adds a total to its items.
Amounts are plain (``-1234.50``), dates are ISO 8601, shares are fractions.
Text that a spreadsheet would take for a formula gets an apostrophe before it.
"""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from io import StringIO

from nexafi.kernel.files.table import Cell, Column, Shape, Table
from nexafi.kernel.values.money import Money

MEDIA_TYPE = "text/csv"
FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What begins a formula, in ASCII and in full width (OWASP, CSV injection)."""


def write(table: Table) -> bytes:
    """Return *table* as the bytes of a file."""
    out = StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["row", *(safe(_title(column, table)) for column in table.columns)])
    width = len(table.columns)
    for row in table.rows:
        cells = [_cell(cell) for cell in row.cells]
        writer.writerow([row.kind, *cells, *[""] * (width - len(cells))])
    return out.getvalue().encode()


def safe(text: str) -> str:
    """Return *text* so that no spreadsheet computes it.

    Tab and carriage return, which some skip before they look, count as a beginning too.
    """
    if text.startswith(("\t", "\r", "\n")) or text.lstrip().startswith(FORMULA):
        return f"'{text}"
    return text


def _title(column: Column, table: Table) -> str:
    """Return the head of a column; that of amounts says the currency."""
    return f"{column.title} ({table.currency})" if column.shape is Shape.MONEY else column.title


def _cell(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case Money():
            return cell.text
        case date():
            return cell.isoformat()
        case int() | Decimal():
            return str(cell)
        case _:
            return safe(cell)
