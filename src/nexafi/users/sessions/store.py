"""Counting wrong passwords: one statement, so that a hundred guesses at once are a hundred."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, case, delete, or_, select, update

from nexafi.kernel.data.statements import upsert
from nexafi.kernel.data.work import Work
from nexafi.kernel.values.ids import new_id
from nexafi.users.sessions import rules
from nexafi.users.tables import Attempt

ATTEMPTS = cast("Table", Attempt.__table__)


def count_try(work: Work, digest: bytes) -> timedelta | None:
    """Count a try as failed before it is made; return how long to wait if it may not be made.

    Who counts afterwards lets a crowd guess at once before the first is counted.
    """
    now = work.context.now
    columns = ATTEMPTS.c
    anew = columns.last_at < now - rules.FORGET
    counted = work.session.connection().execute(
        upsert(work.session, ATTEMPTS)
        .values(id=new_id(), digest=digest, failures=1, last_at=now)
        .on_conflict_do_update(
            index_elements=["digest"],
            set_={"failures": case((anew, 1), else_=columns.failures + 1), "last_at": now},
            where=or_(
                columns.blocked_until.is_(None),
                columns.blocked_until <= now,
                columns.blocked_until > now + rules.PAUSE_MAX,  # the clock was set back since
            ),
        )
        .returning(columns.failures)
    )
    failures = counted.scalar_one_or_none()
    mine = columns.digest == digest
    if failures is None:
        until: datetime = (
            work.session.connection()
            .execute(select(columns.blocked_until).where(mine))
            .scalar_one()
        )
        return until - now
    if pause := rules.pause(failures):
        block = update(ATTEMPTS).where(mine).values(blocked_until=now + pause)
        work.session.connection().execute(block)
    return None


def forget_tries(work: Work, digest: bytes) -> None:
    """Begin to count anew: the password was right."""
    work.session.connection().execute(delete(ATTEMPTS).where(ATTEMPTS.c.digest == digest))
