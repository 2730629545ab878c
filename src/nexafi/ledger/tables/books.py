"""The books: chart, journal, what is derived from it, and periods.

An entry enters through `postings`, a slot that is empty whenever nobody is
posting: the database takes it apart, checks it and writes entry and lines, or
refuses. What is posted never changes. Three things are derived from it within
a second, off the posting path: its number, its place in the hash chain (both
in `seals`) and the monthly sums (`balances`). Until then it stands in `fresh`,
so a balance is the folded months plus the lines of fresh entries.
"""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ColumnElement,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    literal_column,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from nexafi.kernel.data.ownership import Owned, refers_to, related
from nexafi.kernel.values.money import Money
from nexafi.ledger.tables.base import FOLD_MAX, MINOR_MAX, Base

NAMES_A_THING: ColumnElement[bool] = literal_column("source LIKE '%/%'")
CLOSES_A_YEAR: ColumnElement[bool] = literal_column("kind = 'closing'")


def lookup(name: str, *columns: str, unique: bool = False) -> Index:
    """Declare an index for questions about *columns* of an organization, and for no others.

    Until PostgreSQL has analyzed a table, all indexes that begin with the
    organization look equally good to it, and the plans of triggers and foreign
    keys that it makes then are kept: a row would be sought by its id through
    all rows of the organization. It takes this index only when the first of
    *columns* is asked about. (SQLite would not take it at all.)
    """
    told: ColumnElement[bool] = literal_column(f"{columns[0]} IS NOT NULL")
    return Index(
        name,
        "organization_id",
        *columns,
        unique=unique,
        postgresql_where=told,
    )


class Account(Owned, Base):
    """A line of the chart of accounts."""

    __tablename__ = "accounts"
    __table_args__ = (
        lookup("uq_accounts_organization_id_code", "code", unique=True),
        lookup("ix_accounts_organization_id_parent_id", "parent_id"),
        CheckConstraint(
            "type IN ('asset', 'liability', 'equity', 'income', 'expense')", name="type_known"
        ),
        CheckConstraint("normal_side IN ('debit', 'credit')", name="normal_side_known"),
    )

    code: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(200))
    type: Mapped[str] = mapped_column(String(16))
    """One of asset, liability, equity, income, expense."""
    normal_side: Mapped[str] = mapped_column(String(6))
    """On which side it grows, debit or credit; a contra account differs from its type."""
    subtype: Mapped[str | None] = mapped_column(String(32))
    """Where statements show it, such as ``cash`` or ``cost_of_sales``; see accounts/rules.py."""
    currency: Mapped[str | None] = mapped_column(String(3))
    """If set, only amounts in this currency may be posted to it; ISO 4217."""
    parent_id: Mapped[UUID | None] = refers_to("accounts", index=False)
    is_open: Mapped[bool] = mapped_column(default=True)


class Posting(Owned, Base):
    """The slot through which an entry enters the journal; always empty after a statement.

    `body` is an entry with its lines, as `journal/store.py` writes it, whose id is
    that of the row; on SQLite it may be a list of them, each with its own. Triggers
    (migrations 0001 and 0004) do the rest.
    """

    __tablename__ = "postings"

    body: Mapped[Any] = mapped_column(JSON)


class Taken(Owned, Base):
    """A line, with the head of its entry, that the slot is checking on SQLite; always empty.

    It refuses nothing itself: what a constraint would refuse half-way the guards
    refuse before they write.
    """

    __tablename__ = "taken"

    entry_id: Mapped[UUID | None]
    journal: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[str | None] = mapped_column(Text)
    date: Mapped[dt.date | None]
    description: Mapped[str | None] = mapped_column(Text)
    reference: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str | None] = mapped_column(Text)
    tags: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    base_currency: Mapped[str | None] = mapped_column(Text)
    reverses_id: Mapped[UUID | None]
    posted_by: Mapped[str | None] = mapped_column(Text)
    recorded_at: Mapped[dt.datetime | None]
    lines_count: Mapped[int | None]
    line_id: Mapped[UUID | None]
    position: Mapped[int | None]
    account_id: Mapped[UUID | None]
    minor: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str | None] = mapped_column(Text)
    base_minor: Mapped[int | None] = mapped_column(BigInteger)
    is_whole: Mapped[bool | None]
    """Whether both amounts came as whole numbers, before the columns made them so."""
    line_description: Mapped[str | None] = mapped_column(Text)


