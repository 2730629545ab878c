"""The way of a charge through the front door, against a stand-in that keeps PayPal's contract."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from nexafi.payments.providers.paypal import PayPal
from tests.payments.conftest import money
from tests.payments.paypals import AGREEMENT, DECLINED, GOOD, LATE, SLOW, Peer, connect

LATER = timedelta(seconds=30)
NOWHERE = "http://127.0.0.1:9"  # discard: nobody listens


@pytest.fixture
def peer(paypal_peer: Peer) -> Peer:
    """Return the stand-in for PayPal."""
    return paypal_peer


def order(peer: Peer, charge: dict[str, Any]) -> dict[str, Any]:
    """Return what PayPal knows of a charge."""
    return peer.orders[charge["reference"]]


def unit(peer: Peer, charge: dict[str, Any]) -> dict[str, Any]:
    return order(peer, charge)["purchase_units"][0]


@pytest.mark.parametrize("method", [GOOD, LATE, AGREEMENT])
def test_what_was_saved_is_charged_at_once_and_the_ledger_told_with_the_fee(paypal, peer, method):
    charge = paypal.charge(method, "25.00", description="Order 17")

    assert (charge["state"], charge["provider"]) == ("captured", "paypal"), str(charge)
    assert charge["fee"] == money("1.02")
    known = unit(peer, charge)
    assert (known["reference_id"], known["description"]) == (charge["id"], "Order 17")
    (capture,) = peer.captures(charge["reference"])
    assert capture["amount"] == {"currency_code": "EUR", "value": "25.00"}
    (moved,) = paypal.moved()
    assert (moved["kind"], moved["amount"], moved["fee"], moved["provider"]) == (
        "capture", money("25.00"), money("1.02"), "paypal",
    )  # fmt: skip


def test_a_payer_approves_at_paypal_and_is_charged_once(paypal, peer):
    charge = paypal.charge("paypal", "25.00", return_url="https://shop.example/thanks")
    assert (charge["state"], paypal.moved()) == ("requires_action", [])
    assert charge["action"]["kind"] == "redirect"
    assert charge["reference"] in charge["action"]["url"]

    paypal.work_on(after=LATER)
    assert paypal.get(f"/charges/{charge['id']}")["state"] == "requires_action"
    peer.approve(charge["reference"])
    paypal.work_on(after=LATER)

    ended = paypal.get(f"/charges/{charge['id']}")
    assert (ended["state"], ended["action"]) == ("captured", None)
    assert len(peer.captures(charge["reference"])) == len(paypal.moved()) == 1


def test_what_a_payer_approves_is_held_and_captured_later(paypal, peer):
    charge = paypal.charge("paypal", "25.00", capture=False)
    peer.approve(charge["reference"])
    paypal.work_on(after=LATER)
    assert paypal.get(f"/charges/{charge['id']}")["state"] == "authorized"

    captured = paypal.post(f"/charges/{charge['id']}/capture").json

    assert captured["state"] == "captured"
    assert len(peer.captures(charge["reference"])) == 1


def test_an_order_that_nobody_approves_fails_when_it_is_gone(paypal, peer):
    charge = paypal.charge("paypal", "25.00")
    peer.expire(charge["reference"])

    paypal.work_on(after=timedelta(days=1))

    ended = paypal.get(f"/charges/{charge['id']}")
    assert (ended["state"], ended["reason"], paypal.moved()) == ("failed", "canceled", [])


def test_who_does_not_come_back_is_let_go_and_never_charged(paypal, peer):
    charge = paypal.charge("paypal", "25.00")

    voided = paypal.post(f"/charges/{charge['id']}/void").json
    peer.approve(charge["reference"])
    paypal.work_on(after=LATER)

    assert voided["state"] == paypal.get(f"/charges/{charge['id']}")["state"] == "voided"
    assert (peer.captures(charge["reference"]), paypal.moved()) == ([], [])


def test_what_is_held_is_captured_in_parts_and_the_rest_let_go(paypal, peer):
    charge = paypal.charge(GOOD, "100.00", capture=False)
    assert (charge["state"], paypal.moved()) == ("authorized", [])
    assert charge["expires_at"]
    at = f"/charges/{charge['id']}"

    first = paypal.post(f"{at}/capture", {"amount": money("30.00"), "final": False}).json
    too_much = paypal.post(f"{at}/capture", {"amount": money("70.01")})
    second = paypal.post(f"{at}/capture", {"amount": money("20.00"), "final": False}).json
    rest = paypal.post(f"{at}/void").json

    assert (first["state"], too_much.status_code) == ("partially_captured", 422)
    assert second["captured"] == rest["captured"] == money("50.00")
    assert rest["state"] == "captured"
    values = [each["amount"]["value"] for each in peer.captures(charge["reference"])]
    assert values == ["30.00", "20.00"]
    assert peer.authorizations(charge["reference"])[0]["status"] == "VOIDED"
    assert [each["amount"] for each in paypal.moved()] == [money("30.00"), money("20.00")]


def test_what_is_held_is_let_go(paypal, peer):
    charge = paypal.charge(GOOD, "100.00", capture=False)

    voided = paypal.post(f"/charges/{charge['id']}/void").json

    assert voided["state"] == "voided"
    assert peer.authorizations(charge["reference"])[0]["status"] == "VOIDED"
    assert paypal.moved() == []


def test_refunds_are_made_at_paypal_and_never_exceed_what_was_captured(paypal, peer):
    charge = paypal.charge(GOOD, "100.00")
    at = f"/charges/{charge['id']}/refunds"

    first = paypal.post(at, {"amount": money("40.00")}).json
    refused = paypal.post(at, {"amount": money("60.01")})
    rest = paypal.post(at).json

    assert (first["state"], rest["amount"], refused.status_code) == (
        "succeeded", money("60.00"), 422,
    )  # fmt: skip
    made = peer.refunds(charge["reference"])
    assert [each["amount"]["value"] for each in made] == ["40.00", "60.00"]
    assert [each["id"] for each in made] == [first["reference"], rest["reference"]]
    assert [each["kind"] for each in paypal.moved()] == ["capture", "refund", "refund"]


def test_a_refund_is_taken_from_a_capture_that_has_so_much_left(paypal, peer):
    charge = paypal.charge(GOOD, "100.00", capture=False)
    at = f"/charges/{charge['id']}"
    paypal.post(f"{at}/capture", {"amount": money("30.00"), "final": False})
    paypal.post(f"{at}/capture", {"amount": money("70.00")})

    made = paypal.post(f"{at}/refunds", {"amount": money("60.00")}).json
    refused = paypal.post(f"{at}/refunds", {"amount": money("35.00")}).json

    assert (made["state"], refused["state"]) == ("succeeded", "failed")
    assert refused["failure"] == "amount_unfit"
    (refund,) = peer.refunds(charge["reference"])
    assert refund["links"][1]["href"].endswith(peer.captures(charge["reference"])[1]["id"])
    assert paypal.get(at)["refunded"] == money("60.00")


def test_who_is_declined_fails_and_nothing_moves(paypal, peer):
    charge = paypal.charge(DECLINED, "25.00")

    assert (charge["state"], charge["reason"]) == ("failed", "card_declined")
    assert charge["message"].startswith("INSTRUMENT_DECLINED")
    assert (peer.orders, paypal.moved()) == ({}, [])
    assert "payments.charge_failed" in paypal.told()


@pytest.mark.parametrize(("status", "state"), [("COMPLETED", "captured"), ("DECLINED", "failed")])
def test_what_is_under_review_is_waited_for(paypal, peer, status, state):
    charge = paypal.charge(SLOW, "25.00")
    assert (charge["state"], paypal.moved()) == ("capturing", [])

    peer.review(charge["reference"], status)
    paypal.work_on(after=LATER)

    assert paypal.get(f"/charges/{charge['id']}")["state"] == state
    assert len(paypal.moved()) == (state == "captured")


# -- amounts and keys ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "currency", "value"),
    [("500", "JPY", "500"), ("1500.00", "HUF", "1500"), ("1500.50", "HUF", None)],
)
def test_amounts_follow_the_rules_of_paypal(paypal, peer, amount, currency, value):
    rate_free = replace(paypal.caller.home, base_currency=currency)
    paypal.caller = replace(paypal.caller, home=rate_free)
    body = {"amount": money(amount, currency), "payment_method": GOOD}
    charge = paypal.post("/charges", body).json

    if value is None:
        assert (charge["state"], charge["reason"]) == ("failed", "amount_unfit")
        assert (peer.seen, paypal.moved()) == ([], [])
    else:
        assert charge["state"] == "captured", str(charge)
        assert unit(peer, charge)["amount"] == {"currency_code": currency, "value": value}


def test_a_currency_that_paypal_does_not_take_is_refused_before_it_is_asked(paypal, peer):
    body = {"amount": money("10.000", "KWD"), "payment_method": GOOD}
    refused = paypal.post("/charges", body)

    assert (refused.status_code, peer.seen, paypal.count("charges")) == (422, [], 0)


def test_keys_that_are_refused_charge_nobody(paypal, peer):
    connect(paypal, client_secret="another")

    charge = paypal.charge(GOOD, "25.00")

    assert (charge["state"], charge["reason"]) == ("failed", "credentials_refused")
    assert (peer.orders, paypal.moved()) == ({}, [])


def test_a_token_is_used_until_it_ends_or_is_taken_back(paypal, peer):
    for _ in range(3):
        paypal.charge(GOOD, "25.00")
    assert peer.tokens_given == 1

    peer.forget_tokens()
    assert paypal.charge(GOOD, "25.00")["state"] == "captured"
    assert peer.tokens_given == 2

    peer.forget_tokens()
    peer.lasts_s = 60  # which is too short to use it twice
    paypal.charge(GOOD, "25.00")
    paypal.charge(GOOD, "25.00")
    assert peer.tokens_given == 4
    assert len(peer.orders) == len(paypal.moved()) == 6


def test_who_is_not_reached_charges_nobody(make_payments):
    charge = connect(make_payments(PayPal(NOWHERE))).charge(GOOD, "25.00")
    assert (charge["state"], charge["reason"]) == ("failed", "unavailable")


# -- lost answers -------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["cut before", "cut after", "500", "503", "garbage"])
def test_whatever_happens_to_an_answer_the_money_is_taken_once(paypal, peer, fault):
    peer.faults = [fault]
    charge = paypal.charge(GOOD, "25.00")
    assert (charge["state"], paypal.moved()) == ("capturing", [])

    paypal.work_on(after=LATER)

    ended = paypal.get(f"/charges/{charge['id']}")
    assert ended["state"] == "captured"
    assert len(peer.orders) == len(peer.captures(ended["reference"])) == len(paypal.moved()) == 1


@pytest.mark.parametrize("fault", ["cut before", "cut after", "500", "garbage"])
@pytest.mark.parametrize("deed", ["capture", "void", "refunds"])
def test_whatever_happens_to_an_answer_it_is_done_once(paypal, peer, fault, deed):
    charge = paypal.charge(GOOD, "25.00", capture=deed == "refunds")
    at, moved = f"/charges/{charge['id']}", len(paypal.moved())

    peer.faults = [fault]
    paypal.post(f"{at}/{deed}", {})
    assert len(paypal.moved()) == moved
    paypal.work_on(after=LATER)

    things = {"capture": peer.captures, "void": peer.authorizations, "refunds": peer.refunds}
    assert len(things[deed](charge["reference"])) == 1
    assert len(paypal.moved()) == moved + (deed != "void")
    state = {"capture": "captured", "void": "voided", "refunds": "captured"}[deed]
    assert paypal.get(at)["state"] == state


def test_an_answer_lost_while_an_approved_order_is_taken_is_found_out(paypal, peer):
    charge = paypal.charge("paypal", "25.00")
    peer.approve(charge["reference"])
    peer.faults = ["cut after"]
    paypal.work_on(after=LATER)
    paypal.work_on(after=LATER)

    assert paypal.get(f"/charges/{charge['id']}")["state"] == "captured"
    assert len(peer.captures(charge["reference"])) == len(paypal.moved()) == 1


def test_after_six_hours_a_lost_answer_is_found_in_the_report(paypal, peer):
    peer.faults = ["cut after"]
    charge = paypal.charge(GOOD, "25.00")

    paypal.work_on(after=timedelta(hours=7))

    assert paypal.get(f"/charges/{charge['id']}")["state"] == "captured"
    assert (peer.posts("/orders"), len(paypal.moved())) == (1, 1)
    assert any(path.endswith("/reporting/transactions") for _, path, _ in peer.seen)


def test_who_wants_fewer_requests_did_nothing(paypal, peer):
    peer.faults = ["429"]
    charge = paypal.charge(GOOD, "25.00")
    assert (charge["state"], charge["reason"]) == ("failed", "limited")
    assert (peer.orders, paypal.moved()) == ({}, [])
