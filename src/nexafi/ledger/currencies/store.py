"""Rates come in by the thousand, and one for the same day takes the place of what was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from sqlalchemy import Table

from nexafi.kernel.data.statements import upsert
from nexafi.kernel.data.work import Work
from nexafi.kernel.values.ids import new_id
from nexafi.ledger.currencies.rules import Quote
from nexafi.ledger.tables import Rate

RATES = cast("Table", Rate.__table__)


def put(work: Work, quotes: Sequence[Quote]) -> None:
    """Keep *quotes*; of several for one currency and day the last stays."""
    last = {(quote.currency, quote.date): quote for quote in quotes}
    if not last:
        return
    statement = upsert(work.session, RATES)
    work.session.connection().execute(
        statement.on_conflict_do_update(
            index_elements=["organization_id", "currency", "date"],
            set_={"rate": statement.excluded.rate, "origin": statement.excluded.origin},
        ),
        [
            {
                "organization_id": work.organization_id,
                "id": new_id(),
                "currency": currency,
                "date": day,
                "rate": quote.rate,
                "origin": quote.origin,
            }
            for (currency, day), quote in sorted(last.items())
        ],
    )