class Entry(Owned, Base):
    """A posted journal entry. Rows are added, never changed or removed."""

    __tablename__ = "entries"
    __table_args__ = (
        lookup("ix_entries_organization_id_date", "date"),
        lookup("uq_entries_organization_id_reverses_id", "reverses_id", unique=True),
        Index(
            "uq_entries_organization_id_source",
            "organization_id",
            "source",
            unique=True,
            postgresql_where=NAMES_A_THING,
            sqlite_where=NAMES_A_THING,
        ),
        Index(
            "ix_entries_closing",
            "organization_id",
            "date",
            postgresql_where=CLOSES_A_YEAR,
            sqlite_where=CLOSES_A_YEAR,
        ),
        CheckConstraint("kind IN ('standard', 'opening', 'closing')", name="kind_known"),
        CheckConstraint("lines_count BETWEEN 2 AND 1000", name="two_lines_or_more"),
    )

    journal: Mapped[str] = mapped_column(String(32))
    """The journal in which it is numbered, such as ``general``."""
    kind: Mapped[str] = mapped_column(String(16))
    """``standard``; ``closing`` if it moves a year's result to equity; ``opening``."""
    date: Mapped[dt.date]
    """When it takes effect; the organization's date."""
    description: Mapped[str] = mapped_column(String(500))
    reference: Mapped[str | None] = mapped_column(String(200))
    """The document outside, such as an invoice number."""
    source: Mapped[str | None] = mapped_column(String(200))
    """Where it comes from. One that names a thing (``charge/<id>``) is posted once; a bare
    word (``import``) is a channel, and many entries share it."""
    tags: Mapped[dict[str, Any] | None] = mapped_column(JSON().with_variant(JSONB(), "postgresql"))
    """Dimensions, such as ``{"department": "sales"}``."""
    base_currency: Mapped[str] = mapped_column(String(3))
    reverses_id: Mapped[UUID | None] = refers_to("entries", index=False)
    lines_count: Mapped[int]
    posted_by: Mapped[str] = mapped_column(String(200))
    recorded_at: Mapped[dt.datetime]
    """When we came to know of it; UTC."""

    lines: Mapped[list[Line]] = related("Line.entry_id", "Entry", order_by="Line.position")


class Line(Owned, Base):
    """One leg of an entry: a debit when positive, a credit when negative."""

    __tablename__ = "lines"
    __table_args__ = (
        UniqueConstraint("organization_id", "entry_id", "position"),
        lookup("ix_lines_organization_id_account_id_date", "account_id", "date"),
        CheckConstraint(f"minor BETWEEN -{MINOR_MAX} AND {MINOR_MAX}", name="minor_in_range"),
        CheckConstraint(
            f"base_minor BETWEEN -{MINOR_MAX} AND {MINOR_MAX}", name="base_minor_in_range"
        ),
        CheckConstraint("minor <> 0 OR base_minor <> 0", name="moves_something"),
    )

    entry_id: Mapped[UUID] = refers_to("entries", index=False)
    position: Mapped[int]
    """From 0, in the order given."""
    account_id: Mapped[UUID] = refers_to("accounts", index=False)
    date: Mapped[dt.date]
    """The entry's; here so that one index answers for an account over time."""
    minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    base_minor: Mapped[int] = mapped_column(BigInteger)
    """The same in the base currency, in its minor units."""
    description: Mapped[str | None] = mapped_column(String(500))

    account: Mapped[Account] = related("Line.account_id", "Account")

    @property
    def amount(self) -> Money:
        """Return the amount as Money."""
        return Money(self.minor, self.currency)


class Fresh(Owned, Base):
    """An entry (of the same id) that is posted, and not yet sealed and folded."""

    __tablename__ = "fresh"


class Seal(Owned, Base):
    """The number of an entry (of the same id) and its place in the hash chain."""

    __tablename__ = "seals"
    __table_args__ = (
        UniqueConstraint("organization_id", "journal", "number"),
        UniqueConstraint("organization_id", "position"),
    )

    journal: Mapped[str] = mapped_column(String(32))
    number: Mapped[int] = mapped_column(BigInteger)
    """From 1, without gaps, in each journal."""
    position: Mapped[int] = mapped_column(BigInteger)
    """From 1, without gaps, in the chain of the organization."""
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    """SHA-256 over the hash before it and the entry in canonical JSON; see journal/chain.py."""


