"""Answers lost, late, doubled or nonsense: Stripe charges once, and the books hear once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.payments.conftest import Payments, money
from tests.payments.faults import Fault
from tests.payments.providers.conftest import Connect
from tests.payments.stripes import Peer

LATER = timedelta(minutes=3)
"""Longer than whoever asked first is given."""


@pytest.fixture
def stripe(connect: Connect, faults) -> Payments:
    return connect(faults.url)


def charges(peer: Peer, charge: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the payments at Stripe that took money for a charge of ours."""
    return [
        each
        for each in peer.all("payment_intents")
        if each["metadata"].get("nexafi_charge") == charge["id"] and each["latest_charge"]
    ]


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (Fault.CUT_BEFORE, "capturing"),
        (Fault.CUT_AFTER, "capturing"),
        (Fault.CUT_AMID, "capturing"),
        (Fault.DELAY, "capturing"),
        (Fault.ERROR_BEFORE, "capturing"),
        (Fault.ERROR_AFTER, "capturing"),
        (Fault.GARBAGE, "capturing"),
        (Fault.REPEAT, "captured"),
    ],
)
def test_whatever_happens_on_the_way_the_payer_is_charged_once(stripe, faults, peer, fault, state):
    faults.script(fault)
    charge = stripe.charge("pm_card_visa", "25.00")
    assert (charge["state"], len(stripe.moved())) == (state, int(state == "captured"))

    stripe.work_on(after=LATER)
    stripe.work_on(after=LATER)

    ended = stripe.get(f"/charges/{charge['id']}")
    assert (ended["state"], ended["captured"]) == ("captured", money("25.00"))
    (taken,) = charges(peer, charge)
    assert taken["id"] == ended["reference"]
    assert len(stripe.moved()) == 1
    assert len({key for method, _, key in faults.seen if method == "POST"}) == 1


def test_faults_in_a_row_change_nothing(stripe, faults, peer):
    faults.script(Fault.CUT_AFTER, Fault.ERROR_AFTER, Fault.DELAY, Fault.CUT_BEFORE, Fault.LIMITED)
    charge = stripe.charge("pm_card_visa", "25.00")

    for _ in range(6):
        stripe.work_on(after=LATER)

    assert stripe.get(f"/charges/{charge['id']}")["state"] == "captured"
    assert len(charges(peer, charge)) == len(stripe.moved()) == 1


@pytest.mark.parametrize("fault", [Fault.ERROR_BEFORE, Fault.ERROR_AFTER])
def test_a_500_that_stripe_keeps_is_looked_up_and_not_believed(stripe, faults, peer, fault):
    faults.keeps_errors = True
    faults.script(fault)
    charge = stripe.charge("pm_card_visa", "25.00")
    assert charge["state"] == "capturing"

    stripe.work_on(after=LATER)

    is_done = fault is Fault.ERROR_AFTER
    now = stripe.get(f"/charges/{charge['id']}")
    assert now["state"] == ("captured" if is_done else "capturing")
    assert len(charges(peer, charge)) == len(stripe.moved()) == int(is_done)

    stripe.work_on(after=timedelta(hours=24))

    (operation,) = stripe.get("/operations")["items"]
    assert operation["state"] == ("succeeded" if is_done else "held"), "a person finds out"
    assert len(stripe.moved()) == int(is_done)


def test_a_limit_at_the_first_try_did_surely_nothing(stripe, faults, peer):
    faults.script(Fault.LIMITED)
    charge = stripe.charge("pm_card_visa", "25.00")

    assert (charge["state"], charge["reason"]) == ("failed", "limited")
    stripe.work_on(after=LATER)
    assert charges(peer, charge) == stripe.moved() == []


def test_a_limit_at_a_later_try_says_nothing_of_the_first(stripe, faults, peer):
    faults.script(Fault.CUT_AFTER, Fault.LIMITED)
    charge = stripe.charge("pm_card_visa", "25.00")

    stripe.work_on(after=LATER)
    assert stripe.get(f"/charges/{charge['id']}")["state"] == "capturing"
    stripe.work_on(after=LATER)

    assert stripe.get(f"/charges/{charge['id']}")["state"] == "captured"
    assert len(charges(peer, charge)) == 1


def test_after_the_time_of_the_key_it_is_looked_up_and_never_asked_again(stripe, faults, peer):
    faults.script(Fault.CUT_AFTER)
    charge = stripe.charge("pm_card_visa", "25.00")
    asked = faults.reached

    stripe.work_on(after=timedelta(hours=30))

    assert stripe.get(f"/charges/{charge['id']}")["state"] == "captured"
    assert faults.reached == asked
    assert len(charges(peer, charge)) == len(stripe.moved()) == 1


@pytest.mark.parametrize("fault", [Fault.CUT_AFTER, Fault.ERROR_AFTER, Fault.CUT_BEFORE])
def test_a_capture_and_a_refund_whose_answers_are_lost_are_done_once(stripe, faults, peer, fault):
    charge = stripe.charge("pm_card_visa", "100.00", capture=False)
    at = f"/charges/{charge['id']}"
    faults.script(fault)
    assert stripe.post(f"{at}/capture").json["state"] == "capturing"
    stripe.work_on(after=LATER)
    faults.script(fault)
    assert stripe.post(f"{at}/refunds", {"amount": money("40.00")}).json["state"] == "asking"
    stripe.work_on(after=LATER)

    ended = stripe.get(at)
    assert (ended["captured"], ended["refunded"]) == (money("100.00"), money("40.00"))
    known = [each for each in peer.all("refunds") if each["payment_intent"] == charge["reference"]]
    assert [each["amount"] for each in known] == [4000]
    assert [each["kind"] for each in stripe.moved()] == ["capture", "refund"]


def test_while_an_outcome_is_unknown_nobody_else_is_asked(stripe, faults, peer):
    customer = stripe.post("/customers", {"name": "Grace"}).json["id"]
    tokens = {"stripe": "pm_card_visa", "sandbox": "sandbox_visa"}
    body = {"customer": customer, "kind": "card", "tokens": tokens}
    method = stripe.post("/payment-methods", body).json["id"]
    sandbox = stripe.client.put("/api/v1/payments/providers/sandbox", json={"position": 9})
    assert sandbox.status_code == 200, sandbox.json

    faults.script(Fault.CUT_AFTER, Fault.LIMITED)
    unknown = stripe.charge(method, "25.00")
    surely_not = stripe.charge(method, "26.00")

    assert (unknown["provider"], unknown["state"]) == ("stripe", "capturing")
    assert (surely_not["provider"], surely_not["state"]) == ("sandbox", "captured")
    stripe.work_on(after=LATER)
    assert stripe.get(f"/charges/{unknown['id']}")["provider"] == "stripe"
    assert len(charges(peer, unknown)) == 1
    assert charges(peer, surely_not) == []
