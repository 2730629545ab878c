"""The outbox: what is told is written with what was done, or neither is."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from sqlalchemy import Table

from nexafi.kernel.data.tables import OutboxRow
from nexafi.kernel.data.work import Work
from nexafi.kernel.news.events import Event
from nexafi.kernel.watch import traces

OUTBOX = cast("Table", OutboxRow.__table__)


def tell(work: Work, event: Event, *, organization_id: UUID | None = None) -> None:
    """Tell the others, if and only if *work* is committed; a Work of nobody says of whom."""
    trace = traces.current()
    work.at_end(
        OUTBOX,
        {
            "organization_id": organization_id or work.organization_id,
            "request_id": work.context.request_id,
            "traceparent": trace.traceparent if trace else "",
            "name": event.name,
            "version": event.version,
            "body": event.model_dump(mode="json"),
            "occurred_at": work.context.now,
            "due_at": work.context.now,
        },
    )
