"""Who keeps amounts of its own hears of every rate that is set or removed."""

from __future__ import annotations

from sqlalchemy import select

from nexafi.contracts.ledger.events import RatesChanged
from nexafi.kernel.data.tables import OutboxRow
from tests.ledger.currencies.test_routes import RATES, put, send


def told(ledger) -> list[RatesChanged]:
    """Return what the ledger told of rates, in the order in which it did."""
    wanted = select(OutboxRow).where(OutboxRow.name == RatesChanged.name).order_by(OutboxRow.id)
    with ledger.database.steward() as session:
        return [RatesChanged.model_validate(row.body) for row in session.scalars(wanted)]


def rates(news: RatesChanged) -> list[tuple[str, str, str | None]]:
    return [(each.currency, each.date.isoformat(), each.rate) for each in news.rates]


def test_a_rate_that_is_set_or_removed_is_told(ledger):
    rate = put(ledger, "USD", "2026-03-01", "0.90").json["id"]
    assert ledger.client.delete(f"{RATES}/{rate}").status_code == 204

    first, second = told(ledger)
    assert rates(first) == [("USD", "2026-03-01", "0.90")]
    assert rates(second) == [("USD", "2026-03-01", None)]
    assert {first.base_currency, second.base_currency} == {"EUR"}
    assert first.changed_at == second.changed_at == ledger.caller.now


def test_a_file_is_told_in_parts_and_of_a_day_that_stands_twice_the_last(ledger):
    rows = [
        f"USD,{2000 + day // 300}-{1 + day // 28 % 12:02}-{1 + day % 28:02},1.{day:04}"
        for day in range(1_100)
    ]
    raw = "\n".join(["currency,date,rate", *rows, rows[0].rpartition(",")[0] + ",9"]).encode()
    assert send(ledger, raw).status_code == 200

    parts = told(ledger)
    assert max(len(part.rates) for part in parts) == 500
    everything = {(each.currency, each.date): each.rate for p in parts for each in p.rates}
    assert len(everything) == sum(len(part.rates) for part in parts) == ledger.count("rates")
    assert everything[parts[0].rates[0].currency, parts[0].rates[0].date] == "9"


def test_what_is_refused_is_not_told(ledger):
    assert put(ledger, "EUR", "2026-03-01", "0.90").status_code == 422
    assert send(ledger, b"currency,date,rate\nUSD,2026-03-01,x\n").status_code == 422
    assert told(ledger) == []
