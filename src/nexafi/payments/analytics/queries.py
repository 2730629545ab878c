"""What charges add up to.

Each span of time is asked for by itself: so each is one walk along the index of moments, and
the days are those of the organization, whatever its clocks do. A join with all the spans was
tried, and took four to ten times as long by days.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, case, func, select

from nexafi.kernel.data.work import Work
from nexafi.payments.analytics import rules
from nexafi.payments.analytics.rules import By, Group, Sums
from nexafi.payments.tables import Charge

COLUMNS = {
    By.PROVIDER: Charge.provider,
    By.METHOD: Charge.method_kind,
    By.COUNTRY: func.coalesce(Charge.country, ""),
    By.CURRENCY: Charge.currency,
}


def groups(
    work: Work,
    spans: Sequence[tuple[dt.date, dt.date]],
    by: Sequence[By],
    where: Sequence[ColumnElement[bool]],
) -> dict[tuple[str, ...], Group]:
    """Return charges made within *spans*, by the first day of the span and what was asked for."""
    home = work.context.known
    keys = [COLUMNS[each] for each in by]
    asked = (
        select(*keys, Charge.currency, Charge.rate, *_sums())
        .where(*where)
        .group_by(*keys, Charge.currency, Charge.rate)
    )
    found: dict[tuple[str, ...], Group] = {}
    for first, after in spans:
        since, until = (rules.beginning(day, home.zone) for day in (first, after))
        within = asked.where(Charge.created_at >= since, Charge.created_at < until)
        for row in work.session.execute(within):
            own = tuple(row[: len(keys)])
            currency, rate, *sums = row[len(keys) :]
            told = Sums(*(int(each or 0) for each in sums))
            priced = currency, rate, home.base_currency
            rules.put(found, (first.isoformat(), *own), told, priced)
    return dict(sorted(found.items()))


def where(provider: str | None, currency: str | None) -> list[ColumnElement[bool]]:
    """Return which charges count."""
    found: list[ColumnElement[bool]] = []
    if provider is not None:
        found.append(Charge.provider == provider)
    if currency is not None:
        found.append(Charge.currency == currency)
    return found


def _sums() -> list[ColumnElement[int]]:
    """Return the columns of `Sums`, in their order."""
    is_failed = and_(Charge.state == "failed", Charge.captured_minor == 0)
    return [
        func.count(),
        _number(Charge.authorized_minor > 0),
        _number(Charge.captured_minor > 0),
        _number(is_failed),
        _number(Charge.refunded_minor > 0),
        _number(Charge.disputed_minor > 0),
        func.sum(Charge.captured_minor),
        func.sum(Charge.refunded_minor),
        func.sum(Charge.disputed_minor),
        func.sum(Charge.fee_minor),
    ]


def _number(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))
