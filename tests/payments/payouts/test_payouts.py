"""Payouts through the front door: what can be ordered, and when it is executed."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.payments.bank import IBAN, connect, make, orders, payout
from tests.payments.conftest import money

CREDITOR = {"name": "Dora Ltd", "iban": IBAN}
US = {"name": "Dora Ltd", "routing_number": "021000021", "account_number": "12345"}


def test_a_payout_waits_and_shows_four_digits_of_its_account(payments):
    made = payout(payments, "50.00", remittance="Invoice 4")

    with payments.database.steward() as session:
        rows = session.execute(text("SELECT * FROM payouts")).all()

    assert (made["state"], made["last4"], made["message"]) == ("created", "3000", "")
    assert IBAN not in f"{rows}{payments.get('/payouts')}"
    assert payments.get(f"/payouts/{made['id']}") == made
    assert payments.moved() == []


@pytest.mark.parametrize(
    ("asked", "found"), [("2026-04-03", "2026-04-07"), ("2026-04-02", "2026-04-02")]
)
def test_a_day_on_which_target_is_closed_is_moved_with_a_word(payments, asked, found):
    made = payout(payments, execution_on=asked)

    assert made["execution_on"] == found
    assert bool(made["message"]) == (asked != found)
    assert made["message"] == "" or "TARGET is closed on 2026-04-03" in made["message"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"amount": money("1.00", "GBP")}, None),
        ({"amount": money("1000000000.00")}, "payout-unfit"),
        ({"amount": money("0.00")}, None),
        ({"creditor": US}, "payout-unfit"),
        ({"creditor": {**CREDITOR, "routing_number": "021000021"}}, "payout-unfit"),
        ({"creditor": {"name": "Dora"}}, "payout-unfit"),
        ({"creditor": {**CREDITOR, "iban": IBAN[:-1] + "1"}}, "account-unfit"),
        ({"creditor": {**CREDITOR, "bic": "NOBIC"}}, "account-unfit"),
        ({"reference": "RF18539007547035"}, "payout-unfit"),
        ({"reference": "RF18539007547034", "remittance": "Both"}, "payout-unfit"),
        ({"execution_on": "2026-03-30"}, "payout-unfit"),
        ({"execution_on": "2027-06-30"}, "payout-unfit"),
        ({"purpose": "salary"}, None),
        ({"remittance": "4111 1111 1111 1111"}, "card-number-sent"),
    ],
)
def test_what_cannot_be_sent_is_refused_and_nothing_kept(payments, changes, problem):
    connect(payments)
    body = {"amount": money("1.00"), "creditor": CREDITOR, **changes}

    refused = payments.post("/payouts", body)

    assert refused.status_code == 422
    assert problem is None or refused.json["type"] == f"/problems/payments/{problem}"
    assert (payments.count("payouts"), payments.moved()) == (0, [])


def test_what_is_cancelled_is_not_cancelled_again(payments):
    made = payout(payments)

    first, second = (payments.post(f"/payouts/{made['id']}/cancel") for _ in range(2))

    assert (first.json["state"], second.status_code) == ("cancelled", 409)
    listed = payments.get("/payouts?state=cancelled")["items"]
    assert [each["id"] for each in listed] == [made["id"]]


def test_a_payout_in_dollars_is_worth_what_was_locked_when_it_was_ordered(payments):
    connect(payments)
    payout(payments, "50.00", "USD")
    (order,) = orders(payments, make(payments, "nacha"))

    payments.post(f"/bank-files/orders/{order['id']}/decide", {"outcome": "settled"})

    (moved,) = payments.moved()
    assert (moved["kind"], moved["amount"], moved["worth"]) == (
        "payout", money("50.00", "USD"), money("45.00"),
    )  # fmt: skip
