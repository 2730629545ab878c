"""Rates over HTTP."""

from __future__ import annotations

from uuid import UUID

from nexafi.contracts.ledger.permissions import LedgerPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.web.endpoints import Routes
from nexafi.kernel.web.paging import Page
from nexafi.kernel.web.uploads import Upload
from nexafi.ledger.currencies import actions, queries
from nexafi.ledger.currencies.schemas import (
    ImportQuery,
    RateIn,
    RateOut,
    RatesImported,
    RatesQuery,
    RevaluedOut,
    RevalueIn,
)

routes = Routes("/api/v1/ledger/rates")

SHEET_BYTES_MAX = 4 * 1024 * 1024


@routes.post("", needs=May.RATE_EDIT, gives=RateOut)
def put_rate(work: Work, body: RateIn) -> RateOut:
    """Keep a rate, in the place of what was known of the currency for that day.

    Where an entry leaves out what an amount is worth, the latest rate on or
    before its date says it. Entries already posted stay as they are.
    """
    return RateOut.of(actions.put(work, body.quote()))


@routes.get("", needs=May.RATE_READ, gives=Page[RateOut])
def list_rates(work: Work, query: RatesQuery) -> Page[RateOut]:
    """Return a page of rates, latest day first."""
    return Page[RateOut].of(queries.rates(work, query, query.wanted()), query, RateOut.of)


@routes.act("/import", needs=May.RATE_EDIT, gives=RatesImported, bytes_max=SHEET_BYTES_MAX)
def import_rates(work: Work, file: Upload, query: ImportQuery) -> RatesImported:
    """Take rates from a CSV file, all of it or nothing.

    It is a table of the European Central Bank (`eurofxref-hist.csv`), from
    which rates to the base currency are crossed, or has the columns currency,
    date and rate. Each row at fault is named.
    """
    quotes = actions.put_file(work, file.read(), since=query.since, only=query.currency)
    return RatesImported.of(quotes)


@routes.act("/revaluation", needs=May.ENTRY_POST, gives=RevaluedOut)
def revalue(work: Work, body: RevalueIn) -> RevaluedOut:
    """Let foreign amounts be worth what the rates of a day say, and take it back the day after.

    It goes over assets and liabilities in foreign currencies, but for those that
    are no money and no claim on it: inventory, prepayments, fixed assets and the like.
    """
    return RevaluedOut.of(actions.revalue(work, body.date, gains=body.gains, losses=body.losses))


@routes.get("/<uuid:rate_id>", needs=May.RATE_READ, gives=RateOut)
def read_rate(work: Work, rate_id: UUID) -> RateOut:
    """Return one rate."""
    return RateOut.of(queries.rate(work, rate_id))


@routes.delete("/<uuid:rate_id>", needs=May.RATE_EDIT)
def remove_rate(work: Work, rate_id: UUID) -> None:
    """Forget a rate; the one before it holds again."""
    actions.remove(work, rate_id)
