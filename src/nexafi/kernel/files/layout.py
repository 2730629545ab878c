"""Where things stand on paper: widths, line breaks and page breaks. Draws nothing.

`pdf` asks for pages and draws them. All measures are points (1/72 inch).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from nexafi.kernel.files.table import NOTHING, Cell, Column, Kind, Paper, Row, Shape, Table
from nexafi.kernel.files.typefaces import width
from nexafi.kernel.values.money import Money

SIZES = {Paper.A4: (595.28, 841.89), Paper.LETTER: (612.0, 792.0)}
MARGIN = 46.0
TOP, BOTTOM = 46.0, 58.0
FIRST_HEAD, NEXT_HEAD = 74.0, 26.0
"""Room for the title: on the first page, and on those that follow."""
GUTTER = 11.0
INDENT = 11.0
WIDE_MIN = 150.0
TEXT_MAX = 110.0
"""A text column that is not wide grows no wider; its text is broken."""
TITLE_MAX = 66.0
"""The head of a column that is no wider stays in one line."""
LINES_MAX = 12
"""A cell has no more lines; the last ends in an ellipsis."""
SQUEEZE = 0.85
"""Type is made smaller by no more than this to bring a table onto one page."""
SQUEEZED_ROWS_MAX = 100
SIZE_MIN = 6.0
BOLD_KINDS = frozenset({Kind.HEADING, Kind.SUBTOTAL, Kind.TOTAL})
SPACE_BEFORE = {Kind.HEADING: 7.0, Kind.SUBTOTAL: 1.5, Kind.TOTAL: 3.0, Kind.NOTE: 3.0}
SPACE_AFTER = {Kind.SUBTOTAL: 4.0, Kind.TOTAL: 7.0}
ATTEMPTS = (
    (False, 9.5),
    (False, 9.0),
    (False, 8.5),
    (False, 8.0),
    (True, 9.0),
    (True, 8.5),
    (True, 8.0),
    (True, 7.5),
    (True, 7.0),
    (True, 6.5),
)
"""What is tried in turn until all columns fit: landscape or not, and the size of the type."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A column on the page: from where to where, and how its numbers end."""

    index: int
    column: Column
    left: float
    right: float
    fraction: float = 0.0
    """The width of the longest fraction, so that decimal points stand below each other."""


@dataclass(frozen=True, slots=True)
class Set:
    """A row, broken into lines: for each cell that has text, its lines."""

    row: Row
    lines: dict[int, list[str]]
    height: float
    is_repeated: bool = False


@dataclass(frozen=True)
class Sheet:
    """How the columns, or some of them, stand on paper."""

    width: float
    height: float
    size: float
    columns: tuple[Placed, ...]
    part: str = ""
    """Which part of the columns this is, where they did not fit side by side."""

    @property
    def leading(self) -> float:
        """Return the distance of two lines of text."""
        return self.size * 1.32

    @cached_property
    def head_lines(self) -> dict[int, list[str]]:
        """Return the heads of the columns, broken into lines."""
        return {
            at.index: wrap(at.column.title, at.right - at.left, self.size - 0.5, bold=True)
            for at in self.columns
        }

    @property
    def head_height(self) -> float:
        """Return the height of the heads with the rule below them."""
        return max(len(lines) for lines in self.head_lines.values()) * self.leading + 9

    def room(self, *, is_first: bool) -> float:
        """Return the height that rows may take on a page."""
        head = FIRST_HEAD if is_first else NEXT_HEAD
        return self.height - TOP - BOTTOM - head - self.head_height


def sheets(table: Table) -> list[Sheet]:
    """Return how *table* is laid on paper: upright if it fits, else across, else in parts."""
    printed = [n for n, column in enumerate(table.columns) if column.is_printed]
    for across, size in ATTEMPTS:
        if fitted := _fit(table, printed, across=across, size=size):
            return [_squeezed(table, printed, fitted, across=across)]
    return _in_parts(table, printed)


def _squeezed(table: Table, printed: Sequence[int], fitted: Sheet, *, across: bool) -> Sheet:
    """Return a sheet in slightly smaller type if all then stands on one page, else as it was."""
    if len(table.rows) > SQUEEZED_ROWS_MAX:
        return fitted
    size = fitted.size
    while size >= max(fitted.size * SQUEEZE, SIZE_MIN):
        tried = _fit(table, printed, across=across, size=size)
        rows = (set_row(row, tried) for row in table.rows) if tried else ()
        if tried and sum(each.height for each in rows) <= tried.room(is_first=True):
            return tried
        size -= 0.25
    return fitted


