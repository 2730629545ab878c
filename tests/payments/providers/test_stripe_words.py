"""The words of Stripe in ours, by value and by property, and by all examples that Stripe gives."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexafi.kernel.values.currencies import CURRENCIES
from nexafi.kernel.values.money import Money
from nexafi.payments.providers import stripe_notices, stripe_words
from nexafi.payments.providers.port import (
    Kind,
    Method,
    Outcome,
    Reason,
    Request,
    Subject,
)
from tests.shared import shared

ID = UUID("01900000-0000-7000-8000-000000000001")


def request(kind: Kind, minor: int = 10_00, currency: str = "EUR") -> Request:
    return Request(ID, kind, Money(minor, currency), uuid4(), Method("card", "pm_1"))


def intent(status: str, **more: Any) -> dict[str, Any]:
    return {"id": "pi_1", "object": "payment_intent", "status": status, "amount": 1000,
            "currency": "eur", "capture_method": "automatic", "latest_charge": "ch_1",
            "metadata": {}, **more}  # fmt: skip


def event(name: str, thing: dict[str, Any]) -> dict[str, Any]:
    return {"id": "evt_1", "type": name, "created": 1_700_000_000, "data": {"object": thing}}


# -- amounts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("money", "minor"),
    [
        (Money(1250, "EUR"), 1250),
        (Money(500, "JPY"), 500),
        (Money(5, "ISK"), 500),
        (Money(5, "UGX"), 500),
        (Money(1000, "MGA"), 10),
        (Money(1001, "MGA"), None),
        (Money(5120, "KWD"), 5120),
        (Money(5124, "KWD"), None),
        (Money(1045, "HUF"), 1045),
    ],
)
def test_an_amount_is_said_as_stripe_counts_it(money, minor):
    assert stripe_words.minor_of(money) == minor
    if minor is not None:
        assert stripe_words.money_of(minor, money.currency.lower()) == money


@given(st.integers(1, 10**12), st.sampled_from(sorted(CURRENCIES)))
def test_what_can_be_said_to_stripe_comes_back_as_it_was(minor, currency):
    money = Money(minor, currency)
    said = stripe_words.minor_of(money)
    assert said is None or stripe_words.money_of(said, currency) == money


def test_what_is_smaller_than_our_unit_is_rounded_half_to_even():
    assert [stripe_words.money_of(each, "isk").minor for each in (50, 51, 150, 149)] == [0, 1, 2, 1]


# -- states -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "status", "outcome"),
    [
        (Kind.SALE, "succeeded", Outcome.SUCCEEDED),
        (Kind.SALE, "processing", Outcome.PENDING),
        (Kind.SALE, "requires_action", Outcome.ACTION),
        (Kind.SALE, "requires_capture", Outcome.PENDING),
        (Kind.SALE, "requires_confirmation", Outcome.PENDING),
        (Kind.SALE, "requires_payment_method", Outcome.PENDING),
        (Kind.SALE, "canceled", Outcome.FAILED),
        (Kind.SALE, "a state of tomorrow", Outcome.PENDING),
        (Kind.AUTHORIZE, "requires_capture", Outcome.SUCCEEDED),
        (Kind.AUTHORIZE, "succeeded", Outcome.SUCCEEDED),
        (Kind.CAPTURE, "canceled", Outcome.FAILED),
        (Kind.CAPTURE, "requires_capture", Outcome.UNKNOWN),
        (Kind.CAPTURE, "processing", Outcome.PENDING),
        (Kind.VOID, "canceled", Outcome.SUCCEEDED),
        (Kind.VOID, "succeeded", Outcome.FAILED),
        (Kind.VOID, "requires_capture", Outcome.UNKNOWN),
        (Kind.VOID, "processing", Outcome.PENDING),
    ],
)
def test_a_state_says_what_became_of_it(kind, status, outcome):
    answer = stripe_words.intent_answer(request(kind), intent(status))
    assert answer.outcome is outcome


def test_a_capture_is_known_by_what_was_given_along_or_by_its_amount():
    ours = intent("succeeded", metadata={stripe_words.CAPTURE: str(ID)}, amount_received=1)
    foreign = intent("succeeded", metadata={stripe_words.CAPTURE: str(uuid4())})
    by_hand = intent("succeeded", amount_received=1000)
    of_less = intent("succeeded", amount_received=999)

    found = [
        stripe_words.intent_answer(request(Kind.CAPTURE), each).outcome
        for each in (ours, foreign, by_hand, of_less)
    ]

    assert found == [Outcome.SUCCEEDED, Outcome.UNKNOWN, Outcome.SUCCEEDED, Outcome.UNKNOWN]


def test_the_fee_the_country_and_the_last_day_are_told():
    charge = {
        "id": "ch_1",
        "balance_transaction": {"fee": 59, "currency": "eur"},
        "payment_method_details": {
            "type": "card", "card": {"country": "de", "capture_before": 1_700_000_000},
        },
    }  # fmt: skip
    held = stripe_words.begun(Kind.AUTHORIZE, intent("requires_capture", latest_charge=charge))
    sold = stripe_words.begun(Kind.SALE, intent("succeeded", latest_charge=charge))

    assert (held.fee, held.country) == (None, "DE")
    assert held.expires_at == datetime.fromtimestamp(1_700_000_000, UTC)
    assert (sold.fee, sold.reference, sold.charge_reference) == (Money(59, "EUR"), "ch_1", "pi_1")


def test_the_payer_is_sent_to_the_bank_or_to_the_script_of_stripe():
    redirect = {"type": "redirect_to_url", "redirect_to_url": {"url": "https://bank.example/3ds"}}
    script = {"type": "use_stripe_sdk", "use_stripe_sdk": {}}

    actions = [
        stripe_words.begun(
            Kind.SALE, intent("requires_action", next_action=each, client_secret="pi_1_secret")
        ).action
        for each in (redirect, script)
    ]

    assert actions == [
        {"kind": "redirect", "url": "https://bank.example/3ds"},
        {"kind": "stripe_sdk", "client_secret": "pi_1_secret"},
    ]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ({"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds"},
         Reason.INSUFFICIENT_FUNDS),
        ({"type": "card_error", "code": "card_declined", "decline_code": "stolen_card"},
         Reason.LOST_OR_STOLEN),
        ({"type": "card_error", "code": "card_declined", "decline_code": "new_word"},
         Reason.CARD_DECLINED),
        ({"type": "card_error", "code": "a_new_code"}, Reason.CARD_DECLINED),
        ({"type": "invalid_request_error", "code": "amount_too_small"}, Reason.AMOUNT_UNFIT),
        ({"type": "invalid_request_error", "param": "currency"}, Reason.CURRENCY_UNFIT),
        ({"type": "invalid_request_error"}, Reason.OTHER),
    ],
)  # fmt: skip
def test_an_error_says_why(error, reason):
    answer = stripe_words.refused(error)
    assert (answer.outcome, answer.reason) == (Outcome.FAILED, reason)


def test_a_card_number_in_a_message_is_masked():
    said = stripe_words.refused({"message": "Your card 4242 4242 4242 4242 was declined."})
    assert said.message == "Your card **** **** **** 4242 was declined."


# -- webhooks -----------------------------------------------------------------------------------


def test_a_sale_that_succeeded_is_told_of_its_operation():
    ours = {stripe_words.OPERATION: str(ID)}
    said = stripe_notices.notice(
        event("payment_intent.succeeded", intent("succeeded", metadata=ours))
    )

    assert (said.subject, said.operation_id, said.kind) == (Subject.OPERATION, ID, Kind.SALE)
    assert (said.charge_reference, said.amount) == ("pi_1", Money(1000, "EUR"))
    assert said.answer is not None
    assert said.answer.outcome is Outcome.SUCCEEDED


def test_a_capture_that_succeeded_is_told_of_the_capture():
    made, captured = uuid4(), uuid4()
    metadata = {stripe_words.OPERATION: str(made), stripe_words.CAPTURE: str(captured)}
    thing = intent("succeeded", capture_method="manual", metadata=metadata, amount_received=400)
    said = stripe_notices.notice(event("payment_intent.succeeded", thing))

    assert (said.operation_id, said.kind, said.amount) == (
        captured, Kind.CAPTURE, Money(400, "EUR"),
    )  # fmt: skip


def test_a_refund_of_ours_is_told_of_its_operation_and_another_as_a_refund():
    refund = {"id": "re_1", "amount": 300, "currency": "eur", "status": "failed",
              "failure_reason": "lost_or_stolen_card", "payment_intent": "pi_1"}  # fmt: skip
    ours = stripe_notices.notice(
        event("refund.failed", {**refund, "metadata": {stripe_words.OPERATION: str(ID)}})
    )
    foreign = stripe_notices.notice(event("charge.refund.updated", refund))

    assert (ours.subject, ours.operation_id) == (Subject.OPERATION, ID)
    assert (foreign.subject, foreign.operation_id) == (Subject.REFUND, None)
    assert foreign.charge_reference == "pi_1"
    assert foreign.answer is not None
    assert (foreign.answer.outcome, foreign.answer.reason) == (
        Outcome.FAILED, Reason.LOST_OR_STOLEN,
    )  # fmt: skip


def test_what_expired_is_a_void_that_nobody_asked_for():
    thing = intent("canceled", capture_method="manual", cancellation_reason="automatic")
    said = stripe_notices.notice(event("payment_intent.canceled", thing))

    assert (said.kind, said.operation_id) == (Kind.VOID, None)
    assert said.answer is not None
    assert (said.answer.outcome, said.answer.reason) == (
        Outcome.SUCCEEDED, Reason.AUTHORIZATION_EXPIRED,
    )  # fmt: skip


def test_what_was_given_up_before_it_was_held_has_failed():
    ours = {stripe_words.OPERATION: str(ID)}
    thing = intent("canceled", capture_method="manual", latest_charge=None, metadata=ours)
    said = stripe_notices.notice(event("payment_intent.canceled", thing))

    assert (said.kind, said.operation_id) == (Kind.AUTHORIZE, ID)
    assert said.answer is not None
    assert said.answer.outcome is Outcome.FAILED


def test_a_dispute_is_told_with_its_fee_and_the_day_until_which_evidence_is_due():
    dispute = {
        "id": "dp_1", "amount": 1000, "currency": "eur", "status": "needs_response",
        "reason": "fraudulent", "payment_intent": "pi_1",
        "evidence_details": {"due_by": 1_723_679_999},
        "balance_transactions": [{"fee": 2000, "currency": "eur"}],
    }  # fmt: skip
    said = stripe_notices.notice(event("charge.dispute.created", dispute))

    assert (said.subject, said.charge_reference) == (Subject.DISPUTE, "pi_1")
    assert said.dispute is not None
    assert (said.dispute.status, said.dispute.fee) == ("needs_response", Money(2000, "EUR"))
    assert str(said.dispute.evidence_due_on) == "2024-08-14"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("paid", Outcome.SUCCEEDED), ("failed", Outcome.FAILED), ("in_transit", Outcome.PENDING)],
)
def test_a_payout_is_told(status, outcome):
    payout = {"id": "po_1", "amount": 9_680, "currency": "eur", "status": status}
    said = stripe_notices.notice(event(f"payout.{status}", payout))

    assert (said.subject, said.amount) == (Subject.PAYOUT, Money(9_680, "EUR"))
    assert said.answer is not None
    assert (said.answer.outcome, said.answer.reference) == (outcome, "po_1")


# -- what Stripe publishes ----------------------------------------------------------------------


def fixtures() -> dict[str, Any]:
    text = (shared("payments") / "stripe_fixtures3.json").read_text(encoding="utf-8")
    return json.loads(text)["resources"]


@pytest.mark.parametrize("kind", list(Kind))
def test_the_payment_intent_and_the_refund_that_stripe_publishes_are_understood(kind):
    published = fixtures()
    asked = request(kind, published["payment_intent"]["amount"], "USD")
    answer = stripe_words.intent_answer(asked, published["payment_intent"])
    refund = stripe_words.refund_answer(published["refund"])

    assert answer.outcome is not Outcome.SUCCEEDED, "it waits for a payment method"
    assert (refund.outcome, refund.reference) == (Outcome.SUCCEEDED, published["refund"]["id"])
    assert stripe_words.fee_of(published["balance_transaction"]) == Money(0, "USD")


@pytest.mark.parametrize(
    ("name", "resource", "subject"),
    [
        ("payment_intent.succeeded", "payment_intent", Subject.OPERATION),
        ("payment_intent.payment_failed", "payment_intent", Subject.OPERATION),
        ("payment_intent.canceled", "payment_intent", Subject.OPERATION),
        ("payment_intent.processing", "payment_intent", Subject.OPERATION),
        ("payment_intent.requires_action", "payment_intent", Subject.OPERATION),
        ("payment_intent.amount_capturable_updated", "payment_intent", Subject.OPERATION),
        ("payment_intent.created", "payment_intent", Subject.OTHER),
        ("refund.created", "refund", Subject.REFUND),
        ("refund.updated", "refund", Subject.REFUND),
        ("refund.failed", "refund", Subject.REFUND),
        ("charge.refunded", "charge", Subject.OTHER),
        ("charge.captured", "charge", Subject.OTHER),
        ("charge.dispute.created", "dispute", Subject.DISPUTE),
        ("charge.dispute.closed", "dispute", Subject.DISPUTE),
        ("charge.dispute.funds_withdrawn", "dispute", Subject.DISPUTE),
        ("payout.paid", "payout", Subject.PAYOUT),
        ("payout.failed", "payout", Subject.PAYOUT),
        ("customer.created", "customer", Subject.OTHER),
        ("plan.created", "plan", Subject.OTHER),
    ],
)
def test_each_published_object_in_an_event_is_understood(name, resource, subject):
    said = stripe_notices.notice(event(name, fixtures()[resource]))
    assert (said.subject, said.name, said.id) == (subject, name, "evt_1")


def test_every_published_object_in_any_event_is_understood():
    for resource, thing in fixtures().items():
        if isinstance(thing, dict):
            said = stripe_notices.notice(event(f"{resource}.updated", thing))
            assert said.at == datetime.fromtimestamp(1_700_000_000, UTC)
