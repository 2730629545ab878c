"""Movements on the wire."""

from __future__ import annotations

import datetime as dt
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from nexafi.contracts.payments.events import MovementKind
from nexafi.kernel.values.money import Money
from nexafi.kernel.web.paging import PageQuery
from nexafi.payments.movements.queries import Wanted
from nexafi.payments.tables import Movement


class MovementOut(BaseModel):
    """Money that moved, and the entry of the ledger that books it."""

    id: UUID
    kind: MovementKind
    on: dt.date
    amount: Money
    fee: Money
    provider: str
    reference: str | None = Field(description="By which the provider knows it")
    charge: UUID | None
    operation: UUID | None
    entry: UUID | None = Field(description="In the ledger; null until it is booked")
    told_at: dt.datetime
    booked_at: dt.datetime | None

    @classmethod
    def of(cls, row: Movement) -> Self:
        """Return a movement that was read."""
        return cls(
            id=row.id,
            kind=MovementKind(row.kind),
            on=row.moved_on,
            amount=row.amount,
            fee=Money(row.fee_minor, row.currency),
            provider=row.provider,
            reference=row.reference,
            charge=row.charge_id,
            operation=row.operation_id,
            entry=row.entry_id,
            told_at=row.told_at,
            booked_at=row.booked_at,
        )


class MovementsQuery(PageQuery):
    """Which movements are wanted."""

    kind: MovementKind | None = None
    charge: UUID | None = None
    booked: bool | None = Field(None, description="Whether the books have it")
    since: dt.date | None = Field(None, alias="from", description="None before this day")
    until: dt.date | None = Field(None, alias="to", description="None after this day")

    def wanted(self) -> Wanted:
        """Return what the queries understand."""
        return Wanted(self.kind, self.charge, self.booked, self.since, self.until)
