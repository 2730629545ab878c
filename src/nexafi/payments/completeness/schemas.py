"""Completeness on the wire."""

from __future__ import annotations

import datetime as dt
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from nexafi.kernel.values.money import Money
from nexafi.kernel.web.paging import PageQuery
from nexafi.payments.tables import Check, Finding


class CheckOut(BaseModel):
    """What came of the last look."""

    checked_at: dt.datetime | None = Field(description="Null if there was none yet")
    movements: int
    unbooked: int = Field(description="Movements that the books did not have")
    told_again: int = Field(description="Of which the books were told once more")
    findings: int = Field(description="Differences that were found")

    @classmethod
    def of(cls, row: Check | None) -> Self:
        """Return a look."""
        if row is None:
            return cls(checked_at=None, movements=0, unbooked=0, told_again=0, findings=0)
        return cls.model_validate(row, from_attributes=True)


class FindingOut(BaseModel):
    """A difference; it closes by itself once it is healed."""

    id: UUID
    kind: str = Field(description="`unbooked`, `no_movement`, `charge` or `total`")
    subject: str = Field(description="The id of what it is about; of a total provider/currency")
    difference: Money
    message: str
    opened_at: dt.datetime
    seen_at: dt.datetime
    closed_at: dt.datetime | None

    @classmethod
    def of(cls, row: Finding) -> Self:
        """Return a finding that was read."""
        return cls(
            id=row.id,
            kind=row.kind,
            subject=row.subject,
            difference=Money(row.difference_minor, row.currency),
            message=row.message,
            opened_at=row.opened_at,
            seen_at=row.seen_at,
            closed_at=row.closed_at,
        )


class FindingsQuery(PageQuery):
    """Which findings are wanted."""

    open: bool | None = Field(default=True, description="Null for all")
