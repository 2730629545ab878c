"""What one asks about charges and what is done to them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select

from nexafi.kernel.data.work import Survey, Work
from nexafi.kernel.web.paging import PageQuery, keyset
from nexafi.payments.charges.rules import UNFINISHED
from nexafi.payments.errors import ChargeNotFound, OperationNotFound
from nexafi.payments.tables import Charge, Operation

BATCH_MAX = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which charges a list is to hold; what is None does not matter."""

    state: str | None = None
    customer_id: UUID | None = None
    provider: str | None = None
    reference: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None


def charge(work: Work, charge_id: UUID) -> Charge:
    """Return one charge."""
    found = work.session.scalar(select(Charge).where(Charge.id == charge_id))
    if found is None:
        raise ChargeNotFound(f"There is no charge {charge_id}.")
    return found


def charge_to_change(work: Work, charge_id: UUID) -> Charge:
    """Return one charge, locked until the Work ends, as it is now."""
    found = work.session.scalar(
        select(Charge)
        .where(Charge.id == charge_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise ChargeNotFound(f"There is no charge {charge_id}.")
    return found


def charge_of_reference(work: Work, provider: str, reference: str) -> Charge | None:
    """Return the charge that a provider knows by *reference*, if there is one."""
    return work.session.scalar(
        select(Charge).where(Charge.provider == provider, Charge.reference == reference)
    )


def charges(work: Work, page: PageQuery, wanted: Wanted) -> Sequence[Charge]:
    """Return a page of charges, the newest first."""
    statement = select(Charge)
    same = {
        Charge.state: wanted.state,
        Charge.customer_id: wanted.customer_id,
        Charge.provider: wanted.provider,
        Charge.reference: wanted.reference,
    }
    for column, value in same.items():
        if value is not None:
            statement = statement.where(column == value)
    if wanted.since is not None:
        statement = statement.where(Charge.created_at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(Charge.created_at < wanted.until)
    return work.session.scalars(keyset(statement, page, Charge.id, descending=True)).all()


def operation(work: Work, operation_id: UUID) -> Operation:
    """Return one operation, as it is now."""
    found = work.session.scalar(
        select(Operation)
        .where(Operation.id == operation_id)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise OperationNotFound(f"There is no operation {operation_id}.")
    return found


def find_operation(work: Work, operation_id: UUID) -> Operation | None:
    """Return one operation, if there is one of that id."""
    return work.session.scalar(select(Operation).where(Operation.id == operation_id))


def operation_of_key(work: Work, request_key: str | None) -> Operation | None:
    """Return the operation that was asked for with an idempotency key, if there is one."""
    if request_key is None:
        return None
    return work.session.scalar(select(Operation).where(Operation.request_key == request_key))


def operation_of_reference(work: Work, provider: str, reference: str) -> Operation | None:
    """Return the operation that a provider knows by *reference*, if there is one."""
    return work.session.scalar(
        select(Operation).where(Operation.provider == provider, Operation.reference == reference)
    )


def unfinished_of(work: Work, charge_id: UUID) -> Sequence[Operation]:
    """Return what is being done to a charge, oldest first."""
    return work.session.scalars(
        select(Operation)
        .where(Operation.charge_id == charge_id, Operation.state.in_(UNFINISHED))
        .order_by(Operation.id)
    ).all()


def operations_of(work: Work, charge_id: UUID) -> Sequence[Operation]:
    """Return all that was done to a charge, oldest first."""
    return work.session.scalars(
        select(Operation).where(Operation.charge_id == charge_id).order_by(Operation.id)
    ).all()


def operations(
    work: Work, page: PageQuery, *, state: str | None = None, kind: str | None = None
) -> Sequence[Operation]:
    """Return a page of operations, the newest first."""
    statement = select(Operation)
    if state is not None:
        statement = statement.where(Operation.state == state)
    if kind is not None:
        statement = statement.where(Operation.kind == kind)
    return work.session.scalars(keyset(statement, page, Operation.id, descending=True)).all()


def operations_due(work: Work) -> Sequence[UUID]:
    """Return the operations that are to be asked about, those due first before others."""
    return work.session.scalars(
        select(Operation.id)
        .where(_due(work.context.now))
        .order_by(Operation.due_at)
        .limit(BATCH_MAX)
    ).all()


def with_operations_due(survey: Survey) -> Sequence[UUID]:
    """Return the organizations that have such operations."""
    due = select(Operation.organization_id).where(_due(survey.now))
    return survey.session.scalars(due.distinct()).all()


def _due(now: dt.datetime) -> ColumnElement[bool]:
    return and_(Operation.due_at.is_not(None), Operation.due_at <= now)
