"""What one asks about webhook endpoints and deliveries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select

from nexafi.kernel.data.work import Survey, Work
from nexafi.kernel.web.paging import PageQuery, keyset
from nexafi.payments.errors import DeliveryNotFound, EndpointNotFound
from nexafi.payments.tables import WebhookDelivery, WebhookEndpoint

ENDPOINTS_AT_ONCE = 20
BATCH_MAX = 25
"""So many are sent to one endpoint at a time."""

_D, _E = WebhookDelivery, WebhookEndpoint


def endpoint(work: Work, endpoint_id: UUID) -> WebhookEndpoint:
    """Return one endpoint that was not removed."""
    found = work.session.scalar(select(_E).where(_E.id == endpoint_id, _E.removed_at.is_(None)))
    if found is None:
        raise EndpointNotFound(f"There is no webhook endpoint {endpoint_id}.")
    return found


def endpoint_to_change(work: Work, endpoint_id: UUID) -> WebhookEndpoint:
    """Return one endpoint, removed or not, locked until the Work ends."""
    found = work.session.scalar(
        select(_E)
        .where(_E.id == endpoint_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise EndpointNotFound(f"There is no webhook endpoint {endpoint_id}.")
    return found


def endpoints(work: Work, page: PageQuery) -> Sequence[WebhookEndpoint]:
    """Return a page of endpoints, the newest first."""
    statement = select(_E).where(_E.removed_at.is_(None))
    return work.session.scalars(keyset(statement, page, _E.id, descending=True)).all()


def endpoints_on(work: Work) -> Sequence[WebhookEndpoint]:
    """Return all endpoints that are told of what happens."""
    return work.session.scalars(
        select(_E).where(_E.removed_at.is_(None), _E.is_on).order_by(_E.id)
    ).all()


def count_endpoints(work: Work) -> int:
    """Return how many endpoints there are."""
    return work.session.scalar(select(func.count(_E.id)).where(_E.removed_at.is_(None))) or 0


def delivery(work: Work, delivery_id: UUID) -> WebhookDelivery:
    """Return one delivery."""
    found = work.session.scalar(select(_D).where(_D.id == delivery_id))
    if found is None:
        raise DeliveryNotFound(f"There is no webhook delivery {delivery_id}.")
    return found


def deliveries(
    work: Work,
    page: PageQuery,
    *,
    endpoint_id: UUID | None,
    state: str | None,
    kind: str | None,
) -> Sequence[WebhookDelivery]:
    """Return a page of deliveries, the newest first."""
    statement = select(_D)
    if endpoint_id is not None:
        statement = statement.where(_D.endpoint_id == endpoint_id)
    if state is not None:
        statement = statement.where(_D.state == state)
    if kind is not None:
        statement = statement.where(_D.kind == kind)
    return work.session.scalars(keyset(statement, page, _D.id, descending=True)).all()


def endpoints_due(work: Work) -> Sequence[WebhookEndpoint]:
    """Return endpoints for which something is due, those that waited longest before others."""
    due = (
        select(_D.endpoint_id, func.min(_D.due_at).label("since"))
        .where(_is_due(work.context.now))
        .group_by(_D.endpoint_id)
        .subquery()
    )
    return work.session.scalars(
        select(_E)
        .join(due, due.c.endpoint_id == _E.id)
        .where(_takes(work.context.now))
        .order_by(due.c.since)
        .limit(ENDPOINTS_AT_ONCE)
    ).all()


def deliveries_due(work: Work, endpoint_id: UUID) -> Sequence[WebhookDelivery]:
    """Return what is due for one endpoint, locked, and what another sends left out."""
    return work.session.scalars(
        select(_D)
        .where(_D.endpoint_id == endpoint_id, _is_due(work.context.now))
        .order_by(_D.due_at, _D.id)
        .limit(BATCH_MAX)
        .with_for_update(skip_locked=True)
    ).all()


def with_deliveries_due(survey: Survey) -> Sequence[UUID]:
    """Return the organizations that have something to send."""
    due = (
        select(_D.organization_id)
        .join(_E, and_(_E.organization_id == _D.organization_id, _E.id == _D.endpoint_id))
        .where(_is_due(survey.now), _takes(survey.now))
    )
    return survey.session.scalars(due.distinct()).all()


def _is_due(now: dt.datetime) -> ColumnElement[bool]:
    return and_(_D.due_at.is_not(None), _D.due_at <= now)


def _takes(now: dt.datetime) -> ColumnElement[bool]:
    """Return what is true of an endpoint to which something may be sent now."""
    is_awake = or_(_E.rests_until.is_(None), _E.rests_until <= now)
    return and_(_E.is_on, _E.removed_at.is_(None), is_awake)
