"""Webhooks of PayPal: signed with a certificate that we made, and taken through the front door."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from nexafi.payments.errors import NoticeRefused
from nexafi.payments.providers.paypal import PayPal
from nexafi.payments.providers.port import Kind, Notice, Outcome, Subject
from tests.payments.conftest import Payments, money
from tests.payments.paypal_seal import Seal
from tests.payments.paypals import ACCOUNT, GOOD, KEYS, SLOW, Peer

NOW = datetime(2026, 4, 1, tzinfo=UTC)
LATER = timedelta(seconds=30)
VALUE = {"currency_code": "EUR", "value": "25.00"}


@pytest.fixture
def peer(paypal_peer: Peer) -> Peer:
    """Return the stand-in for PayPal."""
    return paypal_peer


def event(name: str, resource: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"WH-{uuid4()}", "create_time": "2026-04-01T00:00:00Z", "event_type": name,
        "event_version": "1.0", "resource_version": "2.0", "resource": resource,
    }  # fmt: skip


def tell(payments: Payments, peer: Peer, name: str, resource: dict[str, Any]) -> Any:
    """Send a webhook as PayPal does; return what was answered."""
    told = event(name, resource)
    body, headers = peer.seal.webhook(peer.url, KEYS["webhook_id"], payments.clock.now, told)
    at = f"/api/v1/payments/webhooks/paypal?organization={payments.caller.organization_id}"
    return payments.client.post(at, data=body, headers=headers)


def read(peer: Peer, told: dict[str, Any], *, seal: Seal | None = None, **changed: str) -> Notice:
    """Read a webhook that was signed at NOW, with some headers changed."""
    body, headers = (seal or peer.seal).webhook(peer.url, KEYS["webhook_id"], NOW, told)
    headers |= {f"paypal-{name.replace('_', '-')}": value for name, value in changed.items()}
    return PayPal(peer.url).read_notice(ACCOUNT, body, headers, NOW)


# -- whether it is PayPal's ---------------------------------------------------------------------

PLAIN = event("BILLING.PLAN.CREATED", {"id": "P-1"})


def test_what_paypal_signed_is_read_and_its_certificate_fetched_once(peer):
    provider = PayPal(peer.url)
    for _ in range(3):
        body, headers = peer.seal.webhook(peer.url, KEYS["webhook_id"], NOW, PLAIN)
        notice = provider.read_notice(ACCOUNT, body, headers, NOW)
        assert (notice.subject, notice.name, notice.at) == (Subject.OTHER, PLAIN["event_type"], NOW)
    assert peer.certificates_given == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"transmission_id": "another"},
        {"transmission_time": "2026-03-31T23:59:59Z"},
        {"transmission_time": "never"},
        {"transmission_sig": "bm8="},
        {"transmission_sig": "ä"},
        {"auth_algo": "SHA1withRSA"},
        {"cert_url": ""},
    ],
)
def test_what_was_changed_on_the_way_is_refused(peer, changed):
    with pytest.raises(NoticeRefused):
        read(peer, PLAIN, **changed)


def test_a_body_that_was_changed_or_signed_for_another_is_refused(peer):
    provider = PayPal(peer.url)
    body, headers = peer.seal.webhook(peer.url, KEYS["webhook_id"], NOW, PLAIN)
    with pytest.raises(NoticeRefused):
        provider.read_notice(ACCOUNT, body + b" ", headers, NOW)
    other = replace(ACCOUNT, keys={**KEYS, "webhook_id": "0EH40505U7160970P"})
    with pytest.raises(NoticeRefused):
        provider.read_notice(other, body, headers, NOW)


@pytest.mark.parametrize("late", [timedelta(days=3, hours=2), -timedelta(minutes=6)])
def test_what_is_too_old_or_comes_from_the_future_is_refused(peer, late):
    body, headers = peer.seal.webhook(peer.url, KEYS["webhook_id"], NOW, PLAIN)
    with pytest.raises(NoticeRefused):
        PayPal(peer.url).read_notice(ACCOUNT, body, headers, NOW + late)


@pytest.mark.parametrize(
    "url",
    [
        "https://paypal.com.evil.example/v1/notifications/certs/CERT-1",
        "https://evilpaypal.com/v1/notifications/certs/CERT-1",
        "http://api.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com:8443/v1/notifications/certs/CERT-1",
        "https://user@api.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com/v1/notifications/certs/../../cgi-bin/x",
        "https://api.paypal.com/v1/oauth2/token",
        "https://api.paypal.com\\@evil.example/v1/notifications/certs/CERT-1",
        "https://[evil/v1/notifications/certs/CERT-1",
        "file:///v1/notifications/certs/CERT-1",
    ],
)
def test_a_certificate_is_fetched_from_paypal_only(peer, url):
    fetched: list[str] = []
    provider = PayPal(peer.url)
    provider._signatures._fetch = lambda url: fetched.append(url) or b""
    body, headers = peer.seal.webhook(peer.url, KEYS["webhook_id"], NOW, PLAIN)
    with pytest.raises(NoticeRefused, match="does not stand at PayPal's"):
        provider.read_notice(ACCOUNT, body, headers | {"paypal-cert-url": url}, NOW)
    assert fetched == []


@pytest.mark.parametrize(
    "seal",
    [
        Seal(name="messages.example"),
        Seal(name="notpaypal.com"),
        Seal(ends=NOW - timedelta(days=1)),
        Seal(begins=NOW + timedelta(days=1)),
    ],
)
def test_a_certificate_of_another_or_of_another_time_does_not_count(peer, seal):
    peer.seal = seal
    with pytest.raises(NoticeRefused, match="does not count"):
        read(peer, PLAIN)


@pytest.mark.parametrize("resource", [None, [], {}, {"id": "1", "amount": VALUE | {"value": "x"}}])
def test_what_has_not_the_form_of_an_event_is_refused(peer, resource):
    with pytest.raises(NoticeRefused):
        read(peer, {**event("PAYMENT.CAPTURE.COMPLETED", {}), "resource": resource})


# -- what it says -------------------------------------------------------------------------------


def test_an_approval_makes_us_take_the_money_and_its_webhook_changes_nothing(paypal, peer):
    charge = paypal.charge("paypal", "25.00")
    peer.approve(charge["reference"])
    order = peer.orders[charge["reference"]]

    assert tell(paypal, peer, "CHECKOUT.ORDER.APPROVED", order).status_code == 200
    paypal.work_on(after=LATER)
    (capture,) = peer.captures(charge["reference"])
    assert tell(paypal, peer, "PAYMENT.CAPTURE.COMPLETED", capture).json["state"] == "applied"
    late = tell(paypal, peer, "CHECKOUT.ORDER.APPROVED", order)

    assert late.status_code == 200
    assert paypal.get(f"/charges/{charge['id']}")["state"] == "captured"
    assert len(peer.captures(charge["reference"])) == len(paypal.moved()) == 1


@pytest.mark.parametrize(
    ("name", "status", "state"), [("COMPLETED", "COMPLETED", "captured"),
                                  ("DENIED", "DECLINED", "failed")],
)  # fmt: skip
def test_a_review_ends_with_a_webhook(paypal, peer, name, status, state):
    charge = paypal.charge(SLOW, "25.00")
    peer.review(charge["reference"], status)
    capture = peer.captures(charge["reference"])[0]

    for _ in range(2):
        assert tell(paypal, peer, f"PAYMENT.CAPTURE.{name}", capture).status_code == 200

    assert paypal.get(f"/charges/{charge['id']}")["state"] == state
    assert len(paypal.moved()) == (state == "captured")


def test_a_webhook_that_is_quicker_than_the_lost_answer_tells_the_same(paypal, peer):
    peer.faults = ["cut after"]
    charge = paypal.charge(GOOD, "25.00")
    (order,) = peer.orders.values()

    told = tell(paypal, peer, "PAYMENT.CAPTURE.COMPLETED", peer.captures(order["id"])[0])
    paypal.work_on(after=LATER)

    assert told.json["state"] == "applied"
    ended = paypal.get(f"/charges/{charge['id']}")
    assert (ended["state"], ended["reference"], len(paypal.moved())) == (
        "captured", order["id"], 1,
    )  # fmt: skip


def test_what_is_made_at_paypals_own_site_is_written_down_once(paypal, peer):
    charge = paypal.charge(GOOD, "25.00", capture=False)
    authorization = peer.authorizations(charge["reference"])[0]
    names = {name: authorization[name] for name in ("invoice_id", "custom_id")}
    ids = {"order_id": charge["reference"], "authorization_id": authorization["id"]}
    capture = {
        "id": "2GG279541U471931P", "status": "COMPLETED", "amount": VALUE, **names,
        "supplementary_data": {"related_ids": ids},
    }  # fmt: skip

    for _ in range(2):
        assert tell(paypal, peer, "PAYMENT.CAPTURE.COMPLETED", capture).status_code == 200

    ended = paypal.get(f"/charges/{charge['id']}")
    assert (ended["state"], ended["captured"], len(paypal.moved())) == (
        "captured", money("25.00"), 1,
    )  # fmt: skip


def test_a_void_at_paypals_own_site_is_written_down_and_ours_changes_nothing(paypal, peer):
    theirs, ours = (paypal.charge(GOOD, "25.00", capture=False) for _ in range(2))
    paypal.post(f"/charges/{ours['id']}/void")

    for charge in (theirs, ours):
        authorization = peer.authorizations(charge["reference"])[0]
        told = tell(paypal, peer, "PAYMENT.AUTHORIZATION.VOIDED", authorization)
        assert told.json["state"] == "applied", told.json
        assert paypal.get(f"/charges/{charge['id']}")["state"] == "voided"
    assert paypal.moved() == []


def test_refunds_of_ours_and_of_paypals_own_site_are_each_written_down_once(paypal, peer):
    charge = paypal.charge(GOOD, "100.00")
    capture = peer.captures(charge["reference"])[0]
    paypal.post(f"/charges/{charge['id']}/refunds", {"amount": money("30.00")})
    (ours,) = peer.refunds(charge["reference"])
    theirs = ours | {
        "id": "1JU08902781691411", "amount": VALUE, "invoice_id": capture["invoice_id"],
        "custom_id": capture["custom_id"],
    }  # fmt: skip

    for refund in (ours, theirs, theirs, ours):
        told = tell(paypal, peer, "PAYMENT.CAPTURE.REFUNDED", refund)
        assert told.json["state"] == "applied", told.json

    assert paypal.get(f"/charges/{charge['id']}")["refunded"] == money("55.00")
    assert [each["kind"] for each in paypal.moved()] == ["capture", "refund", "refund"]


def dispute(capture: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "dispute_id": "PP-D-12345", "reason": "UNAUTHORISED", "dispute_amount": VALUE,
        "status": "WAITING_FOR_SELLER_RESPONSE", "dispute_life_cycle_stage": "CHARGEBACK",
        "seller_response_due_date": "2026-04-11T09:00:00Z",
        "disputed_transactions": [{"seller_transaction_id": capture["id"]}], **more,
    }  # fmt: skip


def test_a_dispute_is_heard_by_the_capture_and_lost(paypal, peer):
    charge = paypal.charge(GOOD, "25.00")
    capture = peer.captures(charge["reference"])[0]
    lost = {"status": "RESOLVED", "dispute_outcome": {"outcome_code": "RESOLVED_BUYER_FAVOUR"}}

    opened = tell(paypal, peer, "CUSTOMER.DISPUTE.CREATED", dispute(capture))
    peer.captures(charge["reference"])[0]["status_details"] = {"reason": "CHARGEBACK"}
    back = {"id": "1JU08902781691411", "amount": VALUE, "links": [
        {"rel": "up", "href": f"https://api-m.paypal.com/v2/payments/captures/{capture['id']}"}
    ]}  # fmt: skip
    reversed_ = tell(paypal, peer, "PAYMENT.CAPTURE.REVERSED", back)
    ended = tell(paypal, peer, "CUSTOMER.DISPUTE.RESOLVED", dispute(capture, **lost))

    states = [each.json["state"] for each in (opened, reversed_, ended)]
    assert states == ["applied", "ignored", "applied"]
    assert [each["kind"] for each in paypal.moved()] == [
        "capture", "dispute_opened", "dispute_lost",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({}, "needs_response"),
        ({"status": "OPEN"}, "needs_response"),
        ({"status": "UNDER_REVIEW"}, "under_review"),
        ({"status": "WAITING_FOR_BUYER_RESPONSE"}, "under_review"),
        ({"status": "RESOLVED", "dispute_outcome": {"outcome_code": "DENIED"}}, "won"),
        ({"status": "RESOLVED", "dispute_outcome": {"outcome_code": "ACCEPTED"}}, "lost"),
        (
            {"status": "RESOLVED", "dispute_outcome": {"outcome_code": "CANCELED_BY_BUYER"}},
            "withdrawn",
        ),
    ],
)
def test_each_state_of_a_dispute_has_one_of_ours(peer, more, status):
    provider = PayPal(peer.url)
    provider._line.order_of_capture = lambda _account, _capture: ("5O190127TN364715T", "")
    told = event("CUSTOMER.DISPUTE.UPDATED", dispute({"id": "2GG279541U471931P"}, **more))
    body, headers = peer.seal.webhook(peer.url, KEYS["webhook_id"], NOW, told)

    notice = provider.read_notice(ACCOUNT, body, headers, NOW)

    assert notice.charge_reference == "5O190127TN364715T"
    assert notice.dispute is not None
    assert (notice.dispute.status, notice.dispute.amount.minor) == (status, 25_00)
    assert str(notice.dispute.evidence_due_on) == "2026-04-11"


def test_a_capture_that_is_not_ours_is_kept_and_nothing_done(peer):
    told = event("CUSTOMER.DISPUTE.CREATED", dispute({"id": "2GG279541U471931P"}))
    assert read(peer, told).subject is Subject.OTHER


def test_an_authorization_says_what_it_is(peer):
    operation = uuid4()
    told = {
        "id": "0VF52814937998046", "status": "CREATED", "amount": VALUE,
        "invoice_id": str(operation), "custom_id": f"authorize-{operation}",
        "expiration_time": "2026-04-30T00:00:00Z",
        "supplementary_data": {"related_ids": {"order_id": "5O190127TN364715T"}},
    }  # fmt: skip
    notice = read(peer, event("PAYMENT.AUTHORIZATION.CREATED", told))

    assert (notice.kind, notice.operation_id) == (Kind.AUTHORIZE, operation)
    assert notice.answer is not None
    assert (notice.answer.outcome, notice.charge_reference) == (
        Outcome.SUCCEEDED, "5O190127TN364715T",
    )  # fmt: skip
