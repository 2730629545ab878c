"""What one does to rates. Entries already posted keep their worth, whatever becomes of a rate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from nexafi.contracts.ledger.events import QuotedRate, RatesChanged
from nexafi.contracts.ledger.permissions import LedgerPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.news.outbox import tell
from nexafi.kernel.trust import audit
from nexafi.ledger.accounts import queries as chart
from nexafi.ledger.currencies import queries, rules, sheets, store
from nexafi.ledger.currencies.rules import Quote
from nexafi.ledger.journal import actions as journal
from nexafi.ledger.journal import store as in_journal
from nexafi.ledger.journal.queries import rates as known_rates
from nexafi.ledger.journal.rules import Draft
from nexafi.ledger.periods import queries as periods
from nexafi.ledger.tables import Rate

TOLD_AT_ONCE = 500


def put(work: Work, quote: Quote) -> Rate:
    """Keep a rate in the place of what was known of the currency for that day."""
    rules.check(quote, work.context.known.base_currency)

    store.put(work, [quote])
    audit.note(work, May.RATE_EDIT, f"rates/{quote.currency}/{quote.date} {quote.rate}")
    _tell(work, [QuotedRate(currency=quote.currency, date=quote.date, rate=quote.rate)])
    return queries.of_day(work, quote.currency, quote.date)


def put_file(
    work: Work, raw: bytes, *, since: dt.date | None, only: Collection[str] | None
) -> list[Quote]:
    """Keep all rates of a file, or none; return them."""
    quotes = sheets.read(raw, work.context.known.base_currency, since=since, only=only)
    store.put(work, quotes)
    audit.note(work, May.RATE_EDIT, f"rates {len(quotes)} from a file")
    last = {(each.currency, each.date): each.rate for each in quotes}
    told = [QuotedRate(currency=key[0], date=key[1], rate=rate) for key, rate in last.items()]
    _tell(work, told)
    return quotes


def remove(work: Work, rate_id: UUID) -> None:
    """Forget a rate; the one before it holds again."""
    row = queries.rate(work, rate_id)
    work.session.delete(row)
    audit.note(work, May.RATE_EDIT, f"rates/{row.currency}/{row.date} removed")
    _tell(work, [QuotedRate(currency=row.currency, date=row.date, rate=None)])


def _tell(work: Work, rates: Sequence[QuotedRate]) -> None:
    """Tell the others of *rates*, so many at once as one piece of news holds."""
    for start in range(0, len(rates), TOLD_AT_ONCE):
        news = RatesChanged(
            base_currency=work.context.known.base_currency,
            changed_at=work.context.now,
            rates=tuple(rates[start : start + TOLD_AT_ONCE]),
        )
        tell(work, news)


@dataclass(frozen=True, slots=True)
class Revalued:
    """What a revaluation posted, and what takes it back the day after."""

    draft: Draft
    entry_id: UUID
    reversal_id: UUID


def revalue(work: Work, day: dt.date, *, gains: str | None, losses: str | None) -> Revalued | None:
    """Post by how much foreign amounts are worth more or less at the end of *day* than was booked.

    The difference is not realized, so it is taken back the day after. Done again
    it finds nothing, unless a rate has changed: then it posts what is missing.
    """
    base_currency = work.context.known.base_currency
    in_journal.hold(work)  # two at once would both find the same difference
    apart = queries.of_subtypes(work, rules.NON_MONETARY)
    standings = [
        each
        for each in periods.standings(work, day, ("asset", "liability"))
        if each.account not in apart
    ]
    rates = known_rates(work, rules.foreign(standings, base_currency), day)
    gains = gains or chart.of_subtype(work, "gains", type_="income", field="gains").code
    losses = losses or chart.of_subtype(work, "losses", type_="expense", field="losses").code

    draft = rules.revaluation(
        day, standings, rates, gains=gains, losses=losses, base_currency=base_currency
    )
    if draft is None:
        return None

    posted = journal.post(work, draft)
    after = day + dt.timedelta(days=1)
    _, taken_back = journal.reverse(work, posted.id, day=after, reason=f"Back: {draft.description}")
    return Revalued(draft, posted.id, taken_back.id)
