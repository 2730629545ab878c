"""What one asks about mandates."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select

from nexafi.kernel.data.work import Survey, Work
from nexafi.kernel.web.paging import PageQuery, keyset
from nexafi.payments.errors import MandateNotFound
from nexafi.payments.mandates.rules import MandateState, stale_before
from nexafi.payments.tables import Mandate

BATCH_MAX = 500


def mandate(work: Work, mandate_id: UUID, *, lock: bool = False) -> Mandate:
    """Return one mandate, locked until the Work ends if it is to be changed."""
    wanted = select(Mandate).where(Mandate.id == mandate_id)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    if (found := work.session.scalar(wanted)) is None:
        raise MandateNotFound(f"There is no mandate {mandate_id}.")
    return found


def mandates(
    work: Work, page: PageQuery, *, customer_id: UUID | None, state: str | None
) -> Sequence[Mandate]:
    """Return a page of mandates, the newest first."""
    statement = select(Mandate)
    if customer_id is not None:
        statement = statement.where(Mandate.customer_id == customer_id)
    if state is not None:
        statement = statement.where(Mandate.state == state)
    return work.session.scalars(keyset(statement, page, Mandate.id, descending=True)).all()


def by_id(work: Work, ids: Collection[UUID]) -> dict[UUID, Mandate]:
    """Return some mandates, locked until the Work ends, those first that were made first."""
    rows = work.session.scalars(
        select(Mandate)
        .where(Mandate.id.in_(ids))
        .order_by(Mandate.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}


def stale(work: Work) -> Sequence[UUID]:
    """Return mandates that were not used for too long, and do not say so yet."""
    day = stale_before(work.context.now.date())
    return work.session.scalars(
        select(Mandate.id)
        .where(Mandate.state == MandateState.ACTIVE, Mandate.fresh_on <= day)
        .order_by(Mandate.fresh_on)
        .limit(BATCH_MAX)
    ).all()


def with_stale(survey: Survey) -> Sequence[UUID]:
    """Return the organizations that have such mandates."""
    day = stale_before(survey.now.date())
    due = select(Mandate.organization_id).where(
        Mandate.state == MandateState.ACTIVE, Mandate.fresh_on <= day
    )
    return survey.session.scalars(due.distinct()).all()
