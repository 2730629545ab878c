"""What one asks of the rates."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from nexafi.kernel.data.work import Work
from nexafi.payments.errors import RateUnknown
from nexafi.payments.tables import Rate


def rate(work: Work, currency: str) -> str | None:
    """Return what a unit of *currency* is worth in the base currency today; None if it is that.

    It is the latest rate that the ledger was given for today or a day before.
    """
    base_currency = work.context.known.base_currency
    if currency == base_currency:
        return None
    found = work.session.scalar(
        select(Rate.rate)
        .where(Rate.currency == currency, Rate.date <= work.context.today, Rate.rate.is_not(None))
        .order_by(Rate.date.desc())
        .limit(1)
    )
    if found is None:
        raise RateUnknown(
            f"What {currency} is worth in {base_currency} is not known."
            " Give a rate with POST /api/v1/ledger/rates.",
            currency=currency,
        )
    return found


def of_day(work: Work, currency: str, day: dt.date) -> Rate | None:
    """Return what was told of a currency for exactly this day, if anything was."""
    return work.session.scalar(select(Rate).where(Rate.currency == currency, Rate.date == day))
