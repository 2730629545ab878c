"""Bank accounts, the statements that banks give out, and how their lines become entries."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Double,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from nexafi.kernel.data.ownership import Owned, refers_to, related
from nexafi.kernel.values.money import Money
from nexafi.ledger.tables.base import Base
from nexafi.ledger.tables.books import Account


class BankAccount(Owned, Base):
    """An account that a bank, or a card company, keeps for the organization."""

    __tablename__ = "bank_accounts"
    __table_args__ = (
        UniqueConstraint("organization_id", "account_id"),
        UniqueConstraint("organization_id", "number", "currency"),
    )

    name: Mapped[str] = mapped_column(String(200))
    account_id: Mapped[UUID] = refers_to("accounts", index=False)
    """The account of the chart that mirrors it."""
    currency: Mapped[str] = mapped_column(String(3))
    number: Mapped[str | None] = mapped_column(String(64))
    """The IBAN or account number by which statements name it."""
    bank: Mapped[str | None] = mapped_column(String(64))
    """The BIC or routing number."""
    mapping: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """How its CSV files are read, once someone confirmed or corrected it."""
    is_open: Mapped[bool] = mapped_column(default=True)

    account: Mapped[Account] = related("BankAccount.account_id", "Account")


class Import(Owned, Base):
    """A file that was handed in, kept as it came."""

    __tablename__ = "imports"
    __table_args__ = (Index(None, "organization_id", "sha256"),)

    name: Mapped[str] = mapped_column(String(255))
    format: Mapped[str] = mapped_column(String(16))
    size: Mapped[int] = mapped_column(BigInteger)
    """Bytes."""
    sha256: Mapped[str] = mapped_column(String(64))
    raw: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    """The file, compressed by zlib."""
    warnings: Mapped[list[Any]] = mapped_column(JSON)
    imported_by: Mapped[str] = mapped_column(String(200))
    imported_at: Mapped[dt.datetime]
    undone_by: Mapped[str | None] = mapped_column(String(200))
    undone_at: Mapped[dt.datetime | None]


class Statement(Owned, Base):
    """What one file says of one bank account over a span of days."""

    __tablename__ = "statements"
    __table_args__ = (Index(None, "organization_id", "bank_account_id", "closed_on"),)

    import_id: Mapped[UUID] = refers_to("imports")
    bank_account_id: Mapped[UUID] = refers_to("bank_accounts", index=False)
    number: Mapped[str | None] = mapped_column(String(64))
    currency: Mapped[str] = mapped_column(String(3))
    lines_count: Mapped[int]
    """How many lines the file has, those that were here before included."""
    added: Mapped[int]
    duplicates: Mapped[int]
    sum_minor: Mapped[int] = mapped_column(BigInteger)
    opening_minor: Mapped[int | None] = mapped_column(BigInteger)
    closing_minor: Mapped[int | None] = mapped_column(BigInteger)
    opened_on: Mapped[dt.date | None]
    closed_on: Mapped[dt.date | None]
    is_proven: Mapped[bool | None]
    """Whether opening + lines = closing; null where the file does not say."""


class StatementLine(Owned, Base):
    """A movement on a bank account, as the bank tells it."""

    __tablename__ = "statement_lines"
    __table_args__ = (
        UniqueConstraint(
            "organization_id",
            "bank_account_id",
            "fingerprint",
            "occurrence",
            name="uq_statement_lines_fingerprint",
        ),
        Index(None, "organization_id", "bank_account_id", "booked_on", "id"),
        Index(None, "organization_id", "state", "booked_on", "id"),
        CheckConstraint("state IN ('new', 'settled', 'ignored')", name="state_known"),
    )

    statement_id: Mapped[UUID] = refers_to("statements")
    bank_account_id: Mapped[UUID] = refers_to("bank_accounts", index=False)
    position: Mapped[int]
    booked_on: Mapped[dt.date]
    valued_on: Mapped[dt.date | None]
    minor: Mapped[int] = mapped_column(BigInteger)
    """Positive when money came in."""
    currency: Mapped[str] = mapped_column(String(3))
    description: Mapped[str] = mapped_column(String(1000))
    counterparty: Mapped[str | None] = mapped_column(String(200))
    counterparty_account: Mapped[str | None] = mapped_column(String(64))
    reference: Mapped[str | None] = mapped_column(String(200))
    bank_id: Mapped[str | None] = mapped_column(String(200))
    """The bank's own name for it, where it has one."""
    kind: Mapped[str | None] = mapped_column(String(64))
    original: Mapped[str] = mapped_column(Text)
    """What stood in the file, bounded."""
    fingerprint: Mapped[str] = mapped_column(String(64))
    occurrence: Mapped[int]
    """Which of several equal ones; two equal payments on one day are two."""
    state: Mapped[str] = mapped_column(String(8), default="new")
    attempts: Mapped[int] = mapped_column(default=0)
    """How many entries were made of it, those taken back included; it numbers their sources."""
    suggestion: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """What we would do with it, and why; see sorting/rules.py."""
    confidence: Mapped[float | None] = mapped_column(Double)
    """How sure we are of the suggestion, from 0 to 1."""

    bank_account: Mapped[BankAccount] = related("StatementLine.bank_account_id", "BankAccount")

    @property
    def amount(self) -> Money:
        """Return the amount as Money; positive when money came in."""
        return Money(self.minor, self.currency)


