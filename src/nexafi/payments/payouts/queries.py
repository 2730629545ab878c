"""What one asks about payouts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select

from nexafi.kernel.data.work import Work
from nexafi.kernel.web.paging import PageQuery, keyset
from nexafi.payments.errors import PayoutNotFound
from nexafi.payments.payouts.rules import PayoutState
from nexafi.payments.tables import Payout


def payout(work: Work, payout_id: UUID, *, lock: bool = False) -> Payout:
    """Return one payout, locked until the Work ends if it is to be changed."""
    wanted = select(Payout).where(Payout.id == payout_id)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    if (found := work.session.scalar(wanted)) is None:
        raise PayoutNotFound(f"There is no payout {payout_id}.")
    return found


def payouts(
    work: Work, page: PageQuery, *, state: str | None, customer_id: UUID | None
) -> Sequence[Payout]:
    """Return a page of payouts, the newest first."""
    statement = select(Payout)
    if state is not None:
        statement = statement.where(Payout.state == state)
    if customer_id is not None:
        statement = statement.where(Payout.customer_id == customer_id)
    return work.session.scalars(keyset(statement, page, Payout.id, descending=True)).all()


def waiting(work: Work, currency: str, until: dt.date, most: int) -> Sequence[Payout]:
    """Return the payouts that wait for a file and may be executed by a day, locked."""
    return work.session.scalars(
        select(Payout)
        .where(
            Payout.state == PayoutState.CREATED,
            Payout.currency == currency,
            Payout.execute_on <= until,
        )
        .order_by(Payout.id)
        .limit(most)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def by_id(work: Work, ids: Collection[UUID]) -> dict[UUID, Payout]:
    """Return some payouts, locked until the Work ends."""
    rows = work.session.scalars(
        select(Payout)
        .where(Payout.id.in_(ids))
        .order_by(Payout.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}
