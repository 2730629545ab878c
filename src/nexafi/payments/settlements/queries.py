"""What one asks about settlements, their lines and breaks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select

from nexafi.kernel.data.work import Work
from nexafi.kernel.values.money import Money
from nexafi.kernel.web.paging import PageQuery, keyset
from nexafi.payments.errors import BreakNotFound, SettlementNotFound
from nexafi.payments.settlements.rules import FITS, Known
from nexafi.payments.tables import (
    Charge,
    Movement,
    Settlement,
    SettlementBreak,
    SettlementFile,
    SettlementLine,
    SettlementMatch,
)

T = TypeVar("T")

OLD = dt.timedelta(days=120)
"""What moved so long before a payout is found by its name only."""
AT_ONCE = 1000
SETTLED_KINDS = sorted(frozenset().union(*FITS.values()))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which settlements or breaks a list is to hold; what is None does not matter."""

    provider: str | None = None
    is_open: bool | None = None
    kind: str | None = None
    settlement_id: UUID | None = None
    assignee: str | None = None


def settlement(work: Work, settlement_id: UUID) -> Settlement:
    """Return one settlement."""
    found = work.session.scalar(select(Settlement).where(Settlement.id == settlement_id))
    if found is None:
        raise SettlementNotFound(f"There is no settlement {settlement_id}.")
    return found


