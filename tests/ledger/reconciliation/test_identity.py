"""The reconciliation report against a plain account of what happened, kept beside it."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import pytest

from nexafi.kernel.values.money import Money
from tests.ledger.bank import Bank, Pay, mt940

FIRST = date(2026, 3, 1)
OPENING = 12_345


def cents(money: dict) -> int:
    return Money.of(**money).minor


class Judge:
    """Knows nothing but the lists that the ledger gives out."""

    def __init__(self, bank: Bank, account: str) -> None:
        self.account = account
        self.bank_lines = {line["id"]: line for line in bank.lines()}
        entries = bank.call("GET", "/entries?limit=200")["items"]
        self.books = [
            (entry["date"], cents(line["amount"]))
            for entry in entries
            for line in entry["lines"]
            if line["account"] == "1050"
        ]
        held = f"/reconciliations?bank_account={account}&is_undone=false&limit=200"
        self.held = bank.call("GET", held)["items"]

    def open_at_bank(self, day: str) -> list[str]:
        settled = {
            line
            for each in self.held
            if each["way"] != "ignored"
            for line in each["statement_lines"]
        }
        ignored = {
            line
            for each in self.held
            if each["way"] == "ignored"
            for line in each["statement_lines"]
        }
        return sorted(
            line["id"]
            for line in self.bank_lines.values()
            if line["booked_on"] <= day and line["id"] not in settled | ignored
        )

    def balance(self, day: str) -> int:
        return OPENING + sum(
            cents(line["amount"]) for line in self.bank_lines.values() if line["booked_on"] <= day
        )


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_is_done_the_difference_is_explained(ledger, seed):
    chance, bank = Random(seed), Bank(ledger)  # noqa: S311 - no secret
    account = bank.open(account="1050", number="DE02120300000000202051")["id"]
    balance = OPENING
    for step in range(12):
        day = (FIRST + timedelta(days=step)).isoformat()
        if step % 3 == 0:
            pays = [
                Pay(day, chance.choice([-500, 700, 1_100]), f"pay {chance.randrange(3)}")
                for _ in range(3)
            ]
            bank.take(mt940(pays, opening=balance, number=step + 1), to=account)
            balance += sum(pay.cents for pay in pays)
            ledger.post(f"""
                {day} Booked {step}
                  1050  {chance.choice(["5.00", "7.00", "-5.00"])}
                  4000
            """)
        act(bank, account, chance)
        judge = Judge(bank, account)
        found = bank.call("GET", f"/bank-accounts/{account}/reconciliation?as_of={day}")
        own = judge.open_at_bank(day)

        assert cents(found["unexplained"]) == 0
        assert cents(found["bank_balance"]) == judge.balance(day) == balance
        assert cents(found["books_balance"]) == sum(m for on, m in judge.books if on <= day)
        assert [each["id"] for each in sorted_items(found)] == own
        assert cents(found["difference"]) == OPENING + cents(
            found["open_statement_lines"]["sum"]
        ) + cents(found["ignored_statement_lines"]["sum"]) - cents(found["open_lines"]["sum"])


def sorted_items(found: dict) -> list[dict]:
    return sorted(found["open_statement_lines"]["items"], key=lambda each: each["id"])


def act(bank: Bank, account: str, chance: Random) -> None:
    """Do something with the lines that are there, as people do."""
    lines = bank.lines()
    line = chance.choice(lines)
    deed = chance.choice(["accept", "accept", "ignore", "undo", "auto", "match"])
    if deed == "auto":
        bank.call("POST", "/reconciliations/auto", json={"bank_account": account})
    elif deed == "match" and line["state"] == "new":
        found = bank.call("GET", f"/statement-lines/{line['id']}/candidates")["items"]
        if found:
            body = {
                "bank_account": account,
                "statement_lines": found[0]["statement_lines"],
                "lines": found[0]["lines"],
                "difference_account": "6100",
            }
            bank.call("POST", "/reconciliations", 201, json=body)
    elif deed == "undo":
        if line["state"] != "new":
            bank.call("POST", f"/statement-lines/{line['id']}/undo", json={})
    elif line["state"] == "new" and deed in {"accept", "ignore"}:
        body = {"account": "6100"} if deed == "accept" else {}
        bank.call("POST", f"/statement-lines/{line['id']}/{deed}", json=body)
