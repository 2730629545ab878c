"""hledger and beancount read our export and find what we find, to the minor unit."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from nexafi.kernel.values.currencies import decimals
from nexafi.ledger.journal import queries
from tests.ledger.books import Books, by_chance, from_beancount
from tests.ledger.judges import Sums, beancount_sums, hledger_sums, needs_hledger
from tests.shared import shared

EXPORT = "/api/v1/ledger/export"


def example() -> Books:
    return from_beancount(shared("journals") / "beancount_example.beancount")


def generated() -> Books:
    return by_chance(7_200)


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


@needs_hledger
def test_both_judges_find_every_balance_that_we_find(kept, tmp_path):
    units, base = our_sums(kept)
    for name in ("hledger", "beancount"):
        answer = kept.client.get(EXPORT, query_string={"format": name})
        assert answer.status_code == 200
        (tmp_path / name).write_bytes(answer.data)

    assert hledger_sums(tmp_path / "hledger") == units
    assert hledger_sums(tmp_path / "hledger", "--cost") == base
    beans, costs = beancount_sums(tmp_path / "beancount")
    assert beans == units
    assert {key: value for key, value in costs.items() if value} == base
    assert len(units) > 14
