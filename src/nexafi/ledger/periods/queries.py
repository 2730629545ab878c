"""What one asks of the periods, and of the books that are to be closed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, func, select, union_all
from sqlalchemy.orm import aliased

from nexafi.kernel.data.work import Work
from nexafi.kernel.web.paging import PageQuery, keyset
from nexafi.ledger.errors import PeriodNotFound
from nexafi.ledger.periods.rules import Standing
from nexafi.ledger.tables import Account, Balance, Entry, Fresh, Line, Lock, Period, PeriodChange


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which periods a list is to hold; what is None does not matter."""

    kind: str | None = None
    state: str | None = None
    day: dt.date | None = None
    """A day that lies in them."""


def period(work: Work, period_id: UUID) -> Period:
    """Return one period, as it is now and not as this Work read it before."""
    wanted = select(Period).where(Period.id == period_id)
    row = work.session.scalar(wanted.execution_options(populate_existing=True))
    if row is None:
        raise PeriodNotFound(f"There is no period {period_id}.")
    return row


def periods(work: Work, page: PageQuery, wanted: Wanted) -> Sequence[Period]:
    """Return a page of periods by their first day, a year before what is within it."""
    statement = select(Period)
    if wanted.kind is not None:
        statement = statement.where(Period.kind == wanted.kind)
    if wanted.state is not None:
        statement = statement.where(Period.state == wanted.state)
    if wanted.day is not None:
        statement = statement.where(Period.starts_on <= wanted.day, Period.ends_on >= wanted.day)
    statement = keyset(statement, page, Period.starts_on, Period.id)
    return work.session.scalars(statement).all()


def overlapping(work: Work, kind: str, starts_on: dt.date, ends_on: dt.date) -> Sequence[Period]:
    """Return the periods of a kind that have a day in common with these days, in order."""
    wanted = (
        select(Period)
        .where(Period.kind == kind, Period.starts_on <= ends_on, Period.ends_on >= starts_on)
        .order_by(Period.starts_on)
    )
    return work.session.scalars(wanted).all()


def years(work: Work) -> Sequence[Period]:
    """Return all fiscal years in order."""
    wanted = select(Period).where(Period.kind == "year").order_by(Period.starts_on)
    return work.session.scalars(wanted).all()


def shut_on(work: Work, day: dt.date) -> Sequence[Period]:
    """Return the periods in which *day* lies and not everybody may post."""
    wanted = select(Period).where(
        Period.state != "open", Period.starts_on <= day, Period.ends_on >= day
    )
    return work.session.scalars(wanted).all()


def shut_from(work: Work, day: dt.date) -> list[tuple[dt.date, dt.date]]:
    """Return the spans from *day* on in which not everybody may post, by their first days."""
    wanted = (
        select(Period.starts_on, Period.ends_on)
        .where(Period.state != "open", Period.ends_on >= day)
        .order_by(Period.starts_on, Period.ends_on)
    )
    return [(row.starts_on, row.ends_on) for row in work.session.execute(wanted)]


def changes(work: Work, period_id: UUID, page: PageQuery) -> Sequence[PeriodChange]:
    """Return a page of what was done to a period, oldest first."""
    wanted = select(PeriodChange).where(PeriodChange.period_id == period_id)
    statement = keyset(wanted, page, PeriodChange.changed_at, PeriodChange.id)
    return work.session.scalars(statement).all()


def changed(work: Work, period_ids: Collection[UUID]) -> bool:
    """Return whether any of these was ever closed."""
    wanted = select(PeriodChange.id).where(PeriodChange.period_id.in_(period_ids)).limit(1)
    return work.session.scalar(wanted) is not None


def lock(work: Work) -> Lock | None:
    """Return the lock that holds, if one was ever set; the database goes by the same order."""
    return work.session.scalar(select(Lock).order_by(Lock.id.desc()).limit(1))


def locks(work: Work, page: PageQuery) -> Sequence[Lock]:
    """Return a page of the locks that were set, latest first."""
    return work.session.scalars(keyset(select(Lock), page, Lock.id, descending=True)).all()


def standings(
    work: Work, through: dt.date, types: Collection[str] = ("income", "expense")
) -> list[Standing]:
    """Return what each account of *types* stands at at the end of a day, by currency.

    Counted at one moment, by one statement: the folded months, the lines of the
    broken month that are folded, and all lines of entries that are not. Those
    who post wait meanwhile (`journal.store.hold`), the job that folds does not.
    """
    month = through.replace(day=1)
    next_day = through + dt.timedelta(days=1)
    whole_before = next_day if next_day.day == 1 else month
    folded = select(
        Balance.account_id.label("account_id"),
        Balance.currency.label("currency"),
        Balance.minor.label("minor"),
        Balance.base_minor.label("base_minor"),
    ).where(Balance.month < whole_before)
    lines = select(Line.account_id, Line.currency, Line.minor, Line.base_minor)
    is_fresh = and_(Fresh.organization_id == Line.organization_id, Fresh.id == Line.entry_id)
    fresh = lines.join(Fresh, is_fresh).where(Line.date <= through)
    broken = lines.outerjoin(Fresh, is_fresh).where(
        Fresh.id.is_(None), Line.date >= whole_before, Line.date <= through
    )
    moved = union_all(folded, fresh, broken).subquery()
    wanted = (
        select(
            Account.code,
            moved.c.currency,
            func.sum(moved.c.minor).label("minor"),
            func.sum(moved.c.base_minor).label("base_minor"),
        )
        .join(moved, moved.c.account_id == Account.id)
        .where(Account.type.in_(types))
        .group_by(Account.code, moved.c.currency)
        .order_by(Account.code, moved.c.currency)
    )
    rows = work.session.execute(wanted)
    return [Standing(row.code, row.currency, int(row.minor), int(row.base_minor)) for row in rows]


def unreversed_closings(work: Work, day: dt.date) -> Sequence[UUID]:
    """Return the closing entries of *day* that stand: neither taken back nor taking back."""
    reversing = aliased(Entry)
    wanted = (
        select(Entry.id)
        .where(
            Entry.kind == "closing",
            Entry.date == day,
            Entry.reverses_id.is_(None),
            ~select(reversing.id).where(reversing.reverses_id == Entry.id).exists(),
        )
        .order_by(Entry.id)
    )
    return work.session.scalars(wanted).all()


def closed_accounts(work: Work, codes: Collection[str]) -> Sequence[Account]:
    """Return those of *codes* that are closed."""
    wanted = select(Account).where(Account.code.in_(codes), Account.is_open.is_(False))
    return work.session.scalars(wanted).all()
