"""What is compared: movements with the books, operations and charges with movements."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, select

from nexafi.contracts.payments.events import MovementKind
from nexafi.kernel.data.tables import Organization
from nexafi.kernel.data.work import Survey, Work
from nexafi.kernel.web.paging import PageQuery, keyset
from nexafi.payments.tables import Charge, Check, Finding, Movement, Operation

PATIENCE: Final = dt.timedelta(minutes=10)
"""So long the books may take before a movement is told again."""
PERIOD: Final = dt.timedelta(hours=1)
TOLD_MAX: Final = 1000
FOUND_MAX: Final = 1000
"""Findings of one kind that are kept of one look."""

MOVES: Final = {
    "sale": MovementKind.CAPTURE,
    "capture": MovementKind.CAPTURE,
    "refund": MovementKind.REFUND,
}
"""Which movement an operation that succeeded makes."""


def with_checks_due(survey: Survey) -> Sequence[UUID]:
    """Return the organizations that nobody has looked at for an hour."""
    asked = (
        select(Organization.id)
        .outerjoin(Check, Check.organization_id == Organization.id)
        .where((Check.id.is_(None)) | (Check.checked_at <= survey.now - PERIOD))
    )
    return survey.session.scalars(asked).all()


def movements_unbooked(survey: Survey) -> float:
    """Return how many movements were made more than ten minutes ago and are not booked."""
    asked = select(func.count()).where(_is_unbooked(), Movement.id < _id_at(survey.now - PATIENCE))
    return float(survey.session.scalar(asked) or 0)


def _is_unbooked() -> ColumnElement[bool]:
    return Movement.entry_id.is_(None)


def _id_at(moment: dt.datetime) -> UUID:
    """Return an id below all that are made after *moment*: the time stands first in them."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def to_tell_again(work: Work) -> Sequence[Movement]:
    """Return the movements that the books should have by now, oldest first."""
    asked = (
        select(Movement)
        .where(_is_unbooked(), Movement.told_at <= work.context.now - PATIENCE)
        .order_by(Movement.told_at)
        .limit(TOLD_MAX)
    )
    return work.session.scalars(asked).all()


def counted(work: Work) -> tuple[int, int]:
    """Return how many movements there are, and how many of them are not booked."""
    asked = select(func.count(), func.sum(case((_is_unbooked(), 1), else_=0))).select_from(Movement)
    total, unbooked = work.session.execute(asked).one()
    return int(total), int(unbooked or 0)


def operations_without(work: Work) -> Sequence[Operation]:
    """Return the operations that succeeded and moved nothing that was written down."""
    asked = (
        select(Operation)
        .outerjoin(Movement, Movement.operation_id == Operation.id)
        .where(
            Operation.state == "succeeded",
            Operation.kind.in_(MOVES),
            Operation.amount_minor > 0,
            Movement.id.is_(None),
        )
        .order_by(Operation.id)
        .limit(FOUND_MAX)
    )
    return work.session.scalars(asked).all()


def charges_off(work: Work) -> Sequence[Any]:
    """Return the charges whose sums are not those of their movements, with the difference.

    What was captured, less what went back; a wallet that was topped up counts as a capture.
    """
    moved = (
        select(
            Movement.charge_id.label("charge_id"),
            func.sum(case((_took(), Movement.amount_minor), else_=0)).label("captured"),
            func.sum(case((_gave(), Movement.amount_minor), else_=0)).label("refunded"),
            func.sum(
                case((Movement.kind == MovementKind.REFUND_FAILED, Movement.amount_minor), else_=0)
            ).label("failed"),
        )
        .where(Movement.charge_id.is_not(None))
        .group_by(Movement.charge_id)
        .subquery()
    )
    ours = Charge.captured_minor - Charge.refunded_minor
    told = moved.c.captured - moved.c.refunded + moved.c.failed
    asked = (
        select(Charge.id, Charge.currency, (ours - told).label("off"))
        .join(moved, and_(moved.c.charge_id == Charge.id))
        .where(ours != told)
        .order_by(Charge.id)
        .limit(FOUND_MAX)
    )
    return work.session.execute(asked).all()


def _took() -> ColumnElement[bool]:
    return Movement.kind.in_([MovementKind.CAPTURE, MovementKind.WALLET_TOP_UP])


def _gave() -> ColumnElement[bool]:
    return Movement.kind == MovementKind.REFUND


def totals(work: Work) -> dict[tuple[str, str], tuple[int, int]]:
    """Return by provider and currency what operations and what their movements add up to."""
    sign = case((Operation.kind == "refund", -1), else_=1)
    done = (
        select(Operation.provider, Operation.currency, func.sum(sign * Operation.amount_minor))
        .where(Operation.state == "succeeded", Operation.kind.in_(MOVES))
        .group_by(Operation.provider, Operation.currency)
    )
    back = case((_gave(), -1), else_=1)
    moved = (
        select(Movement.provider, Movement.currency, func.sum(back * Movement.amount_minor))
        .where(Movement.operation_id.is_not(None), _took() | _gave())
        .group_by(Movement.provider, Movement.currency)
    )
    ours = {(p, c): int(minor) for p, c, minor in work.session.execute(done)}
    theirs = {(p, c): int(minor) for p, c, minor in work.session.execute(moved)}
    return {key: (ours.get(key, 0), theirs.get(key, 0)) for key in sorted(ours | theirs)}


def check(work: Work) -> Check | None:
    """Return what came of the last look."""
    return work.session.scalar(select(Check))


def open_findings(work: Work) -> Sequence[Finding]:
    """Return all findings that are open."""
    return work.session.scalars(select(Finding).where(Finding.closed_at.is_(None))).all()


def findings(work: Work, page: PageQuery, *, is_open: bool | None) -> Sequence[Finding]:
    """Return a page of findings, the newest first."""
    statement = select(Finding)
    if is_open is not None:
        is_closed = Finding.closed_at.is_not(None)
        statement = statement.where(~is_closed if is_open else is_closed)
    return work.session.scalars(keyset(statement, page, Finding.id, descending=True)).all()
