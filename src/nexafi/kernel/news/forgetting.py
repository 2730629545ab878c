"""Forgetting: what was told and heard long ago makes room.

An outbox row that was sent is kept so that a backup can be told again what
others lost with it; an inbox row, so that a repeat is known. So the inbox is
kept far longer than any event may still be on its way. What waits or is
parked is never forgotten.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Table, delete, select

from nexafi.kernel.data.database import Database
from nexafi.kernel.data.tables import InboxRow
from nexafi.kernel.news.jobs import Job, Lease
from nexafi.kernel.news.outbox import OUTBOX
from nexafi.kernel.values.ids import first_id

INBOX = cast("Table", InboxRow.__table__)

SENT_KEPT: Final = timedelta(days=90)
"""How long an event that was sent stays in the outbox, unless the settings say otherwise."""

HEARD_KEPT: Final = timedelta(days=400)
"""How long a listener knows an event again; older ones that were parked are not told again."""

PERIOD: Final = timedelta(hours=1)
BATCH_MAX: Final = 5_000


def forget(database: Database, sent_kept: timedelta = SENT_KEPT) -> int:
    """Remove what was sent and heard long enough ago, once an hour; return how many rows."""
    lease = Lease(database, Job(forget, PERIOD, lambda _: ()))
    now = database.clock()
    if not lease.take():
        return 0
    sent_before, heard_before = now - sent_kept, now - max(HEARD_KEPT, 2 * sent_kept)
    removed = _remove(database, lease, OUTBOX.c.id, OUTBOX.c.sent_at < sent_before, sent_before)
    received = INBOX.c.received_at < heard_before
    removed += _remove(database, lease, INBOX.c.event_id, received, heard_before)
    lease.take(until=now + PERIOD)
    return removed


def _remove(
    database: Database,
    lease: Lease,
    key: Column[UUID],
    which: ColumnElement[bool],
    before: datetime,
) -> int:
    """Remove the rows that are so, made *before* then, some at a time.

    Their ids grow with time, so the oldest are found by the primary key.
    """
    removed = 0
    while lease.take():
        old = select(key).where(key < first_id(before), which).limit(BATCH_MAX)
        with database.steward() as session:
            gone = session.connection().execute(delete(key.table).where(key.in_(old))).rowcount
        removed += gone
        if gone < BATCH_MAX:
            break
    return removed
