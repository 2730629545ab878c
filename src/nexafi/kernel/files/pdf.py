"""A table as PDF: what one hands to an investor, a bank or an auditor.

Company, report, period and currency at the top; page x of y, and the moment
of knowledge, at the foot; decimal points below each other, negatives in
parentheses, sums under a rule and totals over two. The same table gives the
same bytes.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from threading import Lock

from reportlab.lib.colors import HexColor
from reportlab.pdfgen.canvas import Canvas

from nexafi.kernel.files import layout, typefaces
from nexafi.kernel.files.layout import BOLD_KINDS, INDENT, MARGIN, TOP, Placed, Set, Sheet
from nexafi.kernel.files.table import NOTHING, Kind, Row, Shape, Table
from nexafi.kernel.values.money import Money

MEDIA_TYPE = "application/pdf"
ROWS_MAX = 20_000
"""Some 400 pages; who calls refuses more before it gets here."""
INK = HexColor("#1F2A44")
TEXT = HexColor("#222222")
GREY = HexColor("#6B7280")
HAIR = HexColor("#C9CED6")
REWRITTEN = (
    "Some text is in a script that this document cannot set and is written here in Latin letters; "
    "the CSV and XLSX files have it as it was entered."
)
DRAWING = Lock()
"""reportlab's typefaces serve one document at a time."""


def write(table: Table) -> bytes:
    """Return *table* as the bytes of a file."""
    assert len(table.rows) <= ROWS_MAX, "refuse this before it is laid out"
    out = BytesIO()
    with DRAWING:
        noted = _with_notes(table)
        planned = [
            (sheet, page, number == 0)
            for sheet in layout.sheets(noted)
            for number, page in enumerate(layout.pages(noted, sheet))
        ]
        canvas = Canvas(out, invariant=1, pageCompression=1, lang="en")
        canvas.setTitle(f"{table.title} - {table.company}")
        canvas.setAuthor(table.company)
        canvas.setSubject(table.period)
        canvas.setCreator("NexaFi")
        for number, (sheet, page, is_first) in enumerate(planned, start=1):
            Page(canvas, noted, sheet).draw(page, is_first=is_first)
            _foot(Page(canvas, noted, sheet), f"Page {number} of {len(planned)}")
            canvas.showPage()
        canvas.save()
    return out.getvalue()


def _with_notes(table: Table) -> Table:
    """Return *table* with its notes as its last rows, and one more if a script cannot be set."""
    texts = [table.company, table.title, *(c.title for c in table.columns), *table.notes]
    texts += [cell for row in table.rows for cell in row.cells if isinstance(cell, str)]
    odd = any(not text.isascii() and typefaces.is_rewritten(text) for text in texts)
    notes = [*table.notes, *([REWRITTEN] if odd else [])]
    place = next((n for n, column in enumerate(table.columns) if column.is_printed), 0)
    rows = [Row([*[None] * place, note], Kind.NOTE) for note in notes]
    return replace(table, rows=[*table.rows, *rows], notes=())


