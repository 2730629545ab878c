"""What providers report of what they paid us, how it was matched, and what is not explained."""

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
    String,
    UniqueConstraint,
    literal_column,
)
from sqlalchemy.orm import Mapped, mapped_column

from nexafi.kernel.data.ownership import Owned, refers_to
from nexafi.kernel.values.money import Money
from nexafi.payments.tables.base import Base

IS_OPEN: ColumnElement[bool] = literal_column("closed_at IS NULL")


class SettlementFile(Owned, Base):
    """A report that was handed in; its lines are kept, the file is not: it names payers."""

    __tablename__ = "settlement_files"
    __table_args__ = (UniqueConstraint("organization_id", "sha256"),)

    name: Mapped[str] = mapped_column(String(255))
    format: Mapped[str] = mapped_column(String(16))
    size: Mapped[int] = mapped_column(BigInteger)
    """Bytes."""
    sha256: Mapped[str] = mapped_column(String(64))
    taken_in_by: Mapped[str] = mapped_column(String(200))
    taken_in_at: Mapped[dt.datetime]


class Settlement(Owned, Base):
    """One payout of a provider to our bank: what it says it sent, and of what that is made."""

    __tablename__ = "settlements"
    __table_args__ = (
        UniqueConstraint("organization_id", "provider", "reference"),
        CheckConstraint("received_minor >= 0", name="received"),
    )

    file_id: Mapped[UUID | None] = refers_to("settlement_files")
    """None while the provider only told of it, and no report has come."""
    provider: Mapped[str] = mapped_column(String(32))
    reference: Mapped[str] = mapped_column(String(200))
    """By which the provider knows the payout."""
    state: Mapped[str] = mapped_column(String(16))
    """``announced`` until a report tells what it is made of, then ``booked``."""
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    """What was sent; below zero where the provider collected from our bank."""
    kept_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    """What of its lines the provider did not send, but keeps as our balance there."""
    paid_on: Mapped[dt.date]
    lines_count: Mapped[int] = mapped_column(default=0)
    matched_count: Mapped[int] = mapped_column(default=0)
    received_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    """What has arrived at the bank of it, as far as we were told here."""
    created_at: Mapped[dt.datetime]

    @property
    def amount(self) -> Money:
        """Return what was sent."""
        return Money(self.amount_minor, self.currency)


class SettlementLine(Owned, Base):
    """A line of a report: what one operation did to what the provider owes us."""

    __tablename__ = "settlement_lines"
    __table_args__ = (
        UniqueConstraint(
            "organization_id", "provider", "line_id", name="uq_settlement_lines_line_id"
        ),
        Index(None, "organization_id", "settlement_id", "position"),
        Index(None, "organization_id", "provider", "taken_currency"),
    )

    settlement_id: Mapped[UUID] = refers_to("settlements", index=False)
    position: Mapped[int]
    provider: Mapped[str] = mapped_column(String(32))
    line_id: Mapped[str | None] = mapped_column(String(200))
    """By which the provider knows the line; None if it has no name, or came twice."""
    kind: Mapped[str] = mapped_column(String(16))
    occurred_on: Mapped[dt.date]
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    """Above zero where the provider owes us more by it."""
    fee_minor: Mapped[int] = mapped_column(BigInteger)
    own_minor: Mapped[int | None] = mapped_column(BigInteger)
    """The amount before the provider exchanged it; None if it did not."""
    own_currency: Mapped[str | None] = mapped_column(String(3))
    aliases: Mapped[dict[str, Any]] = mapped_column(JSON)
    """``names``: by which the provider knows what it is about, the closest first."""
    description: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(16))
    """``matched``, ``booked`` by itself, ``reserved``, ``open`` or ``explained``."""
    matched_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    """What the movements that are linked to it did to the clearing account."""
    explained_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    """What was booked because of it."""
    taken_minor: Mapped[int] = mapped_column(BigInteger)
    """What the settlement takes out of the clearing account for it."""
    taken_currency: Mapped[str] = mapped_column(String(3))

    @property
    def difference_minor(self) -> int:
        """Return what of it stays in the clearing account."""
        return self.matched_minor + self.explained_minor - self.taken_minor


class SettlementMatch(Owned, Base):
    """That a movement is settled: by a line, or made by the settlement itself."""

    __tablename__ = "settlement_matches"
    __table_args__ = (
        UniqueConstraint("organization_id", "movement_id"),
        Index(None, "organization_id", "line_id"),
    )

    settlement_id: Mapped[UUID | None] = refers_to("settlements")
    line_id: Mapped[UUID | None] = refers_to("settlement_lines", index=False)
    movement_id: Mapped[UUID] = refers_to("movements", index=False)
    how: Mapped[str] = mapped_column(String(16))
    """``reference``, ``operation``, ``amount``, ``person`` or ``booked``."""
    matched_by: Mapped[str] = mapped_column(String(200))
    matched_at: Mapped[dt.datetime]


class SettlementBreak(Owned, Base):
    """Something that does not fit, for a person to look at."""

    __tablename__ = "settlement_breaks"
    __table_args__ = (
        Index(None, "organization_id", "line_id"),
        Index(
            "uq_settlement_breaks_movement_id",
            "organization_id",
            "movement_id",
            unique=True,
            sqlite_where=literal_column("closed_at IS NULL AND kind = 'missing_line'"),
            postgresql_where=literal_column("closed_at IS NULL AND kind = 'missing_line'"),
        ),
    )

    settlement_id: Mapped[UUID | None] = refers_to("settlements")
    line_id: Mapped[UUID | None] = refers_to("settlement_lines", index=False)
    movement_id: Mapped[UUID | None] = refers_to("movements")
    """Of what may be meant, or what no line came for."""
    provider: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(24))
    currency: Mapped[str] = mapped_column(String(3))
    difference_minor: Mapped[int] = mapped_column(BigInteger)
    """What stays in the clearing account until it is explained."""
    assignee: Mapped[str | None] = mapped_column(String(200))
    outcome: Mapped[str | None] = mapped_column(String(16))
    """``explained``, ``linked`` or ``healed``; None while it is open."""
    reason: Mapped[str] = mapped_column(String(500), default="")
    adjustment_id: Mapped[UUID | None] = refers_to("movements", index=False)
    """What was booked to explain it."""
    opened_at: Mapped[dt.datetime]
    closed_at: Mapped[dt.datetime | None]
    closed_by: Mapped[str | None] = mapped_column(String(200))


class Finding(Owned, Base):
    """A difference that the completeness job found; it closes by itself once it is healed."""

    __tablename__ = "findings"
    __table_args__ = (
        Index(
            "uq_findings_subject",
            "organization_id",
            "kind",
            "subject",
            unique=True,
            sqlite_where=IS_OPEN,
            postgresql_where=IS_OPEN,
        ),
    )

    kind: Mapped[str] = mapped_column(String(24))
    subject: Mapped[str] = mapped_column(String(100))
    """The id of the movement, operation or charge; the provider and currency of a total."""
    currency: Mapped[str] = mapped_column(String(3))
    difference_minor: Mapped[int] = mapped_column(BigInteger)
    message: Mapped[str] = mapped_column(String(500))
    opened_at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime]
    closed_at: Mapped[dt.datetime | None]


class Check(Owned, Base):
    """When the completeness of an organization was last looked at, and what came of it."""

    __tablename__ = "checks"
    __table_args__ = (UniqueConstraint("organization_id"),)

    checked_at: Mapped[dt.datetime]
    movements: Mapped[int]
    unbooked: Mapped[int]
    told_again: Mapped[int]
    findings: Mapped[int]
