"""Footprints: what one request left behind in a database, for the operator who follows it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select

from nexafi.kernel.data.database import Database
from nexafi.kernel.data.tables import AuditRow, InboxRow, OutboxRow

ROWS_MAX: Final = 1_000
"""Of each kind: an import may tell many events."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What the audit says."""

    at: datetime
    actor: str
    deed: str
    target: str


@dataclass(frozen=True, slots=True)
class Told:
    """An event in the outbox."""

    id: UUID
    at: datetime
    name: str
    sent_at: datetime | None
    parked_at: datetime | None
    tries: int
    reason: str
    span_id: str
    """Of the part of the trace in which it was told."""


def deeds(database: Database, request_id: str) -> list[Deed]:
    """Return what was done in the name of a request, the first first."""
    wanted = (
        select(AuditRow)
        .where(AuditRow.request_id == request_id)
        .order_by(AuditRow.at, AuditRow.id)
        .limit(ROWS_MAX)
    )
    with database.survey() as survey:
        rows = survey.session.scalars(wanted).all()
        return [Deed(row.at, row.actor, row.deed, row.target) for row in rows]


def told(database: Database, request_id: str, trace_ids: Collection[str]) -> list[Told]:
    """Return the events that were told because of a request, the first first."""
    traced = [OutboxRow.traceparent.startswith(f"00-{each}-") for each in trace_ids]
    wanted = (
        select(OutboxRow)
        .where(or_(OutboxRow.request_id == request_id, *traced))
        .order_by(OutboxRow.occurred_at, OutboxRow.id)
        .limit(ROWS_MAX)
    )
    with database.survey() as survey:
        return [
            Told(
                id=row.id,
                at=row.occurred_at,
                name=row.name,
                sent_at=row.sent_at,
                parked_at=row.parked_at,
                tries=row.tries,
                reason=row.reason,
                span_id=row.traceparent[36:52],
            )
            for row in survey.session.scalars(wanted)
        ]


def heard(database: Database, events: Sequence[UUID]) -> dict[UUID, datetime]:
    """Return when each of *events* was handled here, of those that were."""
    wanted = select(InboxRow).where(InboxRow.event_id.in_(events[:ROWS_MAX]))
    with database.survey() as survey:
        return {row.event_id: row.received_at for row in survey.session.scalars(wanted)}
