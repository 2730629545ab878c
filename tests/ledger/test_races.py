"""Many at once at the door of the ledger: what is meant once is done once, on both databases."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.ledger.bank import Bank, Pay, mt940

ENTRIES = "/api/v1/ledger/entries"
CROWD = 16
ENTRY = {
    "date": "2026-03-31",
    "description": "Invoice 17",
    "lines": [
        {"account": "1200", "amount": {"amount": "10.00", "currency": "EUR"}},
        {"account": "4000", "amount": {"amount": "-10.00", "currency": "EUR"}},
    ],
}
PAYS = [Pay("2026-03-01", -500, "Coffee"), Pay("2026-03-01", -500, "Coffee")]


def race(ledger, path: str, **given: Any) -> list[Any]:
    """Send the same request from all of a crowd, who start together; return the answers."""
    clients = [ledger.client for _ in range(CROWD)]
    start = threading.Barrier(CROWD)

    def send(client):
        start.wait(20)
        return client.post(path, **given)

    with ThreadPoolExecutor(CROWD) as crowd:
        return list(crowd.map(send, clients))


def settled(ledger, path: str, **given: Any) -> list[Any]:
    """Race; who was told that the first is still running asks again, as told to."""
    answers = race(ledger, path, **given)
    for place, answer in enumerate(answers):
        if answer.status_code == 409:
            assert answer.json["type"] == "/problems/still-running", answer.json
            answers[place] = ledger.client.post(path, **given)
    return answers


def test_sixteen_with_one_key_make_one_entry_and_fifteen_replays(ledger):
    answers = settled(ledger, ENTRIES, json=ENTRY, headers={"Idempotency-Key": "invoice-17"})

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.data for answer in answers}) == 1, "all hear the same"
    assert len({answer.headers["Location"] for answer in answers}) == 1
    replayed = [answer.headers.get("Idempotency-Replayed") for answer in answers]
    assert sorted(map(str, replayed)) == ["None"] + ["true"] * 15
    assert [ledger.count(table) for table in ("entries", "lines", "idempotency")] == [1, 2, 1]
    assert ledger.balances() == ledger.sums() == {"1200": 1000, "4000": -1000}


def test_sixteen_batches_with_one_key_are_one(ledger):
    body = {"mode": "all", "entries": [ENTRY, ENTRY, ENTRY]}
    answers = settled(ledger, f"{ENTRIES}/batch", json=body, headers={"Idempotency-Key": "march"})

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.data for answer in answers}) == 1
    assert ledger.count("entries") == 3
    assert ledger.balances() == ledger.sums() == {"1200": 3000, "4000": -3000}


def test_sixteen_without_a_key_are_sixteen_entries_and_no_sum_is_lost(ledger):
    answers = race(ledger, ENTRIES, json=ENTRY)

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json["id"] for answer in answers}) == CROWD
    assert ledger.seal() == CROWD
    assert ledger.numbers() == list(range(1, CROWD + 1))
    assert ledger.balances() == ledger.sums() == {"1200": 16_000, "4000": -16_000}


def test_an_entry_is_reversed_once(ledger):
    entry = ledger.client.post(ENTRIES, json=ENTRY).json["id"]

    answers = race(
        ledger, f"{ENTRIES}/{entry}/reverse", json={"date": "2026-03-31", "reason": "typo"}
    )

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 15
    refused = {answer.json["type"] for answer in answers if answer.status_code == 409}
    assert refused == {"/problems/ledger/already-reversed"}
    assert ledger.count("entries") == 2
    assert set(ledger.balances().values()) <= {0}


def test_what_a_source_names_is_posted_once(ledger):
    answers = race(ledger, ENTRIES, json=ENTRY | {"source": "charge/17"})

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 15
    assert [ledger.count(table) for table in ("entries", "lines", "fresh")] == [1, 2, 1]
    assert ledger.balances() == ledger.sums() == {"1200": 1000, "4000": -1000}


def test_a_statement_that_sixteen_hand_in_brings_its_lines_once(ledger):
    bank = Bank(ledger)
    account = bank.open(account="1050", number="DE02120300000000202051")["id"]
    raw = mt940(PAYS, opening=10_000)
    start = threading.Barrier(CROWD)

    def give(one: Bank) -> Any:
        start.wait(20)
        return one.give(raw, to=account)

    with ThreadPoolExecutor(CROWD) as crowd:
        answers = list(crowd.map(give, [Bank(ledger) for _ in range(CROWD)]))

    assert {answer.status_code for answer in answers} == {201}
    assert sorted(answer.json["statements"][0]["added"] for answer in answers) == [0] * 15 + [2]
    assert len(bank.lines()) == ledger.count("statement_lines") == 2
