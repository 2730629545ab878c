"""What one does to periods. Whoever closes, opens or locks waits for those who post, and they wait.

Closing a fiscal year brings income and expense to zero by an entry of the kind
``closing``, dated its last day; opening it again takes that entry back by
another of the kind, dated the same day, so that reports which leave closing
entries out see the year as if neither had been. Both go to a day on which
nobody else may post: what shuts it steps aside within the same transaction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from uuid import UUID

from nexafi.contracts.ledger.permissions import LedgerPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.trust import audit
from nexafi.kernel.values.ids import new_id
from nexafi.ledger.accounts import queries as chart
from nexafi.ledger.errors import (
    AccountMissing,
    EarlierYearOpen,
    LaterYearClosed,
    PeriodTaken,
    PeriodUnfit,
    PeriodUsed,
    ReasonMissing,
)
from nexafi.ledger.journal import actions as journal
from nexafi.ledger.journal import queries as in_journal
from nexafi.ledger.journal import store
from nexafi.ledger.journal.rules import Draft, reversal
from nexafi.ledger.periods import queries, rules
from nexafi.ledger.tables import Lock, Period, PeriodChange


def open_year(
    work: Work,
    *,
    day: dt.date | None,
    starts_on: dt.date | None,
    ends_on: dt.date | None,
    name: str | None,
    into: str | None,
) -> list[Period]:
    """Add the fiscal year of *day*, and the periods that it is split *into*; return the year first.

    Its first and last day follow from the organization's, unless they are
    given: a first year may be short, or longer by half a year.
    """
    start = work.context.known.fiscal_year_start
    first, last = rules.year_of(day or starts_on or work.context.today, start)
    starts_on, ends_on = starts_on or first, ends_on or last
    rules.check_year(starts_on, ends_on)

    store.hold(work)  # two at once would both find these days free
    if taken := queries.overlapping(work, "year", starts_on, ends_on):
        raise PeriodTaken(f"The fiscal year {taken[0].name} has some of these days.")

    year = Period(
        name=name or rules.year_name(starts_on, ends_on),
        kind="year",
        starts_on=starts_on,
        ends_on=ends_on,
        state="open",
    )
    work.session.add(year)
    work.session.flush()
    audit.note(work, May.PERIOD_CLOSE, f"periods/{year.id} ({year.name}) added")
    return [year, *_split(work, year, into)] if into else [year]


def split_year(work: Work, period_id: UUID, into: str) -> list[Period]:
    """Add the months or quarters of a fiscal year, if it has none yet."""
    store.hold(work)
    year = queries.period(work, period_id)
    if year.kind != "year":
        raise PeriodUnfit(f"{year.name} is no fiscal year.")
    return _split(work, year, into)


def _split(work: Work, year: Period, into: str) -> list[Period]:
    if taken := queries.overlapping(work, "period", year.starts_on, year.ends_on):
        raise PeriodTaken(f"The period {taken[0].name} has some of these days.")
    spans = rules.split(year.starts_on, year.ends_on, into)
    if len(spans) < 2:
        raise PeriodUnfit(f"{year.name} is no longer than one {into}.")
    found = [
        Period(
            name=span.name,
            kind="period",
            starts_on=span.starts_on,
            ends_on=span.ends_on,
            state="open",
        )
        for span in spans
    ]
    work.session.add_all(found)
    work.session.flush()
    return found


def remove(work: Work, period_id: UUID) -> None:
    """Remove a period that was never closed, of a year all that is within it; or PeriodUsed."""
    store.hold(work)
    period = queries.period(work, period_id)
    found = [period]
    if period.kind == "year":
        found += queries.overlapping(work, "period", period.starts_on, period.ends_on)
    if queries.changed(work, [each.id for each in found]):
        raise PeriodUsed(f"{period.name} has been closed before; that stays on record.")

    for each in found:
        work.session.delete(each)
    work.session.flush()
    audit.note(work, May.PERIOD_CLOSE, f"periods/{period.id} ({period.name}) removed")


def close(work: Work, period_id: UUID, *, softly: bool, into: str | None, reason: str) -> Period:
    """Close a period: *softly*, so that some may still post to it, or so that nobody may.

    To close a fiscal year for everybody takes income and expense to the account
    *into*; by default the open one of the subtype ``retained_earnings``.
    """
    store.hold(work)
    period = queries.period(work, period_id)
    to = "soft" if softly else "closed"

    rules.check_move(period.name, period.state, to)

    if period.kind == "year" and not softly:
        _close_year(work, period, into)
    _change(work, period, to, reason)
    return period


def _close_year(work: Work, year: Period, into: str | None) -> None:
    """Post what closes *year*, to the day and before it is closed."""
    _check_earlier(work, year)
    standings = queries.standings(work, year.ends_on)
    if not any(each.minor or each.base_minor for each in standings):
        return
    code = _result_account(work, into)
    drafts = rules.closing(
        year.name, year.ends_on, standings, code, work.context.known.base_currency
    )
    with _stepping_aside(work, year.ends_on, drafts, f"To close {year.name}."):
        posted = journal.post_all(work, drafts)
    year.closing_entry_id = posted[0].id


def _check_earlier(work: Work, year: Period) -> None:
    """Raise EarlierYearOpen if something before *year* is not closed: its result would mix."""
    for each in queries.years(work):
        if each.starts_on < year.starts_on and each.state != "closed":
            raise EarlierYearOpen(f"Close {each.name} first.", period=str(each.id))
    before = year.starts_on - rules.DAY
    left = [each.account for each in queries.standings(work, before) if each.base_minor]
    if left:
        raise EarlierYearOpen(
            f"There are income and expenses before {year.starts_on} that were never closed;"
            " add that fiscal year and close it first.",
            accounts=left[:100],
        )


def _result_account(work: Work, into: str | None) -> str:
    """Return the code of the account that takes the result."""
    if into is None:
        return chart.of_subtype(
            work, "retained_earnings", type_="equity", field="retained_earnings"
        ).code
    account = chart.by_code(work, into)
    if account.type != "equity" or not account.is_open:
        raise AccountMissing(f"{into} is no open equity account; the result of a year needs one.")
    return account.code


def reopen(work: Work, period_id: UUID, *, softly: bool, reason: str) -> Period:
    """Open a closed period again, for all or *softly*; of a year take the closing entry back."""
    store.hold(work)
    period = queries.period(work, period_id)
    to = "soft" if softly else "open"

    rules.check_move(period.name, period.state, to)

    if period.kind == "year" and period.state == "closed":
        _reopen_year(work, period, reason)
    _change(work, period, to, reason)
    return period


def _reopen_year(work: Work, year: Period, reason: str) -> None:
    for each in queries.years(work):
        if each.starts_on > year.starts_on and each.state == "closed":
            raise LaterYearClosed(f"Open {each.name} again first.", period=str(each.id))
    closings = queries.unreversed_closings(work, year.ends_on)
    drafts = [_taking_back(work, each, year.ends_on, reason) for each in closings]
    if drafts:
        why = f"To open {year.name} again: {reason}"
        with _stepping_aside(work, year.ends_on, drafts, why):
            journal.post_all(work, drafts)
    year.closing_entry_id = None


def _taking_back(work: Work, entry_id: UUID, day: dt.date, reason: str) -> Draft:
    posted = in_journal.draft_of(in_journal.entry(work, entry_id).entry)
    return reversal(posted, entry_id, day=day, reason=reason)


@contextmanager
def _stepping_aside(work: Work, day: dt.date, drafts: Sequence[Draft], why: str) -> Generator[None]:
    """Let *drafts* be posted to *day*, whatever shuts it; afterwards all is shut as before.

    Nobody else posts meanwhile, and nobody sees it: it is one transaction.
    """
    shut = [(period, period.state) for period in queries.shut_on(work, day)]
    accounts = queries.closed_accounts(work, {leg.account for d in drafts for leg in d.legs})
    held = queries.lock(work)
    through = held.locked_through if held else None
    for period, _ in shut:
        period.state = "open"
    for account in accounts:
        account.is_open = True
    work.session.flush()
    if through is not None and through >= day:
        _lock(work, day - rules.DAY, why)
    yield
    for period, state in shut:
        period.state = state
    for account in accounts:
        account.is_open = False
    work.session.flush()
    if through is not None and through >= day:
        _lock(work, through, why)


def _change(work: Work, period: Period, state: str, reason: str) -> None:
    context = work.context
    period.state = state
    work.session.add(
        PeriodChange(
            period_id=period.id,
            state=state,
            reason=reason,
            changed_by=context.actor,
            changed_at=context.now,
        )
    )
    work.session.flush()
    audit.note(work, May.PERIOD_CLOSE, f"periods/{period.id} ({period.name}) {state}")


def lock(work: Work, through: dt.date | None, reason: str) -> Lock:
    """Let nobody post through a day; moved back, or taken away, only for a reason."""
    store.hold(work)
    before = queries.lock(work)
    held = before.locked_through if before else None
    if held is not None and (through is None or through < held) and not reason.strip():
        raise ReasonMissing(f"The books are locked through {held}; say why they are opened.")

    made = _lock(work, through, reason)
    audit.note(work, May.PERIOD_CLOSE, f"locks/{made.id} through {through}")
    return made


def _lock(work: Work, through: dt.date | None, reason: str) -> Lock:
    """Set the lock; the one with the greatest id holds, so it is given one, whatever the clock."""
    before = queries.lock(work)
    made = new_id()
    if before is not None and made <= before.id:
        made = UUID(int=before.id.int + 1)
    row = Lock(
        id=made,
        locked_through=through,
        reason=reason[:500],
        changed_by=work.context.actor,
        changed_at=work.context.now,
    )
    work.session.add(row)
    work.session.flush()
    return row
