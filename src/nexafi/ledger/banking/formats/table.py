"""The rows and cells of a CSV, and by what they are divided."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass

from nexafi.ledger.banking.formats.figures import refuse

DELIMITERS = (",", ";", "\t", "|")
ROWS_MAX = 200_000
COLUMNS_MAX = 200
LINES_PER_ROW_MAX = 100
SAMPLE_LINES = 200


@dataclass(frozen=True, slots=True)
class Row:
    """A row that is not empty: the line of the file where it begins, and its cells."""

    at: int
    cells: list[str]

    def cell(self, column: int | None) -> str:
        """Return the text of a column, or nothing where the row or the column is not there."""
        if column is None or column >= len(self.cells):
            return ""
        return self.cells[column].strip()


def rows_of(text: str, delimiter: str) -> list[Row]:
    """Return the rows of *text* that are not empty; refuse what is no table."""
    rows: list[Row] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    before = 0
    try:
        for cells in reader:
            at, before = before + 1, reader.line_num
            if before - at >= LINES_PER_ROW_MAX:
                raise refuse("A quotation mark that opens here is not closed.", at)
            if len(cells) > COLUMNS_MAX:
                raise refuse(f"There are more than {COLUMNS_MAX} columns.", at)
            if any(cell and not cell.isspace() for cell in cells):
                rows.append(Row(at, cells))
            if len(rows) > ROWS_MAX:
                raise refuse(f"There are more than {ROWS_MAX} rows: split the file.", at)
    except csv.Error as error:
        raise refuse(f"The row cannot be read: {error}.", reader.line_num) from None
    if rows and _ends_in_quotes(text, rows[-1].at, delimiter):
        raise refuse("The file is cut off: it ends within quotation marks.", rows[-1].at)
    if rows and len(rows[0].cells) == 1 and rows[0].cells[0].lower().startswith("sep="):
        rows.pop(0)
    return rows


def _ends_in_quotes(text: str, at: int, delimiter: str) -> bool:
    """Return whether the last row, which begins at line *at*, has a quotation that does not end."""
    last = text.split("\n", at - 1)[-1]
    before, mark, _ = last.rpartition('"')
    opens = not before.strip() or before.rstrip(" ").endswith((delimiter, "\n"))
    return bool(mark) and opens and last.count('"') % 2 == 1


def delimiters(text: str) -> list[str]:
    """Return what may divide the columns, the likeliest first."""
    sample = text.split("\n", SAMPLE_LINES)[:SAMPLE_LINES]
    if sample[0].lower().strip('"').startswith("sep=") and len(sample[0].strip('"')) >= 5:
        return [sample[0].strip('"')[4]] if sample[0].strip('"')[4] in DELIMITERS else []
    scores = []
    for order, delimiter in enumerate(DELIMITERS):
        try:
            counts = Counter(
                len(cells) for cells in csv.reader(sample, delimiter=delimiter) if len(cells) > 1
            )
        except csv.Error:
            continue
        if counts:
            columns, rows = max(counts.items(), key=lambda item: (item[1] * (item[0] - 1), item[0]))
            scores.append((-rows * min(columns - 1, 4), -columns, order, delimiter))
    return [score[-1] for score in sorted(scores)]