class Sighting(Owned, Base):
    """That a statement has a line which was here before: the line outlives the undo of either."""

    __tablename__ = "sightings"
    __table_args__ = (UniqueConstraint("organization_id", "statement_line_id", "statement_id"),)

    statement_id: Mapped[UUID] = refers_to("statements")
    statement_line_id: Mapped[UUID] = refers_to("statement_lines", index=False)


class Rule(Owned, Base):
    """What is to be done with statement lines that look like this; tried in order."""

    __tablename__ = "rules"
    __table_args__ = (Index(None, "organization_id", "position"),)

    name: Mapped[str] = mapped_column(String(200))
    position: Mapped[int]
    is_on: Mapped[bool] = mapped_column(default=True)
    conditions: Mapped[list[Any]] = mapped_column(JSON)
    outcome: Mapped[dict[str, Any]] = mapped_column(JSON)


class Reconciliation(Owned, Base):
    """That statement lines and lines of the books are the same money. Undone, never erased."""

    __tablename__ = "reconciliations"
    __table_args__ = (Index(None, "organization_id", "bank_account_id", "id"),)

    bank_account_id: Mapped[UUID] = refers_to("bank_accounts", index=False)
    way: Mapped[str] = mapped_column(String(16))
    """``posted`` if the entry was made from the lines, ``matched`` if it was there, ``ignored``;
    ``reversed`` for an entry and the one that takes it back."""
    reason: Mapped[str | None] = mapped_column(String(500))
    entry_id: Mapped[UUID | None] = refers_to("entries")
    """The entry that was made for it: the payment itself, or the difference."""
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    """What was decided: accounts, shares, what was suggested."""
    made_by: Mapped[str] = mapped_column(String(200))
    made_at: Mapped[dt.datetime]
    undone_by: Mapped[str | None] = mapped_column(String(200))
    undone_at: Mapped[dt.datetime | None]


class ReconciledStatementLine(Owned, Base):
    """A statement line within a reconciliation that holds; removed when it is undone."""

    __tablename__ = "reconciled_statement_lines"
    __table_args__ = (UniqueConstraint("organization_id", "statement_line_id"),)

    reconciliation_id: Mapped[UUID] = refers_to("reconciliations")
    statement_line_id: Mapped[UUID] = refers_to("statement_lines", index=False)


class ReconciledLine(Owned, Base):
    """A line of the books within a reconciliation that holds; removed when it is undone."""

    __tablename__ = "reconciled_lines"
    __table_args__ = (UniqueConstraint("organization_id", "line_id"),)

    reconciliation_id: Mapped[UUID] = refers_to("reconciliations")
    line_id: Mapped[UUID] = refers_to("lines", index=False)
