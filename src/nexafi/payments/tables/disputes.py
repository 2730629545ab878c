"""Disputes: what payers contest, and what we say to it."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ColumnElement,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    literal_column,
)
from sqlalchemy.orm import Mapped, mapped_column

from nexafi.kernel.data.ownership import Owned, refers_to
from nexafi.kernel.values.money import Money
from nexafi.payments.tables.base import MINOR_MAX, Base

IS_UNANSWERED: ColumnElement[bool] = literal_column(
    "state = 'needs_response' AND evidence_due_on IS NOT NULL AND told_due_at IS NULL"
)


class Dispute(Owned, Base):
    """A charge, or a part of it, that its payer contests at a bank."""

    __tablename__ = "disputes"
    __table_args__ = (
        UniqueConstraint("organization_id", "provider", "reference"),
        CheckConstraint(
            f"amount_minor BETWEEN 1 AND {MINOR_MAX} AND counted_minor BETWEEN 0 AND amount_minor"
            " AND fee_minor >= 0",
            name="amounts",
        ),
        Index(
            "ix_disputes_evidence_due_on",
            "evidence_due_on",
            sqlite_where=IS_UNANSWERED,
            postgresql_where=IS_UNANSWERED,
        ),
        Index(None, "organization_id", "state", "id"),
    )

    charge_id: Mapped[UUID] = refers_to("charges")
    provider: Mapped[str] = mapped_column(String(32))
    reference: Mapped[str] = mapped_column(String(200))
    """By which the provider knows it."""
    state: Mapped[str] = mapped_column(String(16))
    """``warning``, ``needs_response``, ``under_review``, ``won``, ``lost`` or ``withdrawn``."""
    money: Mapped[str] = mapped_column(String(16))
    """Where the money is: ``kept`` by us, ``taken``, ``returned`` or ``gone``."""
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    counted_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    """How much of it is counted in the charge: no more than was not given back before."""
    fee_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    """What the provider took for it so far."""
    reason: Mapped[str] = mapped_column(String(200))
    evidence_due_on: Mapped[dt.date | None]
    told_due_at: Mapped[dt.datetime | None]
    """When the others were told that the day is near."""
    evidence: Mapped[dict[str, str]] = mapped_column(JSON)
    """What we say to it, by name; a draft until it is submitted."""
    submitted_at: Mapped[dt.datetime | None]
    heard_at: Mapped[dt.datetime]
    """When the provider said what is written here, after its own clock."""
    created_at: Mapped[dt.datetime]
    closed_at: Mapped[dt.datetime | None]

    @property
    def amount(self) -> Money:
        """Return how much is contested."""
        return Money(self.amount_minor, self.currency)


class DisputeFile(Owned, Base):
    """A file that proves something to the payer's bank."""

    __tablename__ = "dispute_files"

    dispute_id: Mapped[UUID] = refers_to("disputes")
    kind: Mapped[str] = mapped_column(String(40))
    """What it proves: ``receipt``, ``shipping`` and so on."""
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[dt.datetime]
