"""A table as people read it: who, what, when, in which currency, and rows of a kind.

A report makes one of these, and `csv`, `xlsx` and `pdf` write it. Pure values:
cells are texts, Money, dates and numbers, never text that was made to look like them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum

from nexafi.kernel.values.money import Money

NOTHING = "\u2013"
"""What a reader sees in place of a zero: a dash."""

Cell = str | int | date | Money | Decimal | None
"""What may stand in a row; a Decimal is a share, such as 0.125 for 12.5 %."""


class Shape(StrEnum):
    """What stands in a column, and so how it is aligned and written."""

    TEXT = "text"
    MONEY = "money"
    DATE = "date"
    NUMBER = "number"
    SHARE = "share"


class Kind(StrEnum):
    """What a row is to its reader."""

    HEADING = "heading"
    ITEM = "item"
    SUBTOTAL = "subtotal"
    TOTAL = "total"
    NOTE = "note"


class Paper(StrEnum):
    """On what a document is printed."""

    A4 = "A4"
    LETTER = "letter"

    @classmethod
    def of(cls, country: str) -> Paper:
        """Return what is in the printers of *country* (ISO 3166-1, two letters)."""
        return cls.LETTER if country in LETTER_COUNTRIES else cls.A4


LETTER_COUNTRIES = frozenset(
    {"US", "CA", "MX", "PH", "CL", "CO", "VE", "CR", "GT", "NI", "PA", "PR", "SV", "DO"}
)
"""Where letter paper is the rule (CLDR supplemental data, measurementData/paperSize)."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, and what stands in it."""

    title: str
    shape: Shape = Shape.TEXT
    is_wide: bool = False
    """Takes the room that the others leave; its text is broken into lines."""
    is_printed: bool = True
    """False for what only a machine or a spreadsheet asks for, such as an account's code."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row: a cell for each column, or fewer; what is missing is empty."""

    cells: Sequence[Cell]
    kind: Kind = Kind.ITEM
    level: int = 0
    """How far it is set in below the heading it belongs to."""


@dataclass(frozen=True, slots=True)
class Table:
    """A report, ready to be written."""

    title: str
    company: str
    period: str
    """In words, such as ``As of 31 March 2026``."""
    currency: str
    """ISO 4217; that of all amounts, unless a cell says otherwise."""
    columns: Sequence[Column]
    rows: Sequence[Row]
    notes: Sequence[str] = ()
    """What the reader must know, below the rows."""
    known_at: datetime | None = None
    """The moment up to which what was recorded counts; None for everything recorded."""
    made_at: datetime | None = None
    """When it was drawn up. The bytes of a file depend on the table alone."""
    paper: Paper = Paper.A4

    def __post_init__(self) -> None:
        """Refuse rows that have more cells than there are columns."""
        assert all(len(row.cells) <= len(self.columns) for row in self.rows), self.title

    @property
    def moments(self) -> list[str]:
        """Return what to say of when this was known and made, in UTC, to the minute."""
        said = []
        if self.known_at is not None:
            said.append(f"As known at {moment(self.known_at)}")
        if self.made_at is not None:
            said.append(f"Prepared {moment(self.made_at)}")
        return said


def moment(at: datetime) -> str:
    """Write a moment in UTC, to the minute."""
    return f"{day(at.astimezone(UTC).date())} {at.astimezone(UTC):%H:%M} UTC"


def day(date_: date) -> str:
    """Write a date as a reader of any country understands it: ``31 March 2026``."""
    return f"{date_.day} {MONTHS[date_.month - 1]} {date_.year}"


def short_day(date_: date) -> str:
    """Write a date for the head of a column: ``31 Mar 2026``."""
    return f"{date_.day} {MONTHS[date_.month - 1][:3]} {date_.year}"


MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
