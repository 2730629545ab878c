"""What the operator of the platform takes of payments: its schedule, and what it took."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, CheckConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from nexafi.kernel.data.ownership import Owned, refers_to
from nexafi.payments.tables.base import Base


class FeeRule(Owned, Base):
    """One line of the schedule: for which payments it holds, and how much it takes."""

    __tablename__ = "fee_rules"

    name: Mapped[str] = mapped_column(String(200))
    share: Mapped[str] = mapped_column(String(32))
    """An exact decimal: 0.029 for 2.9 %."""
    amounts: Mapped[dict[str, dict[str, int]]] = mapped_column(JSON)
    """By currency: ``fixed``, ``min`` and ``max`` in minor units; empty for a share alone."""
    plan: Mapped[str | None] = mapped_column(String(40))
    method_kind: Mapped[str | None] = mapped_column(String(32))
    provider: Mapped[str | None] = mapped_column(String(32))
    crosses_border: Mapped[bool | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    valid_from: Mapped[dt.date | None]
    valid_until: Mapped[dt.date | None]
    """The last day."""
    changed_at: Mapped[dt.datetime]


class ChargeFee(Owned, Base):
    """What was taken of a charge, by the rule that held when it was first captured."""

    __tablename__ = "charge_fees"
    __table_args__ = (
        UniqueConstraint("organization_id", "charge_id"),
        CheckConstraint(
            "taken_minor >= 0 AND returned_minor >= 0 AND returned_minor <= taken_minor",
            name="within",
        ),
    )

    charge_id: Mapped[UUID] = refers_to("charges", index=False)
    rule_id: Mapped[UUID]
    """It may have been removed since; what it said stands here."""
    said: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The name, the share and the amounts of the rule."""
    currency: Mapped[str] = mapped_column(String(3))
    taken_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    returned_minor: Mapped[int] = mapped_column(BigInteger, default=0)
