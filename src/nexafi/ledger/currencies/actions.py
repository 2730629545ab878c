"""What one does to rates. Entries already posted keep their worth, whatever becomes of a rate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from uuid import UUID

from nexafi.contracts.ledger.permissions import LedgerPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.trust import audit
from nexafi.ledger.currencies import queries, rules, sheets, store
from nexafi.ledger.currencies.rules import Quote
from nexafi.ledger.tables import Rate


def put(work: Work, quote: Quote) -> Rate:
    """Keep a rate in the place of what was known of the currency for that day."""
    rules.check(quote, work.context.known.base_currency)

    store.put(work, [quote])
    audit.note(work, May.RATE_EDIT, f"rates/{quote.currency}/{quote.date} {quote.rate}")
    return queries.of_day(work, quote.currency, quote.date)


def put_file(
    work: Work, raw: bytes, *, since: dt.date | None, only: Collection[str] | None
) -> list[Quote]:
    """Keep all rates of a file, or none; return them."""
    quotes = sheets.read(raw, work.context.known.base_currency, since=since, only=only)
    store.put(work, quotes)
    audit.note(work, May.RATE_EDIT, f"rates {len(quotes)} from a file")
    return quotes


def remove(work: Work, rate_id: UUID) -> None:
    """Forget a rate; the one before it holds again."""
    row = queries.rate(work, rate_id)
    work.session.delete(row)
    audit.note(work, May.RATE_EDIT, f"rates/{row.currency}/{row.date} removed")
