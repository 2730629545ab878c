"""What one asks of drafts."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from nexafi.kernel.data.work import Work
from nexafi.kernel.web.paging import PageQuery, keyset
from nexafi.ledger.errors import DraftNotFound
from nexafi.ledger.tables import Draft, DraftPolicy


def draft(work: Work, draft_id: UUID) -> Draft:
    """Return one draft."""
    return _one(work.session.scalar(select(Draft).where(Draft.id == draft_id)), draft_id)


def draft_to_decide(work: Work, draft_id: UUID) -> Draft:
    """Return one draft that nobody else changes or decides until this Work ends."""
    wanted = select(Draft).where(Draft.id == draft_id).with_for_update()
    return _one(work.session.scalar(wanted), draft_id)


def _one(row: Draft | None, draft_id: UUID) -> Draft:
    if row is None:
        raise DraftNotFound(f"There is no draft {draft_id}.")
    return row


def drafts(work: Work, page: PageQuery, state: str | None) -> Sequence[Draft]:
    """Return a page of drafts in the order in which they were made."""
    statement = select(Draft) if state is None else select(Draft).where(Draft.state == state)
    return work.session.scalars(keyset(statement, page, Draft.id)).all()


def policy(work: Work) -> DraftPolicy | None:
    """Return what holds for approving, if it was ever said."""
    latest = select(DraftPolicy).order_by(DraftPolicy.changed_at.desc(), DraftPolicy.id.desc())
    return work.session.scalar(latest.limit(1))