class Balance(Owned, Base):
    """What the sealed lines of an account add up to in one month."""

    __tablename__ = "balances"
    __table_args__ = (
        UniqueConstraint("organization_id", "account_id", "currency", "month"),
        CheckConstraint(f"minor BETWEEN -{FOLD_MAX} AND {FOLD_MAX}", name="minor_in_range"),
    )

    account_id: Mapped[UUID] = refers_to("accounts", index=False)
    currency: Mapped[str] = mapped_column(String(3))
    month: Mapped[dt.date]
    """The first day of the month."""
    minor: Mapped[int] = mapped_column(BigInteger)
    base_minor: Mapped[int] = mapped_column(BigInteger)


class Draft(Owned, Base):
    """An entry that someone prepared and another may approve; not in the books."""

    __tablename__ = "drafts"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'approved', 'rejected')", name="state_known"),
        Index(None, "organization_id", "state", "id"),
    )

    state: Mapped[str] = mapped_column(String(16), default="open")
    date: Mapped[dt.date]
    description: Mapped[str] = mapped_column(String(500))
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The entry, as it would be posted."""
    made_by: Mapped[str] = mapped_column(String(200))
    made_at: Mapped[dt.datetime]
    decided_by: Mapped[str | None] = mapped_column(String(200))
    decided_at: Mapped[dt.datetime | None]
    reason: Mapped[str | None] = mapped_column(String(500))
    entry_id: Mapped[UUID | None] = refers_to("entries")


class DraftPolicy(Owned, Base):
    """Whether drafts need a second person to approve them; the latest row holds. Never changed."""

    __tablename__ = "draft_policies"

    approver_differs: Mapped[bool]
    changed_by: Mapped[str] = mapped_column(String(200))
    changed_at: Mapped[dt.datetime]


class Period(Owned, Base):
    """A span of dates whose books are open, softly closed or closed."""

    __tablename__ = "periods"
    __table_args__ = (
        UniqueConstraint("organization_id", "starts_on", "ends_on"),
        CheckConstraint("state IN ('open', 'soft', 'closed')", name="state_known"),
        CheckConstraint("kind IN ('year', 'period')", name="kind_known"),
        CheckConstraint("starts_on <= ends_on", name="starts_before_it_ends"),
    )

    name: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(8))
    """``year`` if it is a fiscal year, which closes with a closing entry."""
    starts_on: Mapped[dt.date]
    ends_on: Mapped[dt.date]
    """Its last day, which belongs to it."""
    state: Mapped[str] = mapped_column(String(8), default="open")
    """In ``soft`` only those post who may post to closed periods; in ``closed`` nobody."""
    closing_entry_id: Mapped[UUID | None] = refers_to("entries")


class PeriodChange(Owned, Base):
    """That a period was closed or opened again, by whom and why. Never changed."""

    __tablename__ = "period_changes"

    period_id: Mapped[UUID] = refers_to("periods")
    state: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(String(500))
    changed_by: Mapped[str] = mapped_column(String(200))
    changed_at: Mapped[dt.datetime]


class Lock(Owned, Base):
    """Through which date nobody may post; the latest row holds. Never changed."""

    __tablename__ = "locks"

    locked_through: Mapped[dt.date | None]
    reason: Mapped[str] = mapped_column(String(500))
    changed_by: Mapped[str] = mapped_column(String(200))
    changed_at: Mapped[dt.datetime]


class Rate(Owned, Base):
    """What one unit of a currency is worth in the base currency from a date on."""

    __tablename__ = "rates"
    __table_args__ = (UniqueConstraint("organization_id", "currency", "date"),)

    currency: Mapped[str] = mapped_column(String(3))
    date: Mapped[dt.date]
    rate: Mapped[str] = mapped_column(String(40))
    """An exact decimal, such as ``0.9214``; never a float."""
    origin: Mapped[str] = mapped_column(Text, default="")
    """Where it was taken from."""


class PostingAccount(Owned, Base):
    """Which account takes what moves in a role, such as ``clearing`` of ``stripe``.

    One that somebody set comes before one that was found in the chart, or made
    for want of one; that stays below it for when the setting is taken back.
    """

    __tablename__ = "posting_accounts"
    __table_args__ = (UniqueConstraint("organization_id", "role", "provider", "is_set"),)

    role: Mapped[str] = mapped_column(String(32))
    """See `journal/recipes.py`."""
    provider: Mapped[str] = mapped_column(String(32), default="")
    """Of whom alone; empty if of all."""
    is_set: Mapped[bool]
    """Whether somebody said so."""
    account_id: Mapped[UUID] = refers_to("accounts")
    account: Mapped[Account] = related("PostingAccount.account_id", "Account")
