"""`nexafi demo payments`: a month of a shop, each cent of it in the books, once."""

from __future__ import annotations

from decimal import Decimal

import pytest

from nexafi.cli import sample_shop as sample
from nexafi.cli.client import connect
from tests.cli.conftest import Commands

LEDGER, PAYMENTS = "/api/v1/ledger", "/api/v1/payments"
pytestmark = pytest.mark.timeout(300)


def test_a_month_of_a_shop_is_in_the_books_and_its_clearing_is_explained(commands: Commands):
    told = commands.json("demo", "payments")

    assert (told["is_right"], told["unbooked"], told["open_lines"]) == (True, 0, 0)
    assert told["charges"] > 80
    for each in told["clearing"]:
        assert Decimal(each["unexplained"]["amount"]) == 0, each

    api = connect(None, None, None, sample.NAME)
    kinds = {each["kind"] for each in api.each(f"{PAYMENTS}/movements")}
    states = {each["state"] for each in api.each(f"{PAYMENTS}/charges")}
    sheet = api.get(f"{LEDGER}/reports/balance-sheet", as_of=told["to"])
    bank = api.get(f"{LEDGER}/bank-accounts")["items"][0]
    reconciled = api.get(f"{LEDGER}/bank-accounts/{bank['id']}/reconciliation", as_of=told["to"])
    verified = api.get(f"{LEDGER}/chain/verify")
    api.close()

    assert kinds >= {
        "capture", "refund", "dispute_opened", "dispute_lost", "settlement", "payout",
        "wallet_top_up", "wallet_payment",
    }  # fmt: skip
    assert states >= {"captured", "failed"}
    totals = {each["name"]: Decimal(each["totals"][0]["amount"]) for each in sheet["sections"]}
    assert totals["Total assets"] == totals["Total liabilities and equity"] > 0
    assert reconciled["is_reconciled"]
    assert verified["broken"] is None


def test_the_month_is_the_same_each_time_it_is_told():
    first, again = (list(sample.month(sample.dt.date(2026, 3, 1))) for _ in range(2))

    assert first == again
    assert len(first) == sample.DAYS
    ways = {order.way for day in first for order in day.orders}
    assert ways == set(sample.METHODS)
