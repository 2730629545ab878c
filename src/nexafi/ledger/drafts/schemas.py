"""Drafts on the wire: an entry as it would be posted, and what became of it."""

from __future__ import annotations

import datetime as dt
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from nexafi.kernel.values.money import Money
from nexafi.kernel.web.paging import PageQuery
from nexafi.ledger.drafts import rules
from nexafi.ledger.journal.schemas import LineOut
from nexafi.ledger.tables import Draft, DraftPolicy

State = Literal["open", "approved", "rejected"]


class DraftOut(BaseModel):
    """A draft: the entry that it would be, and what became of it."""

    id: UUID
    state: State
    date: dt.date
    description: str
    reference: str | None
    source: str | None
    tags: dict[str, str]
    journal: str
    lines: list[LineOut]
    off: list[Money] = Field(
        description="By how much debits exceed credits, in each currency in which they differ"
    )
    made_by: str = Field(description="Who made it, or changed it last")
    made_at: dt.datetime
    decided_by: str | None
    decided_at: dt.datetime | None
    reason: str | None = Field(description="Why it was rejected")
    entry_id: UUID | None = Field(description="The entry that was posted when it was approved")

    @classmethod
    def of(cls, row: Draft) -> Self:
        """Return a draft that was read."""
        draft = rules.draft_of(row.body)
        return cls(
            id=row.id,
            state=row.state,
            date=draft.date,
            description=draft.description,
            reference=draft.reference,
            source=draft.source,
            tags=dict(draft.tags),
            journal=draft.journal,
            lines=[LineOut.model_validate(leg, from_attributes=True) for leg in draft.legs],
            off=rules.off(draft),
            made_by=row.made_by,
            made_at=row.made_at,
            decided_by=row.decided_by,
            decided_at=row.decided_at,
            reason=row.reason,
            entry_id=row.entry_id,
        )


class DraftsQuery(PageQuery):
    """Which drafts are wanted."""

    state: State | None = None


class ApproveQuery(BaseModel):
    """What was seen by whoever approves."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    made_at: dt.datetime | None = Field(
        None, description="The `made_at` that was seen: refused if somebody changed the draft since"
    )


class Rejection(BaseModel):
    """Why nothing comes of a draft."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: str = Field(min_length=1, max_length=500, pattern=r"\S")


class PolicyIn(BaseModel):
    """Whether drafts need a second person."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    approver_differs: bool = Field(
        description="True: nobody approves a draft that they made or changed last"
    )


class PolicyOut(PolicyIn):
    """Whether drafts need a second person, and who said so."""

    changed_by: str | None = Field(description="Null while nobody has: then they need none")
    changed_at: dt.datetime | None

    @classmethod
    def of(cls, policy: DraftPolicy | None) -> Self:
        """Return what holds."""
        if policy is None:
            return cls(approver_differs=False, changed_by=None, changed_at=None)
        return cls(
            approver_differs=policy.approver_differs,
            changed_by=policy.changed_by,
            changed_at=policy.changed_at,
        )