def _in_parts(table: Table, printed: Sequence[int]) -> list[Sheet]:
    """Return sheets that each repeat the texts and have some of the numbers."""
    numeric = {Shape.MONEY, Shape.SHARE, Shape.NUMBER}
    texts = [n for n in printed if table.columns[n].shape not in numeric]
    rest = [n for n in printed if n not in texts]
    found: list[Sheet] = []
    while rest:
        take = len(rest)
        fitted = None
        while fitted is None and take:
            fitted = _fit(table, [*texts, *rest[:take]], across=True, size=8.0)
            take -= 1
        taken = max(take + 1, 1)
        found.append(
            fitted or _place(table, [*texts, *rest[:1]], across=True, size=8.0, floor=True)
        )
        rest = rest[taken:]
    if not found:
        found = [_place(table, texts, across=True, size=8.0, floor=True)]
    count = len(found)
    return [
        Sheet(s.width, s.height, s.size, s.columns, f"part {n} of {count}" if count > 1 else "")
        for n, s in enumerate(found, start=1)
    ]


def _fit(table: Table, indexes: Sequence[int], *, across: bool, size: float) -> Sheet | None:
    """Return the sheet, or None if the wide columns would have too little room."""
    made = _place(table, indexes, across=across, size=size, floor=False)
    wide = [at for at in made.columns if at.column.is_wide]
    floor = WIDE_MIN if len(wide) < 2 else WIDE_MIN * 0.7
    return made if all(at.right - at.left >= floor for at in wide) else None


def _place(
    table: Table, indexes: Sequence[int], *, across: bool, size: float, floor: bool
) -> Sheet:
    """Give each column its natural width, and the wide ones what is left."""
    short, long = SIZES[table.paper]
    page, height = (long, short) if across else (short, long)
    natural = {n: _natural(table, n, size) for n in indexes if not table.columns[n].is_wide}
    amounts = [n for n in natural if table.columns[n].shape is Shape.MONEY]
    broadest = max((natural[n][0] for n in amounts), default=0.0)
    if len(amounts) * broadest <= (page - 2 * MARGIN) * 0.6:
        natural |= {n: (broadest, natural[n][1]) for n in amounts}
    wide = [n for n in indexes if table.columns[n].is_wide]
    left_over = page - 2 * MARGIN - sum(w for w, _ in natural.values())
    left_over -= GUTTER * (len(indexes) - 1)
    each = max(left_over / len(wide), 40.0 if floor else 0.0) if wide else 0.0
    spread = left_over / max(len(indexes) - 1, 1) if not wide and left_over > 0 else 0.0
    columns, at = [], MARGIN
    for n in indexes:
        taken, fraction = natural.get(n, (each, 0.0))
        columns.append(Placed(n, table.columns[n], at, at + taken, fraction))
        at += taken + GUTTER + spread
    return Sheet(page, height, size, tuple(columns))


def _natural(table: Table, index: int, size: float) -> tuple[float, float]:
    """Return how wide a column must be, and how wide the longest fraction in it is."""
    column = table.columns[index]
    title = _title_width(column.title, size - 0.5)
    whole = fraction = 0.0
    for row in table.rows:
        cell = row.cells[index] if index < len(row.cells) else None
        if cell is None or (row.kind in {Kind.HEADING, Kind.NOTE} and isinstance(cell, str)):
            continue
        text, bold = shown(cell), row.kind in BOLD_KINDS
        if isinstance(cell, Money | Decimal):
            first, last = split_number(text)
            whole = max(whole, width(first, size, bold=bold))
            fraction = max(fraction, width(last, size, bold=bold))
        else:
            whole = max(whole, width(text, size, bold=bold))
    numeric = column.shape in {Shape.MONEY, Shape.SHARE}
    inner = whole + fraction + (width(")", size, bold=True) if numeric else 0.0)
    if column.shape is Shape.TEXT:
        inner = min(inner, TEXT_MAX)
    hang = width(")", size, bold=True) + 1 if numeric else 0.0
    return max(inner, title + hang), fraction


def _title_width(title: str, size: float) -> float:
    """Return the room that the head of a column asks for: all of it if short, else a word."""
    whole = width(title, size, bold=True)
    if whole <= TITLE_MAX:
        return whole
    return min(max(width(word, size, bold=True) for word in title.split()), TEXT_MAX)


def shown(cell: Cell) -> str:
    """Return *cell* as it is printed: thousands apart, negatives in parentheses, zero a dash."""
    match cell:
        case None:
            return ""
        case Money():
            return _grouped(cell.text) if cell.minor else NOTHING
        case Decimal():
            return _percent(cell) if cell else NOTHING
        case date():
            return cell.isoformat()
        case _:
            return str(cell)


def _percent(share: Decimal) -> str:
    number = _grouped(f"{share * 100:.1f}")
    return f"{number[:-1]}%)" if number.endswith(")") else f"{number}%"


def split_number(text: str) -> tuple[str, str]:
    """Return what stands before the decimal point, and the point with what follows.

    The closing parenthesis belongs to neither: it hangs out to the right.
    """
    before, point, after = text.rstrip(")").partition(".")
    return before, point + after


