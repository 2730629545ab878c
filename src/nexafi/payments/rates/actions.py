"""What one does to rates: keep what the ledger tells."""

from __future__ import annotations

from nexafi.contracts.ledger.events import RatesChanged
from nexafi.kernel.data.work import Work
from nexafi.payments.rates import queries
from nexafi.payments.tables import Rate


def keep(work: Work, news: RatesChanged) -> None:
    """Remember rates, and that some were removed; what was changed later is known already."""
    for told in news.rates:
        row = queries.of_day(work, told.currency, told.date)
        if row is None:
            row = Rate(currency=told.currency, date=told.date)
            work.session.add(row)
        elif row.changed_at > news.changed_at:
            continue
        row.rate, row.changed_at = told.rate, news.changed_at
        work.session.flush()
