"""What one asks about movements."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from nexafi.kernel.data.work import Work
from nexafi.kernel.web.paging import PageQuery, keyset
from nexafi.payments.errors import MovementNotFound
from nexafi.payments.tables import Movement


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which movements a list is to hold; what is None does not matter."""

    kind: str | None = None
    charge_id: UUID | None = None
    is_booked: bool | None = None
    since: dt.date | None = None
    until: dt.date | None = None


def movement(work: Work, movement_id: UUID) -> Movement:
    """Return one movement."""
    found = work.session.scalar(select(Movement).where(Movement.id == movement_id))
    if found is None:
        raise MovementNotFound(f"There is no movement {movement_id}.")
    return found


def movements(work: Work, page: PageQuery, wanted: Wanted) -> Sequence[Movement]:
    """Return a page of movements, the newest first."""
    statement = select(Movement)
    if wanted.kind is not None:
        statement = statement.where(Movement.kind == wanted.kind)
    if wanted.charge_id is not None:
        statement = statement.where(Movement.charge_id == wanted.charge_id)
    if wanted.is_booked is not None:
        has = Movement.entry_id.is_not(None)
        statement = statement.where(has if wanted.is_booked else ~has)
    if wanted.since is not None:
        statement = statement.where(Movement.moved_on >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(Movement.moved_on <= wanted.until)
    return work.session.scalars(keyset(statement, page, Movement.id, descending=True)).all()
