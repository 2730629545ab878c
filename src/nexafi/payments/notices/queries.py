"""What one asks about webhooks that providers sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select

from nexafi.kernel.data.work import Survey, Work
from nexafi.kernel.web.paging import PageQuery, keyset
from nexafi.payments.charges.rules import State
from nexafi.payments.errors import WebhookEventNotFound
from nexafi.payments.notices.rules import EventState
from nexafi.payments.tables import Charge, WebhookEvent

BATCH_MAX = 200
BEGINNING = (State.AUTHORIZING, State.CAPTURING, State.REQUIRES_ACTION)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which webhooks a list is to hold; what is None does not matter."""

    provider: str | None = None
    state: str | None = None
    charge_id: UUID | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None


def event(work: Work, event_id: UUID) -> WebhookEvent:
    """Return one webhook."""
    found = work.session.scalar(select(WebhookEvent).where(WebhookEvent.id == event_id))
    if found is None:
        raise WebhookEventNotFound(f"There is no webhook event {event_id}.")
    return found


def event_to_change(work: Work, event_id: UUID) -> WebhookEvent:
    """Return one webhook, locked until the Work ends, as it is now."""
    found = work.session.scalar(
        select(WebhookEvent)
        .where(WebhookEvent.id == event_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise WebhookEventNotFound(f"There is no webhook event {event_id}.")
    return found


def event_known(work: Work, provider: str, event_name: str) -> WebhookEvent:
    """Return the webhook by which a provider told of one of its events before."""
    return work.session.scalars(
        select(WebhookEvent).where(
            WebhookEvent.provider == provider, WebhookEvent.event == event_name
        )
    ).one()


def events(work: Work, page: PageQuery, wanted: Wanted) -> Sequence[WebhookEvent]:
    """Return a page of webhooks, the newest first."""
    statement = select(WebhookEvent).where(*_conditions(wanted))
    return work.session.scalars(keyset(statement, page, WebhookEvent.id, descending=True)).all()


def ids(work: Work, wanted: Wanted, limit: int) -> Sequence[UUID]:
    """Return the ids of webhooks, those that happened first before others."""
    return work.session.scalars(
        select(WebhookEvent.id)
        .where(*_conditions(wanted))
        .order_by(WebhookEvent.happened_at, WebhookEvent.id)
        .limit(limit)
    ).all()


def has_later(work: Work, row: WebhookEvent, operation_id: UUID) -> bool:
    """Return whether something that happened later to an operation has been applied already."""
    later = select(WebhookEvent.id).where(
        WebhookEvent.operation_id == operation_id,
        WebhookEvent.id != row.id,
        WebhookEvent.state == EventState.APPLIED,
        WebhookEvent.happened_at > row.happened_at,
    )
    return work.session.scalar(later.limit(1)) is not None


def awaits_reference(work: Work, provider: str) -> bool:
    """Return whether a provider is being asked for a charge and has not said its reference."""
    asked = select(Charge.id).where(
        Charge.provider == provider, Charge.reference.is_(None), Charge.state.in_(BEGINNING)
    )
    return work.session.scalar(asked.limit(1)) is not None


def events_due(work: Work) -> Sequence[UUID]:
    """Return the webhooks that are to be tried again, those due first before others."""
    return work.session.scalars(
        select(WebhookEvent.id)
        .where(_due(work.context.now))
        .order_by(WebhookEvent.due_at)
        .limit(BATCH_MAX)
    ).all()


def with_events_due(survey: Survey) -> Sequence[UUID]:
    """Return the organizations that have such webhooks."""
    due = select(WebhookEvent.organization_id).where(_due(survey.now))
    return survey.session.scalars(due.distinct()).all()


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.provider is not None:
        found.append(WebhookEvent.provider == wanted.provider)
    if wanted.state is not None:
        found.append(WebhookEvent.state == wanted.state)
    if wanted.charge_id is not None:
        found.append(WebhookEvent.charge_id == wanted.charge_id)
    if wanted.since is not None:
        found.append(WebhookEvent.received_at >= wanted.since)
    if wanted.until is not None:
        found.append(WebhookEvent.received_at < wanted.until)
    return found


def _due(now: dt.datetime) -> ColumnElement[bool]:
    return and_(WebhookEvent.due_at.is_not(None), WebhookEvent.due_at <= now)
