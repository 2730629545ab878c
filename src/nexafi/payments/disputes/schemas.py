"""Disputes on the wire."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from nexafi.kernel.values.money import Money
from nexafi.kernel.web.paging import PageQuery
from nexafi.payments.disputes.rules import (
    FIELD_NAMES,
    FILE_KINDS,
    TEXT_MAX,
    DisputeState,
    Whereabouts,
)
from nexafi.payments.shapes import Strict
from nexafi.payments.tables import Dispute, DisputeFile


def _named(texts: dict[str, str]) -> dict[str, str]:
    if unknown := sorted(texts.keys() - FIELD_NAMES):
        there = ", ".join(sorted(FIELD_NAMES))
        raise ValueError(f"{unknown[0][:100]!r} is none of: {there}")
    return texts


Texts = Annotated[
    dict[str, Annotated[str, Field(min_length=1, max_length=TEXT_MAX)]],
    AfterValidator(_named),
    Field(description=f"By name: {', '.join(sorted(FIELD_NAMES))}"),
]


class EvidenceIn(Strict):
    """What is to be said to a dispute, in the place of what was said before."""

    texts: Texts


class FileQuery(BaseModel):
    """What a file proves."""

    kind: str = Field(
        max_length=40, description=f"One of: {', '.join(sorted(FILE_KINDS))}", examples=["receipt"]
    )


class SubmitIn(Strict):
    """Nothing: what was kept is handed in."""


class DisputeFileOut(BaseModel):
    """A file that proves something."""

    id: UUID
    kind: str
    name: str
    media_type: str
    size: int
    created_at: dt.datetime

    @classmethod
    def of(cls, row: DisputeFile) -> Self:
        """Return a file that was read."""
        return cls(
            id=row.id,
            kind=row.kind,
            name=row.name,
            media_type=row.media_type,
            size=row.size,
            created_at=row.created_at,
        )


class DisputeFilesOut(BaseModel):
    """All files of a dispute, oldest first."""

    items: list[DisputeFileOut]


class DisputeOut(BaseModel):
    """What a payer contests, and where the money is."""

    id: UUID
    charge: UUID
    provider: str
    reference: str = Field(description="By which the provider knows it")
    state: DisputeState
    money: Whereabouts = Field(description="Where the money is meanwhile")
    amount: Money
    fee: Money = Field(description="What the provider took for it")
    reason: str
    evidence_due_on: dt.date | None
    evidence: dict[str, str] = Field(description="A draft until it is submitted")
    submitted_at: dt.datetime | None
    created_at: dt.datetime
    closed_at: dt.datetime | None

    @classmethod
    def of(cls, row: Dispute) -> Self:
        """Return a dispute that was read."""
        return cls(
            id=row.id,
            charge=row.charge_id,
            provider=row.provider,
            reference=row.reference,
            state=DisputeState(row.state),
            money=Whereabouts(row.money),
            amount=row.amount,
            fee=Money(row.fee_minor, row.currency),
            reason=row.reason,
            evidence_due_on=row.evidence_due_on,
            evidence=row.evidence,
            submitted_at=row.submitted_at,
            created_at=row.created_at,
            closed_at=row.closed_at,
        )


class SubmittedOut(BaseModel):
    """What became of handing it in."""

    dispute: DisputeOut
    is_sent: bool = Field(
        description="False where the provider takes no evidence by a call: hand it in at its site"
    )


class DisputesQuery(PageQuery):
    """Which disputes are wanted."""

    state: DisputeState | None = None
    charge: UUID | None = None
