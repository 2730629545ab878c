"""Rates over HTTP, and what the journal makes of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from uuid import uuid4

import pytest

from nexafi.contracts.ledger.permissions import LedgerPermission as May

RATES = "/api/v1/ledger/rates"
ECB = b"Date,USD,JPY,\n2026-03-02,1.25,160.0,\n2026-03-01,1.20,161.0,\n"


def put(ledger, currency: str, date: str, rate: str):
    body = {"currency": currency, "date": date, "rate": rate, "origin": "test"}
    return ledger.client.post(RATES, json=body)


def send(ledger, raw: bytes, **query: object):
    data = {"file": (BytesIO(raw), "rates.csv")}
    return ledger.client.post(f"{RATES}/import", data=data, query_string=query)


def known(ledger, **query: object) -> list[tuple[str, str, str]]:
    items = ledger.client.get(RATES, query_string=query).json["items"]
    return [(each["currency"], each["date"], each["rate"]) for each in items]


def sell(ledger, day: str):
    lines = [
        {"account": "1200", "amount": {"amount": "100.00", "currency": "USD"}},
        {"account": "4000", "amount": {"amount": "-100.00", "currency": "USD"}},
    ]
    body = {"date": day, "description": "Sale", "lines": lines}
    return ledger.client.post("/api/v1/ledger/entries", json=body)


def test_the_journal_takes_the_latest_rate_before_the_day(ledger):
    put(ledger, "USD", "2026-03-01", "0.90")
    put(ledger, "USD", "2026-03-10", "0.95")

    for day, worth in (("2026-03-09", "90.00"), ("2026-03-10", "95.00")):
        assert sell(ledger, day).json["lines"][0]["base"]["amount"] == worth
    refused = sell(ledger, "2026-02-28")
    assert refused.json["type"] == "/problems/ledger/rate-unknown"
    assert ledger.count("entries") == 2


def test_a_rate_for_the_same_day_takes_the_place_of_what_was(ledger):
    first = put(ledger, "USD", "2026-03-01", "0.90")
    second = put(ledger, "USD", "2026-03-01", "0.91")

    assert first.status_code == second.status_code == 201
    assert first.json["id"] == second.json["id"]
    assert known(ledger) == [("USD", "2026-03-01", "0.91")]
    assert ledger.client.get(f"{RATES}/{first.json['id']}").json["rate"] == "0.91"
    assert ledger.client.delete(f"{RATES}/{first.json['id']}").status_code == 204
    assert ledger.count("rates") == 0


def test_many_who_put_the_same_rate_leave_one(ledger):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: put(ledger, "USD", "2026-03-01", f"0.9{n}"), range(8)))

    assert {each.status_code for each in answers} == {201}
    assert ledger.count("rates") == 1


@pytest.mark.parametrize(
    ("currency", "rate"),
    [("EUR", "1"), ("XXX", "1"), ("usd", "1"), ("USD", "0"), ("USD", "-1"), ("USD", "1e2")],
)
def test_what_is_no_rate_is_refused(ledger, currency, rate):
    assert put(ledger, currency, "2026-03-01", rate).status_code == 422
    assert ledger.count("rates") == 0


def test_a_number_is_no_rate_for_it_would_be_a_float(ledger):
    body = {"currency": "USD", "date": "2026-03-01", "rate": 0.9}
    assert ledger.client.post(RATES, json=body).status_code == 422


def test_a_table_of_the_central_bank_is_imported(ledger):
    answer = send(ledger, ECB)

    assert answer.status_code == 200, answer.json
    assert answer.json == {
        "rates": 4,
        "currencies": ["JPY", "USD"],
        "first": "2026-03-01",
        "last": "2026-03-02",
    }
    assert known(ledger, currency="USD") == [
        ("USD", "2026-03-02", "0.8"),
        ("USD", "2026-03-01", "0.833333333333"),
    ]
    assert known(ledger, **{"from": "2026-03-02"}) == known(ledger)[:2]
    assert send(ledger, ECB, currency="JPY", **{"from": "2026-03-02"}).json["rates"] == 1
    assert ledger.count("rates") == 4


def test_of_a_file_with_a_fault_nothing_is_taken(ledger):
    answer = send(ledger, ECB + b"2026-02-30,1,1\n")

    assert answer.status_code == 422
    assert answer.json["type"] == "/problems/ledger/rates-unreadable"
    assert [each["row"] for each in answer.json["errors"]] == [4]
    assert ledger.count("rates") == 0


def test_who_may_only_read_sets_no_rate_and_others_see_none(ledger):
    rate = put(ledger, "USD", "2026-03-01", "0.90").json
    ours = ledger.caller
    ledger.caller = replace(ours, permissions=frozenset({May.RATE_READ}))
    assert put(ledger, "USD", "2026-03-02", "1").status_code == 403
    assert send(ledger, ECB).status_code == 403
    assert ledger.client.delete(f"{RATES}/{rate['id']}").status_code == 403

    ledger.caller = replace(ours, organization_id=uuid4())
    assert known(ledger) == []
    assert ledger.client.get(f"{RATES}/{rate['id']}").status_code == 404
    assert ledger.client.delete(f"{RATES}/{rate['id']}").status_code == 404
    assert ledger.count("rates") == 1
