"""The way of a charge through the front door, with Stripe's own library, against localstripe."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from nexafi.payments.errors import NoticeRefused
from nexafi.payments.providers.port import Kind, Notice, Outcome, Subject
from nexafi.payments.providers.stripe import Stripe
from tests.payments.conftest import money
from tests.payments.stripes import ACCOUNT, SECRET, Peer

SECURE = "4000002760003184"
"""A test card of Stripe that asks for 3-D Secure."""
IBAN = "DE89370400440532013000"
IBAN_RETURNED = "DE62370400440532013001"
LATER = timedelta(seconds=30)


def card(peer: Peer, number: str) -> str:
    """Return a token for a test card, as the page of a shop gets it from Stripe."""
    given = {"card[number]": number, "card[exp_month]": 12, "card[exp_year]": 2030}
    made = peer.ask("POST", "/v1/payment_methods", type="card", **given, **{"card[cvc]": "123"})
    return made["id"]


def debit(peer: Peer, iban: str) -> str:
    made = peer.ask("POST", "/v1/payment_methods", type="sepa_debit", **{"sepa_debit[iban]": iban})
    return made["id"]


def intent(peer: Peer, charge: dict[str, Any]) -> dict[str, Any]:
    """Return what Stripe knows of a charge, of which it knows only one thing."""
    (found,) = [
        each
        for each in peer.all("payment_intents")
        if each["metadata"].get("nexafi_charge") == charge["id"]
    ]
    return found


def saved(stripe, token: str, kind: str = "card") -> str:
    customer = stripe.post("/customers", {"name": "Grace"}).json["id"]
    body = {"customer": customer, "kind": kind, "tokens": {"stripe": token}}
    made = stripe.post("/payment-methods", body)
    assert made.status_code == 201, made.json
    return made.json["id"]


def test_a_card_is_charged_and_the_ledger_told_once(stripe, peer):
    charge = stripe.charge("pm_card_visa", "25.00", description="Order 17")

    assert (charge["state"], charge["provider"]) == ("captured", "stripe"), charge
    known = intent(peer, charge)
    assert known["id"] == charge["reference"]
    assert (known["amount"], known["currency"], known["status"]) == (2500, "eur", "succeeded")
    assert known["metadata"]["nexafi_organization"] == str(stripe.caller.organization_id)
    (moved,) = stripe.moved()
    assert (moved["kind"], moved["amount"], moved["provider"]) == (
        "capture", money("25.00"), "stripe",
    )  # fmt: skip


def test_what_is_held_is_captured_in_part_and_the_rest_let_go(stripe, peer):
    charge = stripe.charge("pm_card_visa", "100.00", capture=False)
    assert (charge["state"], stripe.moved()) == ("authorized", [])
    at = f"/charges/{charge['id']}"

    captured = stripe.post(f"{at}/capture", {"amount": money("30.00")}).json

    assert (captured["state"], captured["captured"]) == ("captured", money("30.00"))
    (known,) = [
        each for each in peer.all("charges") if each["payment_intent"] == charge["reference"]
    ]
    assert (known["captured"], known["amount"] - known["amount_refunded"]) == (True, 3000)
    assert [each["amount"] for each in stripe.moved()] == [money("30.00")]


def test_a_capture_that_more_shall_follow_is_refused_where_the_account_captures_once(stripe, peer):
    charge = stripe.charge("pm_card_visa", "100.00", capture=False)
    at = f"/charges/{charge['id']}"

    refused = stripe.post(f"{at}/capture", {"amount": money("30.00"), "final": False}).json

    assert (refused["state"], refused["captured"]) == ("authorized", money("0.00"))
    assert "multicapture" in refused["message"]
    assert intent(peer, charge)["status"] == "requires_capture"
    assert stripe.post(f"{at}/void").json["state"] == "voided"


def test_what_is_held_is_let_go(stripe, peer):
    charge = stripe.charge("pm_card_visa", "100.00", capture=False)

    voided = stripe.post(f"/charges/{charge['id']}/void").json

    assert (voided["state"], intent(peer, charge)["status"]) == ("voided", "canceled")
    assert stripe.moved() == []


def test_a_card_that_is_declined_fails_and_nothing_moves(stripe):
    charge = stripe.charge("pm_card_chargeCustomerFail", "25.00")

    assert (charge["state"], charge["reason"]) == ("failed", "card_declined")
    assert charge["message"] == "Your card was declined."
    assert stripe.moved() == []
    assert "payments.charge_failed" in stripe.told()


def test_a_payer_proves_who_they_are_and_is_charged(stripe, peer):
    charge = stripe.charge(card(peer, SECURE), "25.00", return_url="https://shop.example/thanks")
    assert charge["state"] == "requires_action"
    assert charge["action"]["kind"] == "stripe_sdk"

    secret = charge["action"]["client_secret"]
    at = f"/v1/payment_intents/{charge['reference']}/_authenticate"
    peer.ask("POST", at, client_secret=secret, success="true")
    stripe.work_on(after=LATER)

    ended = stripe.get(f"/charges/{charge['id']}")
    assert (ended["state"], ended["action"]) == ("captured", None)
    assert len(stripe.moved()) == 1


def test_a_payer_who_cannot_prove_it_is_not_charged(stripe, peer):
    charge = stripe.charge(card(peer, SECURE), "25.00")
    secret = charge["action"]["client_secret"]
    at = f"/v1/payment_intents/{charge['reference']}/_authenticate"

    peer.ask("POST", at, client_secret=secret, success="false")
    stripe.work_on(after=LATER)

    ended = stripe.get(f"/charges/{charge['id']}")
    assert (ended["state"], ended["reason"]) == ("failed", "authentication_failed")
    assert stripe.moved() == []


def test_who_does_not_come_back_is_let_go(stripe, peer):
    charge = stripe.charge(card(peer, SECURE), "25.00")

    voided = stripe.post(f"/charges/{charge['id']}/void").json

    assert (voided["state"], intent(peer, charge)["status"]) == ("voided", "canceled")


def test_refunds_are_made_at_stripe_and_never_exceed_what_was_captured(stripe, peer):
    charge = stripe.charge("pm_card_visa", "100.00")
    at = f"/charges/{charge['id']}/refunds"

    first = stripe.post(at, {"amount": money("40.00"), "reason": "duplicate"}).json
    refused = stripe.post(at, {"amount": money("60.01")})
    rest = stripe.post(at).json

    assert (first["state"], rest["amount"], refused.status_code) == (
        "succeeded", money("60.00"), 422,
    )  # fmt: skip
    known = [each for each in peer.all("refunds") if each["payment_intent"] == charge["reference"]]
    assert sorted(each["amount"] for each in known) == [4000, 6000]
    assert {each["id"] for each in known} == {first["reference"], rest["reference"]}
    assert [each["kind"] for each in stripe.moved()] == ["capture", "refund", "refund"]


def test_a_debit_is_taken_from_an_account(stripe, peer):
    method = saved(stripe, debit(peer, IBAN), "sepa_debit")
    charge = stripe.charge(method, "25.00")

    assert charge["state"] == "captured"  # localstripe does not let a good debit wait
    assert intent(peer, charge)["payment_method"].startswith("pm_")
    assert len(stripe.moved()) == 1


def test_a_debit_is_under_way_until_the_bank_has_returned_it(stripe, peer):
    method = saved(stripe, debit(peer, IBAN_RETURNED), "sepa_debit")
    charge = stripe.charge(method, "25.00")
    assert (charge["state"], intent(peer, charge)["status"]) == ("capturing", "processing")

    time.sleep(0.8)  # localstripe takes half a second
    stripe.work_on(after=LATER)

    assert stripe.get(f"/charges/{charge['id']}")["state"] == "failed"
    assert stripe.moved() == []


@pytest.mark.parametrize(
    ("amount", "currency", "state"),
    [("500", "JPY", "captured"), ("5.120", "KWD", "captured"), ("5.124", "KWD", "failed")],
)
def test_amounts_follow_the_rules_of_stripe(stripe, peer, amount, currency, state):
    rate_free = replace(stripe.caller.home, base_currency=currency)
    stripe.caller = replace(stripe.caller, home=rate_free)
    body = {"amount": money(amount, currency), "payment_method": "pm_card_visa"}
    charge = stripe.post("/charges", body).json

    assert charge["state"] == state, str(charge)
    if state == "failed":
        assert charge["reason"] == "amount_unfit"
    else:
        assert intent(peer, charge)["amount"] == int(amount.replace(".", ""))


def test_a_key_that_is_refused_charges_nobody(stripe, peer):
    body = {"keys": {"secret_key": "no key", "webhook_secret": SECRET}}
    stripe.client.put("/api/v1/payments/providers/stripe", json=body)
    before = len(peer.all("payment_intents"))

    charge = stripe.charge("pm_card_visa", "25.00")

    assert (charge["state"], charge["reason"]) == ("failed", "credentials_refused")
    assert len(peer.all("payment_intents")) == before
    assert stripe.moved() == []


# -- webhooks -----------------------------------------------------------------------------------


@contextmanager
def receiver() -> Iterator[tuple[str, list[tuple[bytes, dict[str, str]]]]]:
    """Receive webhooks: yields where, and what has come."""
    received: list[tuple[bytes, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received.append((body, {k.lower(): v for k, v in self.headers.items()}))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/", received
    finally:
        server.shutdown()
        server.server_close()


def test_a_webhook_ends_what_the_payer_had_to_do(stripe, peer):
    stripe.clock.now = datetime.now(UTC)
    charge = stripe.charge(card(peer, SECURE), "25.00")
    with receiver() as (url, received):
        peer.ask("POST", "/_config/webhooks/ours", url=url, secret=SECRET)
        secret = charge["action"]["client_secret"]
        at = f"/v1/payment_intents/{charge['reference']}/_authenticate"
        peer.ask("POST", at, client_secret=secret, success="true")
        wait_for(received, 1)
        peer.ask("POST", "/_config/webhooks/ours", url="http://127.0.0.1:9/", secret=SECRET)
    (body, headers), *_ = received
    at = f"/api/v1/payments/webhooks/stripe?organization={stripe.caller.organization_id}"
    stripe.clock.now = datetime.now(UTC)

    forged = stripe.client.post(at, data=body + b" ", headers=kept(headers))
    assert forged.status_code == 400
    assert stripe.get(f"/charges/{charge['id']}")["state"] == "requires_action"
    for _ in range(3):
        taken = stripe.client.post(at, data=body, headers=kept(headers))
        assert taken.status_code == 200, taken.json

    assert stripe.get(f"/charges/{charge['id']}")["state"] == "captured"
    assert len(stripe.moved()) == 1


def kept(headers: dict[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in ("content-type", "stripe-signature")}


def wait_for(received: list[Any], count: int) -> None:
    end = time.monotonic() + 20
    while len(received) < count and time.monotonic() < end:
        time.sleep(0.05)
    assert len(received) >= count


def test_webhooks_are_verified_and_tell_of_our_operations(stripe, peer):
    reader = Stripe(peer.url)
    with receiver() as (url, received):
        peer.ask("POST", "/_config/webhooks/ours", url=url, secret=SECRET)
        sale = stripe.charge("pm_card_visa", "25.00")
        held = stripe.charge("pm_card_visa", "40.00", capture=False)
        stripe.post(f"/charges/{held['id']}/capture", {"amount": money("30.00")})
        declined = stripe.charge("pm_card_chargeCustomerFail", "10.00")
        wait_for(received, 3)
        peer.ask("POST", "/_config/webhooks/ours", url="http://127.0.0.1:9/", secret=SECRET)

    now = datetime.now(UTC)
    notices: list[Notice] = [reader.read_notice(ACCOUNT, *each, now) for each in received]
    operations = {each["id"]: each for each in stripe.get("/operations?limit=50")["items"]}
    told = {}
    for each in notices:
        assert each.subject is Subject.OPERATION
        assert each.answer is not None
        told[operations[str(each.operation_id)]["charge"]] = (each.kind, each.answer.outcome)
    assert told == {
        sale["id"]: (Kind.SALE, Outcome.SUCCEEDED),
        held["id"]: (Kind.CAPTURE, Outcome.SUCCEEDED),
        declined["id"]: (Kind.SALE, Outcome.FAILED),
    }

    body, headers = received[0]
    rotated = {**ACCOUNT.keys, "webhook_secret": f"whsec_new, {SECRET}"}
    assert reader.read_notice(replace(ACCOUNT, keys=rotated), body, headers, now) == notices[0]
    another = {**ACCOUNT.keys, "webhook_secret": "whsec_another"}
    for account, given, at in (
        (replace(ACCOUNT, keys=another), body, now),
        (ACCOUNT, body.replace(b"2500", b"2600").replace(b"4000", b"1"), now),
        (ACCOUNT, body + b" ", now),
        (ACCOUNT, body, now + timedelta(minutes=6)),
        (ACCOUNT, body, now - timedelta(minutes=6)),
    ):
        with pytest.raises(NoticeRefused):
            reader.read_notice(account, given, headers, at)
