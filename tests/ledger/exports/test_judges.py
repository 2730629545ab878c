"""hledger and beancount read our export and find what we find, to the minor unit."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from nexafi.kernel.values.currencies import decimals
from nexafi.ledger.journal import queries
from tests.conftest import LONG
from tests.ledger.books import Books, by_chance, from_beancount
from tests.ledger.judges import Sums, beancount_sums, hledger_sums, needs_hledger
from tests.shared import shared

EXPORT = "/api/v1/ledger/export"


@cache
def example() -> Books:
    return from_beancount(shared("journals") / "beancount_example.beancount")


@cache
def generated() -> Books:
    return by_chance(7_200 if LONG else 900)


@pytest.fixture(params=[example, generated], ids=["of others", "by chance"])
def kept(request, empty_ledger):
    """A ledger with the whole of a book in it, in dollars."""
    books = request.param()
    caller = empty_ledger.caller
    home = replace(caller.home, base_currency=books.base_currency)
    empty_ledger.caller = replace(caller, home=home)
    books.post(empty_ledger.client)
    while empty_ledger.seal():
        pass
    return empty_ledger


def our_sums(ledger) -> tuple[Sums, Sums]:
    """Return what we say each account holds, by currency and in the base currency."""
    units: Sums = {}
    base: Sums = {}
    with ledger.database.work(ledger.caller, writes=False) as work:
        home = work.context.known
        for each in queries.sums_kept(work):
            units[each.code, each.currency] = each.minor * Decimal(1).scaleb(
                -decimals(each.currency)
            )
            key = each.code, home.base_currency
            worth = each.base_minor * Decimal(1).scaleb(-decimals(home.base_currency))
            base[key] = base.get(key, Decimal(0)) + worth
    return ({k: v for k, v in units.items() if v}, {k: v for k, v in base.items() if v})


def exported(ledger, name: str, path: Path) -> Path:
    answer = ledger.client.get(EXPORT, query_string={"format": name})
    assert answer.status_code == 200
    path.write_bytes(answer.data)
    return path


@needs_hledger
def test_hledger_finds_every_balance_that_we_find(kept, tmp_path):
    units, base = our_sums(kept)
    path = exported(kept, "hledger", tmp_path / "books")

    assert hledger_sums(path) == units
    assert hledger_sums(path, "--cost") == base
    assert len(units) > 14


def test_beancount_finds_every_balance_that_we_find(kept, tmp_path):
    units, base = our_sums(kept)
    path = exported(kept, "beancount", tmp_path / "books")

    assert beancount_sums(path) == (units, base)
    assert len(units) > 14


YEARS = {"of others": range(2012, 2016), "by chance": range(2022, 2026)}


def statement(ledger, name: str, **query: str) -> dict[str, Decimal]:
    """Return what our report says of each account, debits positive."""
    answer = ledger.client.get(f"/api/v1/ledger/reports/{name}", query_string=query)
    assert answer.status_code == 200, answer.json
    types = {a["code"]: a["type"] for a in all_accounts(ledger)}
    found = {}
    for section in answer.json["sections"]:
        for row in section["rows"]:
            if row["account"] is not None:
                sign = 1 if types[row["account"]] in {"asset", "expense"} else -1
                found[row["account"]] = sign * Decimal(row["amounts"][0]["amount"])
    return {code: amount for code, amount in found.items() if amount}


def all_accounts(ledger) -> list[dict]:
    items, cursor = [], None
    while True:
        query = {"limit": 200} | ({"cursor": cursor} if cursor else {})
        page = ledger.client.get("/api/v1/ledger/accounts", query_string=query).json
        items += page["items"]
        if (cursor := page["next"]) is None:
            return items


def judged(path, *arguments: str) -> dict[str, Decimal]:
    """Return what hledger says of each account in the base currency, debits positive."""
    return {code: amount for (code, _), amount in hledger_sums(path, "--cost", *arguments).items()}


@needs_hledger
def test_hledger_finds_our_income_statement_of_each_year_and_our_balance_sheet(
    kept, tmp_path, request
):
    path = exported(kept, "hledger", tmp_path / "books")
    years = YEARS["of others" if "of others" in request.node.name else "by chance"]
    compared = 0
    for year in years:
        span = {"from": f"{year}-01-01", "to": f"{year}-12-31"}
        ours = statement(kept, "income-statement", **span)
        within = ("-b", span["from"], "-e", f"{year + 1}-01-01")
        assert ours == judged(path, *within, "^income", "^expenses"), year
        compared += len(ours)

        sheet = statement(kept, "balance-sheet", as_of=span["to"])
        until = ("-e", f"{year + 1}-01-01", "^assets", "^liabilities", "^equity")
        assert sheet == judged(path, *until), year
        compared += len(sheet)
    assert compared > 20