def _grouped(text: str) -> str:
    sign, digits = text[:1] == "-", text.lstrip("-")
    whole, point, fraction = digits.partition(".")
    number = f"{int(whole):,}{point}{fraction}"
    return f"({number})" if sign else number


def wrap(text: str, room: float, size: float, *, bold: bool = False) -> list[str]:
    """Break *text* into lines no wider than *room*; a word that is wider is cut."""
    lines, current = [], ""
    for word in text.split() or [""]:
        longer = f"{current} {word}" if current else word
        if width(longer, size, bold=bold) <= room:
            current = longer
            continue
        if current:
            lines.append(current)
        *cut, current = _cut(word, room, size, bold=bold)
        lines += cut
    lines.append(current)
    if len(lines) > LINES_MAX:
        lines = [*lines[: LINES_MAX - 1], lines[LINES_MAX - 1][:-1] + "…"]
    return lines


def _cut(word: str, room: float, size: float, *, bold: bool) -> Iterator[str]:
    """Yield *word* in pieces that fit; nearly always in one."""
    if width(word, size, bold=bold) <= room:
        yield word
        return
    piece = ""
    for letter in word:
        if piece and width(piece + letter, size, bold=bold) > room:
            yield piece
            piece = ""
        piece += letter
    yield piece


def set_row(row: Row, sheet: Sheet) -> Set:
    """Break the texts of *row* into lines and say how high it is."""
    bold = row.kind in BOLD_KINDS
    lines: dict[int, list[str]] = {}
    for at in sheet.columns:
        cell = row.cells[at.index] if at.index < len(row.cells) else None
        if cell is None or isinstance(cell, Money | Decimal):
            continue
        lines[at.index] = wrap(shown(cell), room_of(row, at, sheet), sheet.size, bold=bold)
    most = max((len(each) for each in lines.values()), default=1)
    space = SPACE_BEFORE.get(row.kind, 0.0) + SPACE_AFTER.get(row.kind, 0.0)
    return Set(row, lines, most * sheet.leading + space)


def room_of(row: Row, at: Placed, sheet: Sheet) -> float:
    """Return how wide the text of a cell may be: a heading or note runs on over empty cells."""
    right = at.right
    if row.kind in {Kind.HEADING, Kind.NOTE}:
        after = [c for c in sheet.columns if c.left > at.left]
        filled = [c for c in after if c.index < len(row.cells) and row.cells[c.index] is not None]
        right = filled[0].left - GUTTER if filled else sheet.width - MARGIN
    indent = INDENT * row.level if at.column.is_wide else 0.0
    return max(right - at.left - indent, 24.0)


def pages(table: Table, sheet: Sheet) -> list[list[Set]]:
    """Return the rows page by page.

    A heading stays with what it heads and a sum with what it sums; headings that
    are open at the end of a page are repeated on the next.
    """
    found: list[list[Set]] = [[]]
    room = sheet.room(is_first=True)
    open_headings: list[Row] = []
    for block in _blocks(table.rows, sheet):
        height = sum(each.height for each in block)
        if height > room and found[-1]:
            again = [_again(row, sheet) for row in _still_open(open_headings, block[0].row)]
            found.append(again)
            room = sheet.room(is_first=False) - sum(each.height for each in again)
        for each in block:
            if each.height > room and found[-1]:
                found.append([])
                room = sheet.room(is_first=False)
            found[-1].append(each)
            room -= each.height
            open_headings = _opened(open_headings, each.row)
    return found


def _above(row: Row, headings: Sequence[Row]) -> list[Row]:
    """Return the open headings that *row*, itself a heading, stands below."""
    return [heading for heading in headings if heading.level < row.level]


def _still_open(headings: list[Row], row: Row) -> list[Row]:
    """Return the headings to be repeated on a page that begins with *row*."""
    return _above(row, headings) if row.kind is Kind.HEADING else headings


def _opened(headings: list[Row], row: Row) -> list[Row]:
    """Return the headings that are open after *row*."""
    if row.kind is Kind.HEADING:
        return [*_above(row, headings), row]
    if row.kind in {Kind.SUBTOTAL, Kind.TOTAL}:
        return _above(row, headings)
    return headings


def _again(row: Row, sheet: Sheet) -> Set:
    cells = [f"{cell} (continued)" if isinstance(cell, str) else None for cell in row.cells]
    made = set_row(Row(cells, row.kind, row.level), sheet)
    return Set(made.row, made.lines, made.height, is_repeated=True)


def _blocks(rows: Sequence[Row], sheet: Sheet) -> Iterator[list[Set]]:
    """Yield the rows in blocks that a page break should not part."""
    block: list[Set] = []
    for row in rows:
        ends = row.kind in {Kind.SUBTOTAL, Kind.TOTAL}
        if block and not ends and block[-1].row.kind is not Kind.HEADING:
            yield block
            block = []
        block.append(set_row(row, sheet))
    if block:
        yield block
