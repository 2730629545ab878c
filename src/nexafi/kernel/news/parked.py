"""What was parked: events given up after their last try, to be looked at and told again.

To tell one again is harmless, however often it is done: the inbox of each
listener knows what it has handled.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import select, update

from nexafi.kernel.data.database import Database
from nexafi.kernel.data.tables import OutboxRow
from nexafi.kernel.news.events import kind
from nexafi.kernel.news.forgetting import HEARD_KEPT
from nexafi.kernel.news.outbox import OUTBOX

SHOWN_MAX: Final = 1_000
"""How many are shown of one place; what is replayed has no limit."""


@dataclass(frozen=True, slots=True)
class Parked:
    """An event that was given up, where it lies and why."""

    id: str
    event: str
    """Its name and version; empty if the message could not be read."""
    service: str
    """Who gave it up: who told it (outbox), or who could not bear it (queue)."""
    place: Literal["outbox", "queue"]
    organization_id: str
    occurred_at: datetime | None
    parked_at: datetime | None
    tries: int
    reason: str


def parked(database: Database) -> list[Parked]:
    """Return what is parked in the outbox of a service, oldest first."""
    found = (
        select(OutboxRow)
        .where(OutboxRow.parked_at.is_not(None))
        .order_by(OutboxRow.occurred_at, OutboxRow.id)
        .limit(SHOWN_MAX)
    )
    with database.survey() as survey:
        return [
            Parked(
                id=str(row.id),
                event=kind(row.name, row.version),
                service=database.service,
                place="outbox",
                organization_id=str(row.organization_id),
                occurred_at=row.occurred_at,
                parked_at=row.parked_at,
                tries=row.tries,
                reason=row.reason,
            )
            for row in survey.session.scalars(found)
        ]


def replay(database: Database, ids: Collection[UUID] | None = None) -> list[UUID]:
    """Let what is parked be told again, as if for the first time; all of it unless *ids* say.

    Returns those that were parked; one that was not is left as it is. So is one that is so old
    that a listener may have forgotten it, and would not know it again.
    """
    young = OUTBOX.c.occurred_at > database.clock() - HEARD_KEPT
    again = (
        update(OUTBOX)
        .where(OUTBOX.c.parked_at.is_not(None), young)
        .values(parked_at=None, tries=0, due_at=database.clock())
        .returning(OUTBOX.c.id)
    )
    if ids is not None:
        again = again.where(OUTBOX.c.id.in_(ids))
    with database.steward() as session:
        return list(session.connection().scalars(again))
