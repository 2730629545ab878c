"""Many at once: a line is booked once, and a file comes in once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.ledger.bank import Bank, Pay, csv

PAYS = [Pay("2026-03-01", -500, "Coffee"), Pay("2026-03-01", -500, "Coffee")]


def test_racing_accepts_book_a_line_once(ledger):
    bank = Bank(ledger)
    account = bank.open(account="1050")["id"]
    bank.take(csv(PAYS), to=account)
    path = f"/api/v1/ledger/statement-lines/{bank.lines()[0]['id']}/accept"
    clients = [ledger.client for _ in range(4)]

    with ThreadPoolExecutor(4) as crowd:
        answers = list(
            crowd.map(lambda client: client.post(path, json={"account": "6100"}), clients)
        )

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert bank.ledger.count("entries") == 1
    assert bank.ledger.sums() == {"1050": -500, "6100": 500}


def test_racing_imports_of_one_file_bring_its_lines_once(ledger):
    bank = Bank(ledger)
    account = bank.open(account="1050")["id"]
    clients = [Bank(ledger) for _ in range(4)]

    with ThreadPoolExecutor(4) as crowd:
        answers = list(crowd.map(lambda one: one.give(csv(PAYS), to=account), clients))

    assert {answer.status_code for answer in answers} == {201}
    assert sorted(answer.json["statements"][0]["added"] for answer in answers) == [0, 0, 0, 2]
    assert len(bank.lines()) == 2
