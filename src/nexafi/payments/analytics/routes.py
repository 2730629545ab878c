"""Analytics over HTTP, as JSON or as a file."""

from __future__ import annotations

from decimal import Decimal

from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.files.table import Cell, Column, Row, Shape, Table
from nexafi.kernel.web.downloads import Download
from nexafi.kernel.web.endpoints import Routes
from nexafi.kernel.web.export import Format, export
from nexafi.payments.analytics import queries, rules
from nexafi.payments.analytics.rules import SPANS_MAX, By
from nexafi.payments.analytics.schemas import NUMBERS, AnalyticsOut, AnalyticsQuery, GroupOut
from nexafi.payments.errors import AnalyticsUnfit

routes = Routes("/api/v1/payments/analytics")


@routes.get("", needs=May.ANALYTICS_READ, gives=AnalyticsOut, report=True)
def read_analytics(work: Work, query: AnalyticsQuery) -> AnalyticsOut | Download:
    """Return what the charges made within some days add up to, and their rates.

    A charge counts on the day on which it was made, in the organization's zone.
    Amounts in the base currency are exact sums at the rates that were locked,
    rounded once.
    """
    by = _by(query.by)
    if query.until < query.since:
        raise AnalyticsUnfit("The last day is before the first.", pointer="#/to")
    spans = list(rules.spans(query.since, query.until, query.every))
    if len(spans) > SPANS_MAX:
        raise AnalyticsUnfit(f"There are more than {SPANS_MAX} spans of time.", pointer="#/every")
    where = queries.where(query.provider, query.currency)
    base = work.context.known.base_currency
    found = queries.groups(work, spans, by, where)
    groups = [GroupOut.of(key, by, group, base) for key, group in found.items()]
    if query.format is Format.JSON:
        return AnalyticsOut(base_currency=base, groups=groups)
    return export(_table(work, query, by, groups), query.format)


def _by(told: str) -> list[By]:
    names = [name for name in told.split(",") if name]
    if unknown := [name for name in names if name not in set(By)]:
        raise AnalyticsUnfit(f"Nothing is told apart by {unknown[0][:40]!r}.", pointer="#/by")
    return list(dict.fromkeys(By(name) for name in names))


def _table(work: Work, query: AnalyticsQuery, by: list[By], groups: list[GroupOut]) -> Table:
    """Return the groups as a table: one row each, amounts in the base currency."""
    home = work.context.known
    amounts, shares = (*rules.AMOUNTS, "average"), ("success_rate", "authorization_rate")
    columns = [
        Column("from", Shape.DATE),
        *(Column(each.value) for each in by),
        *(Column(name, Shape.NUMBER) for name in NUMBERS),
        *(Column(name, Shape.MONEY) for name in amounts),
        *(Column(name, Shape.SHARE) for name in (*shares, "refund_rate", "fee_rate")),
    ]
    rows = [
        Row(
            [
                each.since,
                *(getattr(each, one.value) for one in by),
                *(getattr(each, name) for name in NUMBERS),
                *(getattr(each.total, name) for name in amounts),
                *(_share(getattr(each, name)) for name in shares),
                _share(each.total.refund_rate),
                _share(each.total.fee_rate),
            ]
        )
        for each in groups
    ]
    return Table(
        title="Payments",
        company=home.name,
        period=f"{query.since} to {query.until}",
        currency=home.base_currency,
        columns=columns,
        rows=rows,
        made_at=work.context.now,
    )


def _share(text: str | None) -> Cell:
    return None if text is None else Decimal(text)
