"""What one asks of the rates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from nexafi.kernel.data.work import Work
from nexafi.kernel.web.paging import PageQuery, keyset
from nexafi.ledger.errors import RateNotFound
from nexafi.ledger.tables import Account, Rate


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rates a list is to hold; what is None does not matter."""

    currency: str | None = None
    since: dt.date | None = None
    until: dt.date | None = None


def rate(work: Work, rate_id: UUID) -> Rate:
    """Return one rate."""
    row = work.session.scalar(select(Rate).where(Rate.id == rate_id))
    if row is None:
        raise RateNotFound(f"There is no rate {rate_id}.")
    return row


def of_day(work: Work, currency: str, day: dt.date) -> Rate:
    """Return the rate of a currency that was set for exactly this day."""
    row = work.session.scalar(select(Rate).where(Rate.currency == currency, Rate.date == day))
    if row is None:
        raise RateNotFound(f"No rate of {currency} was set for {day}.")
    return row


def rates(work: Work, page: PageQuery, wanted: Wanted) -> Sequence[Rate]:
    """Return a page of rates, latest day first."""
    statement = select(Rate)
    if wanted.currency is not None:
        statement = statement.where(Rate.currency == wanted.currency)
    if wanted.since is not None:
        statement = statement.where(Rate.date >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(Rate.date <= wanted.until)
    statement = keyset(statement, page, Rate.date, Rate.currency, Rate.id, descending=True)
    return work.session.scalars(statement).all()


def of_subtypes(work: Work, subtypes: Collection[str]) -> set[str]:
    """Return the codes of the accounts that are one of *subtypes*."""
    return set(work.session.scalars(select(Account.code).where(Account.subtype.in_(subtypes))))
