"""What one asks about disputes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import defer

from nexafi.kernel.data.work import Survey, Work
from nexafi.kernel.web.paging import PageQuery, keyset
from nexafi.payments.disputes import rules
from nexafi.payments.disputes.rules import DisputeState
from nexafi.payments.errors import DisputeFileNotFound, DisputeNotFound
from nexafi.payments.tables import Dispute, DisputeFile

BATCH_MAX = 100
FAR_EAST = timedelta(days=1)
"""Somewhere it is a day later than in UTC."""


def dispute(work: Work, dispute_id: UUID) -> Dispute:
    """Return one dispute."""
    found = work.session.scalar(select(Dispute).where(Dispute.id == dispute_id))
    if found is None:
        raise DisputeNotFound(f"There is no dispute {dispute_id}.")
    return found


def dispute_to_change(work: Work, dispute_id: UUID) -> Dispute:
    """Return one dispute, locked until the Work ends, as it is now."""
    found = work.session.scalar(
        select(Dispute)
        .where(Dispute.id == dispute_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise DisputeNotFound(f"There is no dispute {dispute_id}.")
    return found


def dispute_of_reference(work: Work, provider: str, reference: str) -> Dispute | None:
    """Return the dispute that a provider knows by *reference*, locked, if there is one."""
    return work.session.scalar(
        select(Dispute)
        .where(Dispute.provider == provider, Dispute.reference == reference)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def disputes_of(work: Work, charge_id: UUID) -> Sequence[Dispute]:
    """Return all disputes of a charge, oldest first."""
    return work.session.scalars(
        select(Dispute).where(Dispute.charge_id == charge_id).order_by(Dispute.id)
    ).all()


def disputes(
    work: Work, page: PageQuery, *, state: str | None, charge_id: UUID | None
) -> Sequence[Dispute]:
    """Return a page of disputes, the newest first."""
    statement = select(Dispute)
    if state is not None:
        statement = statement.where(Dispute.state == state)
    if charge_id is not None:
        statement = statement.where(Dispute.charge_id == charge_id)
    return work.session.scalars(keyset(statement, page, Dispute.id, descending=True)).all()


def files(work: Work, dispute_id: UUID, *, whole: bool = False) -> Sequence[DisputeFile]:
    """Return the files of a dispute, oldest first; what is in them only if they are *whole*."""
    statement = select(DisputeFile).where(DisputeFile.dispute_id == dispute_id)
    if not whole:
        statement = statement.options(defer(DisputeFile.content, raiseload=True))
    return work.session.scalars(statement.order_by(DisputeFile.id)).all()


def file(work: Work, dispute_id: UUID, file_id: UUID) -> DisputeFile:
    """Return one file of a dispute."""
    found = work.session.scalar(
        select(DisputeFile).where(DisputeFile.dispute_id == dispute_id, DisputeFile.id == file_id)
    )
    if found is None:
        raise DisputeFileNotFound(f"The dispute has no file {file_id}.")
    return found


def disputes_near(work: Work) -> Sequence[Dispute]:
    """Return those that are to be answered soon and of which nobody was told."""
    latest = work.context.today + rules.DUE_BEFORE
    return work.session.scalars(
        select(Dispute)
        .where(
            Dispute.state == DisputeState.NEEDS_RESPONSE,
            Dispute.told_due_at.is_(None),
            Dispute.evidence_due_on <= latest,
        )
        .order_by(Dispute.evidence_due_on)
        .limit(BATCH_MAX)
    ).all()


def with_disputes_near(survey: Survey) -> Sequence[UUID]:
    """Return the organizations that may have such disputes: wherever their day begins."""
    latest = (survey.now + FAR_EAST).date() + rules.DUE_BEFORE
    near = select(Dispute.organization_id).where(
        Dispute.state == DisputeState.NEEDS_RESPONSE,
        Dispute.evidence_due_on.is_not(None),
        Dispute.told_due_at.is_(None),
        Dispute.evidence_due_on <= latest,
    )
    return survey.session.scalars(near.distinct()).all()
