"""Top-ups: the wallet has each of them once, however late the word of it comes."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from nexafi.kernel.values.money import Money
from nexafi.payments.charges import actions as charges
from nexafi.payments.charges import queries
from nexafi.payments.providers.port import Answer, Outcome
from nexafi.payments.wallets import returning
from tests.payments.conftest import money


def test_a_top_up_is_a_charge_whose_money_the_wallet_has(wallets):
    wallet = wallets.open()

    made = wallets.top_up(wallet, "50.00")

    assert (made["state"], made["credited"]) == ("captured", money("50.00"))
    (moved,) = wallets.payments.moved()
    assert (moved["kind"], moved["amount"], moved["fee"]) == (
        "wallet_top_up", money("50.00"), money("1.75"),
    )  # fmt: skip
    assert wallets.balances(wallet) == {"EUR": ("50.00", "50.00", "0.00")}


@pytest.mark.parametrize("method", ["sandbox_lost_answer", "sandbox_debit"])
def test_one_whose_answer_comes_late_is_credited_once(wallets, method):
    wallet = wallets.open()
    made = wallets.top_up(wallet, "50.00", method)
    assert (made["state"], made["credited"]) == ("capturing", money("0.00"))
    assert wallets.balances(wallet) == {}

    for _ in range(3):
        wallets.wait(made["id"])

    assert wallets.balances(wallet) == {"EUR": ("50.00", "50.00", "0.00")}
    assert wallets.kinds() == ["wallet_top_up"]


def test_an_answer_that_is_heard_twice_is_credited_once(wallets):
    wallet = wallets.open()
    made = wallets.top_up(wallet, "50.00", "sandbox_debit")
    payments = wallets.payments
    operation = payments.get("/operations")["items"][0]["id"]

    for _ in range(2):
        with payments.database.work(payments.caller) as work:
            charges.finish(work, UUID(operation), Answer(Outcome.SUCCEEDED, reference="r"))

    assert wallets.balances(wallet) == {"EUR": ("50.00", "50.00", "0.00")}
    assert payments.get(f"/wallets/{wallet}/top-ups/{made['id']}")["credited"] == money("50.00")


def test_one_that_is_declined_leaves_the_wallet_as_it_was(wallets):
    wallet = wallets.open()

    made = wallets.top_up(wallet, "50.00", "sandbox_declined")

    assert (made["state"], made["reason"]) == ("failed", "card_declined")
    assert wallets.balances(wallet) == {}
    assert wallets.kinds() == []


def test_one_that_is_asked_for_again_with_its_key_is_made_once(wallets, key):
    wallet = wallets.open()
    body = {"amount": money("50.00"), "payment_method": "sandbox_visa"}

    first = wallets.do(wallet, "top-ups", body, key=key)
    again = wallets.do(wallet, "top-ups", body, key=key)

    assert first.json == again.json
    assert wallets.balances(wallet) == {"EUR": ("50.00", "50.00", "0.00")}


def test_a_refund_takes_it_out_of_the_wallet(wallets):
    wallet = wallets.open()
    charge = wallets.top_up(wallet, "50.00")["id"]

    refund = wallets.payments.post(f"/charges/{charge}/refunds", {"amount": money("20.00")})

    assert refund.json["state"] == "succeeded"
    assert wallets.balances(wallet) == {"EUR": ("30.00", "30.00", "0.00")}
    assert wallets.kinds() == ["wallet_top_up", "refund", "wallet_payment"]
    shown = wallets.payments.get(f"/wallets/{wallet}/top-ups/{charge}")
    assert shown["returned"] == money("20.00")
    assert wallets.are_right()


def test_what_was_spent_is_not_refunded(wallets):
    wallet = wallets.open()
    charge = wallets.top_up(wallet, "50.00")["id"]
    wallets.pay(wallet, "40.00")

    refused = wallets.payments.post(f"/charges/{charge}/refunds", {"amount": money("10.01")})

    assert (refused.status_code, refused.json["type"]) == (422, "/problems/payments/not-enough")
    assert wallets.payments.get(f"/charges/{charge}/refunds")["items"] == []
    assert wallets.payments.get(f"/charges/{charge}")["refunding"] == money("0.00")
    assert wallets.balances(wallet) == {"EUR": ("10.00", "10.00", "0.00")}


def test_what_is_on_its_way_back_cannot_be_spent_and_can_again_if_that_fails(wallets):
    wallet = wallets.open()
    charge = wallets.top_up(wallet, "50.00", "sandbox_refund_slow")["id"]
    wallets.payments.post(f"/charges/{charge}/refunds", {"amount": money("30.00")})
    assert wallets.balances(wallet) == {"EUR": ("50.00", "20.00", "0.00")}
    wallets.wait(charge)
    assert wallets.balances(wallet) == {"EUR": ("20.00", "20.00", "0.00")}

    refused = wallets.top_up(wallet, "50.00", "sandbox_refund_fails")["id"]
    wallets.payments.post(f"/charges/{refused}/refunds")

    assert wallets.balances(wallet) == {"EUR": ("70.00", "70.00", "0.00")}
    assert wallets.are_right()


def test_one_that_goes_back_elsewhere_after_it_was_spent_is_owed_and_collected(wallets):
    wallet = wallets.open()
    charge = wallets.top_up(wallet, "50.00")["id"]
    wallets.pay(wallet, "40.00")
    payments = wallets.payments

    with payments.database.work(payments.caller) as work:
        charges.record_refund(
            work, UUID(charge), Money(5000, "EUR"), reference="re_1", cause="", at=payments.clock()
        )

    assert wallets.balances(wallet) == {"EUR": ("0.00", "0.00", "40.00")}
    wallets.top_up(wallet, "15.00")
    assert wallets.balances(wallet) == {"EUR": ("0.00", "0.00", "25.00")}
    wallets.top_up(wallet, "30.00")
    assert wallets.balances(wallet) == {"EUR": ("5.00", "5.00", "0.00")}
    paid_back = [each for each in wallets.entries(wallet) if each[0] == "debt_paid"]
    assert paid_back == [("debt_paid", "-15.00"), ("debt_paid", "-25.00")]
    assert wallets.are_right()


def test_a_contested_top_up_is_held_and_taken_only_if_it_is_lost(wallets):
    wallet = wallets.open()
    charge = wallets.top_up(wallet, "50.00")["id"]
    wallets.pay(wallet, "20.00")
    payments, dispute = wallets.payments, UUID(int=7)

    with payments.database.work(payments.caller) as work:
        row = queries.charge_to_change(work, UUID(charge))
        returning.contest(work, row, dispute, row.amount)
    assert wallets.balances(wallet) == {"EUR": ("30.00", "0.00", "0.00")}
    with payments.database.work(payments.caller) as work:
        row = queries.charge_to_change(work, UUID(charge))
        returning.take_back(work, row, dispute, row.amount)

    assert wallets.balances(wallet) == {"EUR": ("0.00", "0.00", "20.00")}
    assert wallets.are_right()


def test_money_that_a_provider_took_late_is_credited_even_to_a_frozen_wallet(wallets):
    wallet = wallets.open()
    made = wallets.top_up(wallet, "50.00", "sandbox_debit")
    wallets.do(wallet, "freeze")

    wallets.wait(made["id"])

    assert wallets.balances(wallet) == {"EUR": ("50.00", "50.00", "0.00")}


def test_one_in_a_currency_without_a_rate_is_refused_before_anybody_is_charged(wallets):
    wallet = wallets.open()
    body = {"amount": money("50.00", "USD"), "payment_method": "sandbox_visa"}

    refused = wallets.do(wallet, "top-ups", body)

    assert (refused.status_code, refused.json["type"]) == (422, "/problems/payments/rate-unknown")
    assert [wallets.payments.count(table) for table in ("charges", "wallet_top_ups")] == [0, 0]


def test_another_organization_finds_nothing(wallets):
    wallet = wallets.open("50.00")
    own = wallets.payments.caller
    home = replace(own.known, id=UUID(int=1))
    wallets.payments.caller = replace(own, organization_id=home.id, home=home)

    for refused in (
        wallets.pay(wallet, "1.00"),
        wallets.do(wallet, "close"),
        wallets.do(wallet, "top-ups", {"amount": money("1.00"), "payment_method": "sandbox_visa"}),
    ):
        assert refused.status_code == 404, refused.json

    wallets.payments.caller = own
    assert wallets.balances(wallet) == {"EUR": ("50.00", "50.00", "0.00")}
