"""Fiscal years, periods and the lock date over HTTP."""

from __future__ import annotations

from uuid import UUID

from nexafi.contracts.ledger.permissions import LedgerPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.web.endpoints import Routes
from nexafi.kernel.web.paging import Page, PageQuery
from nexafi.ledger.periods import actions, queries
from nexafi.ledger.periods.schemas import (
    ChangeOut,
    CloseIn,
    LockOut,
    LockWanted,
    PeriodOut,
    PeriodsOut,
    PeriodsQuery,
    ReopenIn,
    SplitIn,
    YearIn,
)
from nexafi.ledger.tables import Lock

routes = Routes("/api/v1/ledger/periods")


@routes.post("", needs=May.PERIOD_CLOSE, gives=PeriodsOut)
def open_year(work: Work, body: YearIn) -> PeriodsOut:
    """Add a fiscal year, and the months or quarters within it if they are wanted.

    Its days follow from the fiscal year of the organization. The year comes first.
    """
    found = actions.open_year(
        work,
        day=body.day,
        starts_on=body.starts_on,
        ends_on=body.ends_on,
        name=body.name,
        into=body.split,
    )
    return PeriodsOut(items=[PeriodOut.of(each) for each in found])


@routes.get("", needs=May.PERIOD_READ, gives=Page[PeriodOut])
def list_periods(work: Work, query: PeriodsQuery) -> Page[PeriodOut]:
    """Return a page of fiscal years and periods by their first day."""
    rows = queries.periods(work, query, query.wanted())
    return Page[PeriodOut].of(rows, query, PeriodOut.of)


@routes.act("/lock", needs=May.PERIOD_CLOSE, gives=LockOut)
def lock(work: Work, body: LockWanted) -> LockOut:
    """Let nobody post through a day, whatever periods there are.

    The lock may be moved back, or taken away, only with a reason; each change stays on record.
    """
    return _shown(actions.lock(work, body.date, body.reason))


@routes.get("/lock", needs=May.PERIOD_READ, gives=LockOut)
def read_lock(work: Work) -> LockOut:
    """Return through which day nobody may post."""
    return _shown(queries.lock(work))


@routes.get("/locks", needs=May.PERIOD_READ, gives=Page[LockOut])
def list_locks(work: Work, query: PageQuery) -> Page[LockOut]:
    """Return a page of all locks that were ever set, latest first."""
    return Page[LockOut].of(queries.locks(work, query), query, _shown)


def _shown(lock: Lock | None) -> LockOut:
    if lock is None:
        return LockOut(date=None, reason="", changed_by=None, changed_at=None)
    return LockOut(
        date=lock.locked_through,
        reason=lock.reason,
        changed_by=lock.changed_by,
        changed_at=lock.changed_at,
    )


@routes.get("/<uuid:period_id>", needs=May.PERIOD_READ, gives=PeriodOut)
def read_period(work: Work, period_id: UUID) -> PeriodOut:
    """Return one fiscal year or period."""
    return PeriodOut.of(queries.period(work, period_id))


@routes.delete("/<uuid:period_id>", needs=May.PERIOD_CLOSE)
def remove_period(work: Work, period_id: UUID) -> None:
    """Remove a period that was never closed, and with a fiscal year the periods within it."""
    actions.remove(work, period_id)


@routes.post("/<uuid:period_id>/split", needs=May.PERIOD_CLOSE, gives=PeriodsOut)
def split_year(work: Work, period_id: UUID, body: SplitIn) -> PeriodsOut:
    """Add the months or quarters within a fiscal year."""
    found = actions.split_year(work, period_id, body.into)
    return PeriodsOut(items=[PeriodOut.of(each) for each in found])


@routes.act("/<uuid:period_id>/close", needs=May.PERIOD_CLOSE, gives=PeriodOut)
def close_period(work: Work, period_id: UUID, body: CloseIn) -> PeriodOut:
    """Close a fiscal year or a period, softly or hard.

    A fiscal year that is closed hard takes its income and expenses to equity, by
    an entry of the kind `closing` on its last day. Years are closed in order.
    """
    softly = body.mode == "soft"
    period = actions.close(
        work, period_id, softly=softly, into=body.retained_earnings, reason=body.reason
    )
    return PeriodOut.of(period)


@routes.act("/<uuid:period_id>/reopen", needs=May.PERIOD_CLOSE, gives=PeriodOut)
def reopen_period(work: Work, period_id: UUID, body: ReopenIn) -> PeriodOut:
    """Open a closed fiscal year or period again, with a reason on record.

    The closing entry of a year is taken back by another, dated the same day.
    Later years must be opened first.
    """
    softly = body.mode == "soft"
    return PeriodOut.of(actions.reopen(work, period_id, softly=softly, reason=body.reason))


@routes.get("/<uuid:period_id>/changes", needs=May.PERIOD_READ, gives=Page[ChangeOut])
def list_changes(work: Work, period_id: UUID, query: PageQuery) -> Page[ChangeOut]:
    """Return a page of what was done to a period, by whom and why, oldest first."""
    queries.period(work, period_id)
    rows = queries.changes(work, period_id, query)
    return Page[ChangeOut].of(
        rows, query, lambda row: ChangeOut.model_validate(row, from_attributes=True)
    )
