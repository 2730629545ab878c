"""Money that moved is booked: each movement once, however often it is told."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from nexafi.contracts.ledger.events import MovementBooked
from nexafi.contracts.payments.events import MoneyMoved
from nexafi.kernel.data.work import Work
from nexafi.kernel.news.outbox import tell
from nexafi.ledger.errors import AlreadyPosted
from nexafi.ledger.journal import actions as journal
from nexafi.ledger.journal import queries as in_journal
from nexafi.ledger.journal import recipes
from nexafi.ledger.periods import queries as periods
from nexafi.ledger.periods.rules import first_open
from nexafi.ledger.posting_accounts import actions as posting_accounts
from nexafi.ledger.posting_accounts.rules import plain


def book(work: Work, event: MoneyMoved) -> None:
    """Post the entry of *event* unless it stands, and tell which it is.

    Money that moved is a fact, so it is booked whatever the chart lacks and
    whichever days are closed: then on the first open day after it.
    """
    source = recipes.source(event)
    entry_id = in_journal.of_source(work, source)
    if entry_id is None:
        try:
            with work.savepoint():
                entry_id = _post(work, event)
        except AlreadyPosted:  # carrying on: another was told at the same time, and was quicker
            entry_id = in_journal.of_source(work, source)
            if entry_id is None:
                raise

    tell(work, MovementBooked(movement_id=event.movement_id, entry_id=entry_id))


def _post(work: Work, event: MoneyMoved) -> UUID:
    """Post the entry of *event*; return its id."""
    base_currency = work.context.known.base_currency
    rates = in_journal.rates(work, recipes.needs_rate(event, base_currency), event.on)
    day = _open_day(work, event.on)

    legs = recipes.shares(event, base_currency, rates)
    wanted = {(leg.role, leg.amount.currency) for leg in legs}
    accounts = posting_accounts.resolve(work, wanted, plain(event.provider))
    draft = recipes.draft(event, legs, accounts, day=day)

    return journal.post(work, draft).id


def _open_day(work: Work, day: dt.date) -> dt.date:
    """Return *day*, or the first one after it to which anybody may post."""
    lock = periods.lock(work)
    through = lock.locked_through if lock else None
    return first_open(day, through, periods.shut_from(work, day))
