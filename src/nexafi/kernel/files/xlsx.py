"""A table as XLSX, to be calculated with: real numbers, real dates, a head that stays.

Rows are streamed to disk as they are written. Texts are written as texts, so
none is computed. A spreadsheet keeps 15 digits: an amount of more is written
as text rather than rounded.
"""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from io import BytesIO

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from nexafi.kernel.files.table import NOTHING, Cell, Kind, Paper, Shape, Table
from nexafi.kernel.values.currencies import decimals
from nexafi.kernel.values.money import Money

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EXACT_BELOW = 10**15
"""Whole numbers below this survive in the 15 digits that a spreadsheet keeps."""
CELL_CHARACTERS_MAX = 32_767
PAPERS = {Paper.LETTER: 1, Paper.A4: 9}
WIDTHS = {Shape.TEXT: 14, Shape.MONEY: 16, Shape.DATE: 12, Shape.NUMBER: 10, Shape.SHARE: 10}
WIDE = 44
LANDSCAPE_FROM = 6
NAME_CHARACTERS_MAX = 31
UNDATED = datetime(2000, 1, 1)  # noqa: DTZ001 - the format keeps no zone
MIDNIGHT = time(0)
GREY = "#595959"
INK = "#1F2A44"


def write(table: Table) -> bytes:
    """Return *table* as the bytes of a file."""
    out = BytesIO()
    book = xlsxwriter.Workbook(out, {"constant_memory": True, "default_date_format": "yyyy-mm-dd"})
    made = table.made_at.replace(tzinfo=None) if table.made_at else UNDATED
    book.set_properties({"title": table.title, "company": table.company, "created": made})
    sheet = book.add_worksheet(_sheet_name(table.title))
    styles = Styles(book)
    below = _head(sheet, table, styles)
    _set_up_print(sheet, table, below - 1)
    for number, row in enumerate(table.rows, start=below):
        first_text = next(
            (n for n, column in enumerate(table.columns) if column.is_wide), len(row.cells)
        )
        for place, cell in enumerate(row.cells):
            level = row.level if place == first_text else 0
            _write(sheet, number, place, cell, styles.of(cell, row.kind, level))
    _notes(sheet, table, styles, below + len(table.rows) + 1)
    book.close()
    return out.getvalue()


class Styles:
    """The formats of one workbook; each is made once."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._made: dict[tuple[object, ...], Format] = {}

    def named(self, **properties: object) -> Format:
        """Return the format with these properties."""
        key = tuple(sorted(properties.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format(properties)
        return self._made[key]

    def of(self, cell: Cell, kind: Kind, level: int) -> Format:
        """Return how *cell* looks in a row of this kind, set in by *level*."""
        properties: dict[str, object] = {"valign": "top"}
        if pattern := _pattern(cell):
            properties |= {"num_format": pattern, "align": "right"}
        elif isinstance(cell, str):
            properties |= {"text_wrap": True, "indent": level}
        if kind in {Kind.HEADING, Kind.SUBTOTAL, Kind.TOTAL}:
            properties |= {"bold": True}
        if kind is Kind.NOTE:
            properties |= {"italic": True, "font_color": GREY}
        if isinstance(cell, Money | Decimal):
            properties |= {"top": 1} if kind in {Kind.SUBTOTAL, Kind.TOTAL} else {}
            properties |= {"bottom": 6} if kind is Kind.TOTAL else {}
        return self.named(**properties)


def _pattern(cell: Cell) -> str:
    """Return the number format of *cell*: the currency's decimals, negatives in parentheses."""
    match cell:
        case Money():
            digits = decimals(cell.currency)
            number = "#,##0" + ("." + "0" * digits if digits else "")
            return f'{number}_);({number});"{NOTHING}"_)'
        case Decimal():
            return f'0.0%_);(0.0%);"{NOTHING}"_)'
        case date():
            return "yyyy-mm-dd"
        case int():
            return "0"
        case _:
            return ""


def _head(sheet: Worksheet, table: Table, styles: Styles) -> int:
    """Write what stands above the rows, and return the number of the first row below it."""
    for place, column in enumerate(table.columns):
        sheet.set_column(place, place, WIDE if column.is_wide else WIDTHS[column.shape])
    lines = [table.period, f"Amounts in {table.currency}", *table.moments]
    sheet.write_string(0, 0, table.company, styles.named(bold=True, font_size=16, font_color=INK))
    sheet.write_string(1, 0, table.title, styles.named(bold=True, font_size=12))
    for number, line in enumerate(lines, start=2):
        sheet.write_string(number, 0, line, styles.named(font_color=GREY))
    head = len(lines) + 3
    for place, column in enumerate(table.columns):
        align = "left" if column.shape in {Shape.TEXT, Shape.DATE} else "right"
        style = styles.named(bold=True, bottom=2, align=align, text_wrap=True, valign="bottom")
        sheet.write_string(head, place, column.title, style)
    sheet.freeze_panes(head + 1, 0)
    return head + 1


def _set_up_print(sheet: Worksheet, table: Table, head: int) -> None:
    """Let it come out of a printer as one would hand it on."""
    sheet.set_paper(PAPERS[table.paper])
    if len(table.columns) >= LANDSCAPE_FROM:
        sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(head)
    sheet.hide_gridlines(2)
    sheet.set_margins(left=0.6, right=0.6, top=0.7, bottom=0.8)
    sheet.set_footer(f"&L{_plain(table.company)}, {_plain(table.title)}&RPage &P of &N")


def _notes(sheet: Worksheet, table: Table, styles: Styles, number: int) -> None:
    for place, note in enumerate(table.notes):
        sheet.write_string(number + place, 0, note, styles.named(italic=True, font_color=GREY))


def _write(sheet: Worksheet, number: int, place: int, cell: Cell, style: Format) -> None:
    match cell:
        case None:
            sheet.write_blank(number, place, None, style)
        case Money() if abs(cell.minor) >= EXACT_BELOW:
            sheet.write_string(number, place, cell.text, style)
        case Money():
            sheet.write_number(number, place, float(cell.text), style)
        case date():
            sheet.write_datetime(number, place, datetime.combine(cell, MIDNIGHT), style)
        case int() | Decimal():
            sheet.write_number(number, place, float(cell), style)
        case _:
            sheet.write_string(number, place, cell[:CELL_CHARACTERS_MAX], style)


def _sheet_name(title: str) -> str:
    """Return *title* without what the name of a sheet may not contain."""
    kept = "".join(" " if letter in "[]:*?/\\" else letter for letter in title)
    return kept[:NAME_CHARACTERS_MAX].strip("' ") or "Report"


def _plain(text: str) -> str:
    """Return *text* for a footer, where an ampersand is a command and 255 signs are the limit."""
    return text[:80].replace("&", "&&")