def settlement_to_change(work: Work, settlement_id: UUID) -> Settlement:
    """Return one settlement, locked until the Work ends, as it is now."""
    found = work.session.scalar(
        select(Settlement)
        .where(Settlement.id == settlement_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise SettlementNotFound(f"There is no settlement {settlement_id}.")
    return found


def settlement_of(work: Work, provider: str, reference: str) -> Settlement | None:
    """Return the settlement of a payout that the provider knows by *reference*."""
    return work.session.scalar(
        select(Settlement)
        .where(Settlement.provider == provider, Settlement.reference == reference)
        .with_for_update()
    )


def settlements(work: Work, page: PageQuery, wanted: Wanted) -> Sequence[Settlement]:
    """Return a page of settlements, the newest first."""
    statement = select(Settlement)
    if wanted.provider is not None:
        statement = statement.where(Settlement.provider == wanted.provider)
    if wanted.is_open is not None:
        is_left = Settlement.received_minor < Settlement.amount_minor
        statement = statement.where(is_left if wanted.is_open else ~is_left)
    return work.session.scalars(keyset(statement, page, Settlement.id, descending=True)).all()


def in_transit(work: Work, currency: str, provider: str | None) -> Sequence[Settlement]:
    """Return the settlements that have not arrived whole, oldest first, locked."""
    statement = select(Settlement).where(
        Settlement.currency == currency,
        Settlement.state == "booked",
        Settlement.received_minor < Settlement.amount_minor,
    )
    if provider is not None:
        statement = statement.where(Settlement.provider == provider)
    return work.session.scalars(statement.order_by(Settlement.id).with_for_update()).all()


def file_of(work: Work, sha256: str) -> SettlementFile | None:
    """Return the file that has this content, if it was handed in before."""
    return work.session.scalar(select(SettlementFile).where(SettlementFile.sha256 == sha256))


def lines(
    work: Work, settlement_id: UUID, page: PageQuery, state: str | None
) -> Sequence[SettlementLine]:
    """Return a page of the lines of a settlement, in the order of the report."""
    statement = select(SettlementLine).where(SettlementLine.settlement_id == settlement_id)
    if state is not None:
        statement = statement.where(SettlementLine.state == state)
    return work.session.scalars(keyset(statement, page, SettlementLine.position)).all()


def line(work: Work, line_id: UUID) -> SettlementLine:
    """Return one line, locked until the Work ends."""
    return work.session.scalars(
        select(SettlementLine).where(SettlementLine.id == line_id).with_for_update()
    ).one()


def known_line_ids(work: Work, provider: str, line_ids: Iterable[str]) -> set[str]:
    """Return those of *line_ids* that a line has already."""
    found: set[str] = set()
    for some in _batched(line_ids):
        asked = select(SettlementLine.line_id).where(
            SettlementLine.provider == provider, SettlementLine.line_id.in_(some)
        )
        found.update(each for each in work.session.scalars(asked) if each is not None)
    return found


def _batched(names: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(names)
    while some := list(islice(rest, AT_ONCE)):
        yield some


def movements_to_match(work: Work, provider: str, since: dt.date, until: dt.date) -> list[Known]:
    """Return what a provider has not settled of what moved in these days, or somewhat before."""
    asked = _known(provider).where(
        SettlementMatch.id.is_(None),
        Movement.kind.in_(SETTLED_KINDS),
        Movement.moved_on.between(since - OLD, until),
    )
    return [_shown(row) for row in work.session.execute(asked)]


def movements_named(
    work: Work, provider: str, names: Iterable[str], operations: Iterable[UUID]
) -> list[Known]:
    """Return the movements that a provider knows by one of *names*, or that are of *operations*."""
    conditions: Iterator[ColumnElement[bool]] = chain(
        (Movement.reference.in_(some) for some in _batched(names)),
        (Movement.operation_id.in_(some) for some in _batched(operations)),
    )
    return [
        _shown(row)
        for condition in conditions
        for row in work.session.execute(_known(provider).where(condition))
    ]


def movement_known(work: Work, movement_id: UUID) -> Known | None:
    """Return one movement as it is matched, whoever moved it."""
    row = work.session.execute(_known(None).where(Movement.id == movement_id)).first()
    return _shown(row) if row else None


def unsettled(work: Work, provider: str, count_max: int) -> list[Known]:
    """Return what a provider has not settled yet, oldest first."""
    asked = (
        _known(provider)
        .where(SettlementMatch.id.is_(None), Movement.kind.in_(SETTLED_KINDS))
        .order_by(Movement.id)
        .limit(count_max)
    )
    return [_shown(row) for row in work.session.execute(asked)]


def _known(provider: str | None) -> Select[*tuple[Any, ...]]:
    statement = (
        select(
            Movement.id,
            Movement.kind,
            Movement.moved_on,
            Movement.amount_minor,
            Movement.currency,
            Movement.fee_minor,
            Movement.reference,
            Charge.reference,
            Movement.operation_id,
            SettlementMatch.id.is_not(None),
            Movement.provider,
            Movement.told["worth"],
        )
        .outerjoin(SettlementMatch, SettlementMatch.movement_id == Movement.id)
        .outerjoin(Charge, Charge.id == Movement.charge_id)
    )
    return statement if provider is None else statement.where(Movement.provider == provider)


def _shown(row: Any) -> Known:  # noqa: ANN401 - a row of `_known`
    *plain, worth = row
    return replace(Known(*plain), worth=_minor(worth))


def _minor(worth: Any) -> int | None:  # noqa: ANN401 - of JSON
    return Money.of(worth["amount"], worth["currency"]).minor if worth else None


def breaks(work: Work, page: PageQuery, wanted: Wanted) -> Sequence[SettlementBreak]:
    """Return a page of breaks, the oldest first."""
    statement = select(SettlementBreak)
    if wanted.provider is not None:
        statement = statement.where(SettlementBreak.provider == wanted.provider)
    if wanted.is_open is not None:
        is_closed = SettlementBreak.closed_at.is_not(None)
        statement = statement.where(~is_closed if wanted.is_open else is_closed)
    if wanted.kind is not None:
        statement = statement.where(SettlementBreak.kind == wanted.kind)
    if wanted.settlement_id is not None:
        statement = statement.where(SettlementBreak.settlement_id == wanted.settlement_id)
    if wanted.assignee is not None:
        statement = statement.where(SettlementBreak.assignee == wanted.assignee)
    return work.session.scalars(keyset(statement, page, SettlementBreak.id)).all()


def break_(work: Work, break_id: UUID, *, lock: bool = False) -> SettlementBreak:
    """Return one break."""
    statement = select(SettlementBreak).where(SettlementBreak.id == break_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = work.session.scalar(statement)
    if found is None:
        raise BreakNotFound(f"There is no break {break_id}.")
    return found


def missing_lines(work: Work, provider: str) -> dict[UUID, SettlementBreak]:
    """Return the open breaks of movements of which no report tells, by movement."""
    asked = select(SettlementBreak).where(
        SettlementBreak.provider == provider,
        SettlementBreak.kind == "missing_line",
        SettlementBreak.closed_at.is_(None),
    )
    rows = work.session.scalars(asked)
    return {row.movement_id: row for row in rows if row.movement_id is not None}


def matches_of(work: Work, line_id: UUID, how: str) -> Sequence[SettlementMatch]:
    """Return what a line was linked to in this way."""
    asked = select(SettlementMatch).where(
        SettlementMatch.line_id == line_id, SettlementMatch.how == how
    )
    return work.session.scalars(asked).all()


def match_of(work: Work, movement_id: UUID) -> SettlementMatch | None:
    """Return by what a movement is settled, if it is."""
    return work.session.scalar(
        select(SettlementMatch).where(SettlementMatch.movement_id == movement_id)
    )
