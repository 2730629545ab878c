"""What charges add up to, asked for in one statement whatever the span."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Integer, and_, case, column, func, select, values

from nexafi.kernel.data.types import Moment
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
    moments = [
        (n, rules.beginning(first, home.zone), rules.beginning(after, home.zone))
        for n, (first, after) in enumerate(spans)
    ]
    span = (
        values(column("place", Integer), column("since", Moment), column("until", Moment))
        .data(moments)
        .cte("spans")
    )
    keys = [COLUMNS[each] for each in by]
    asked = (
        select(span.c.place, *keys, Charge.currency, Charge.rate, *_sums())
        .join(span, and_(Charge.created_at >= span.c.since, Charge.created_at < span.c.until))
        .where(Charge.created_at >= moments[0][1], Charge.created_at < moments[-1][2], *where)
        .group_by(span.c.place, *keys, Charge.currency, Charge.rate)
    )
    found: dict[tuple[str, ...], Group] = {}
    for place, *rest in work.session.execute(asked):
        own = tuple(rest[: len(keys)])
        currency, rate, *sums = rest[len(keys) :]
        key = (spans[place][0].isoformat(), *own)
        told = Sums(*(int(each or 0) for each in sums))
        rules.put(found, key, told, (currency, rate, home.base_currency))
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