class Page:
    """A page of one sheet, being drawn."""

    def __init__(self, canvas: Canvas, table: Table, sheet: Sheet) -> None:
        self.canvas = canvas
        self.table = table
        self.sheet = sheet
        self.right = sheet.width - MARGIN
        canvas.setPageSize((sheet.width, sheet.height))

    def draw(self, page: list[Set], *, is_first: bool) -> None:
        """Draw all but the foot."""
        top = self.sheet.height - TOP
        top -= self._first_head(top) if is_first else self._next_head(top)
        y = self._column_heads(top)
        for each in page:
            self._row(each, y)
            y -= each.height

    def text(self, x: float, y: float, text: str, size: float, *, bold: bool = False) -> None:
        """Draw *text* from *x* on, each letter in a face that has it."""
        for face, part in typefaces.runs(text, bold=bold):
            self.canvas.setFont(face, size)
            self.canvas.drawString(x, y, part)
            x += self.canvas.stringWidth(part, face, size)

    def text_to(self, x: float, y: float, text: str, size: float, *, bold: bool = False) -> None:
        """Draw *text* so that it ends at *x*."""
        self.text(x - typefaces.width(text, size, bold=bold), y, text, size, bold=bold)

    def rule(self, left: float, right: float, y: float, thickness: float) -> None:
        """Draw a level line."""
        self.canvas.setLineWidth(thickness)
        self.canvas.line(left, y, right, y)

    def _first_head(self, top: float) -> float:
        canvas, table = self.canvas, self.table
        canvas.setFillColor(INK)
        name = layout.wrap(table.company, self.right - MARGIN, 17, bold=True)
        self.text(MARGIN, top - 14, name[0] + ("…" if len(name) > 1 else ""), 17, bold=True)
        self.text(MARGIN, top - 33, table.title, 12.5, bold=True)
        canvas.setFillColor(GREY)
        period = f"{table.period}, {self.sheet.part}" if self.sheet.part else table.period
        self.text(MARGIN, top - 48, period, 9.5)
        self.text_to(self.right, top - 48, f"Amounts in {table.currency}", 9.5)
        canvas.setStrokeColor(INK)
        self.rule(MARGIN, self.right, top - 57, 1.4)
        return layout.FIRST_HEAD

    def _next_head(self, top: float) -> float:
        self.canvas.setFillColor(GREY)
        table = self.table
        said = f"{table.company}  ·  {table.title}  ·  {table.period}"
        said += f", {self.sheet.part}" if self.sheet.part else ""
        room = self.right - MARGIN - 110
        lines = layout.wrap(said, room, 8.5)
        self.text(MARGIN, top - 7, lines[0] + ("…" if len(lines) > 1 else ""), 8.5)
        self.text_to(self.right, top - 7, f"Amounts in {table.currency}", 8.5)
        self.canvas.setStrokeColor(INK)
        self.rule(MARGIN, self.right, top - 14, 0.8)
        return layout.NEXT_HEAD

    def _column_heads(self, top: float) -> float:
        """Draw the heads of the columns, and return where the rows begin."""
        sheet, size = self.sheet, self.sheet.size - 0.5
        base = top - sheet.head_height + 9
        self.canvas.setFillColor(INK)
        for at in sheet.columns:
            lines = sheet.head_lines[at.index]
            for number, line in enumerate(lines):
                y = base + (len(lines) - 1 - number) * sheet.leading
                if at.column.shape in {Shape.TEXT, Shape.DATE}:
                    self.text(at.left, y, line, size, bold=True)
                else:
                    self.text_to(at.right - self._hang(at), y, line, size, bold=True)
        self.canvas.setStrokeColor(INK)
        self.rule(MARGIN, self.right, base - 5, 0.5)
        return base - 9 + 2

    def _hang(self, at: Placed) -> float:
        """Return the room to the right of numbers where a closing parenthesis hangs."""
        numeric = at.column.shape in {Shape.MONEY, Shape.SHARE}
        return typefaces.width(")", self.sheet.size, bold=True) if numeric else 0.0

    def _row(self, each: Set, top: float) -> None:
        row, sheet = each.row, self.sheet
        bold = row.kind in BOLD_KINDS
        base = top - layout.SPACE_BEFORE.get(row.kind, 0.0) - sheet.size
        self.canvas.setFillColor(self._ink(each))
        for at in sheet.columns:
            indent = INDENT * row.level if at.column.is_wide else 0.0
            for number, line in enumerate(each.lines.get(at.index, ())):
                y = base - number * sheet.leading
                if at.column.shape is Shape.NUMBER and row.kind is not Kind.HEADING:
                    self.text_to(at.right, y, line, sheet.size, bold=bold)
                else:
                    self.text(at.left + indent, y, line, sheet.size, bold=bold)
            cell = row.cells[at.index] if at.index < len(row.cells) else None
            if isinstance(cell, Money | Decimal):
                self._number(at, base, layout.shown(cell), bold=bold)
                self._rules(at, row.kind, base)

    def _ink(self, each: Set) -> HexColor:
        if each.row.kind is Kind.NOTE or each.is_repeated:
            return GREY
        return INK if each.row.kind in BOLD_KINDS else TEXT

    def _number(self, at: Placed, y: float, text: str, *, bold: bool) -> None:
        """Draw a number with its decimal point below those above it."""
        size = self.sheet.size
        if text == NOTHING:
            self.text_to(at.right - self._hang(at), y, text, size, bold=bold)
            return
        _whole, fraction = layout.split_number(text)
        point = at.right - self._hang(at) - at.fraction
        end = point + typefaces.width(fraction, size, bold=bold)
        if text.endswith(")"):
            end += typefaces.width(")", size, bold=bold)
        self.text_to(end, y, text, size, bold=bold)

    def _rules(self, at: Placed, kind: Kind, base: float) -> None:
        """Draw the line over a sum, and the two below a total."""
        self.canvas.setStrokeColor(INK)
        size = self.sheet.size
        if kind in {Kind.SUBTOTAL, Kind.TOTAL}:
            self.rule(at.left, at.right, base + size + 0.5, 0.5)
        if kind is Kind.TOTAL:
            self.rule(at.left, at.right, base - 3.0, 0.5)
            self.rule(at.left, at.right, base - 4.8, 0.5)


def _foot(page: Page, pagination: str) -> None:
    """Draw what stands at the foot of every page."""
    table, y = page.table, layout.BOTTOM - 24
    page.canvas.setStrokeColor(HAIR)
    page.rule(MARGIN, page.right, y + 12, 0.5)
    page.canvas.setFillColor(GREY)
    page.text(MARGIN, y, "  ·  ".join(table.moments), 7.5)
    page.text_to(page.right, y, pagination, 7.5)
