"""The promises of `port.py`, which every provider keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from nexafi.payments.errors import NoticeRefused
from nexafi.payments.providers.paypal import PayPal
from nexafi.payments.providers.port import Account, Kind, Method, Outcome, Providers, Reason
from nexafi.payments.providers.sandbox import Sandbox
from nexafi.payments.providers.stripe import Stripe
from tests.payments import paypals
from tests.payments.providers.contract import Subject
from tests.payments.stripes import ACCOUNT

NOWHERE = "http://127.0.0.1:9"  # discard: nobody listens


def sandbox(_request: pytest.FixtureRequest) -> Subject:
    return Subject(
        provider=Sandbox(wait=lambda _s: None),
        account=Account(uuid4(), {"webhook_secret": "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cw=="}),
        good=Method("card", "sandbox_visa"),
        declined=Method("card", "sandbox_declined"),
        foreign="pm_card_visa",
        remembers=False,
    )


def stripe(request: pytest.FixtureRequest) -> Subject:
    peer = request.getfixturevalue("peer")
    return Subject(
        provider=Stripe(peer.url),
        account=ACCOUNT,
        good=Method("card", "pm_card_visa"),
        declined=Method("card", "pm_card_chargeCustomerFail"),
        foreign="sandbox_visa",
        unreachable=Stripe(NOWHERE),
        forged={"stripe-signature": "t=1700000000,v1=00"},
    )


def paypal(request: pytest.FixtureRequest) -> Subject:
    peer = request.getfixturevalue("paypal_peer")
    return Subject(
        provider=PayPal(peer.url),
        account=paypals.ACCOUNT,
        good=Method("paypal", paypals.GOOD),
        declined=Method("paypal", paypals.DECLINED),
        foreign="sandbox_visa",
        unreachable=PayPal(NOWHERE),
        forged={"paypal-transmission-sig": "bm8=", "paypal-auth-algo": "SHA256withRSA"},
    )


SUBJECTS: dict[str, Callable[[pytest.FixtureRequest], Subject]] = {
    "paypal": paypal,
    "sandbox": sandbox,
    "stripe": stripe,
}


@pytest.fixture(params=sorted(SUBJECTS))
def subject(request: pytest.FixtureRequest) -> Subject:
    return SUBJECTS[request.param](request)


def test_it_says_who_it_is_and_what_it_takes(subject):
    provider = subject.provider
    assert provider.name == provider.name.lower()
    assert provider.title
    assert provider.takes.methods
    assert provider.window >= timedelta(hours=1)
    assert all(provider.keys.values()), "each key says what it is and where it is found"


def test_it_knows_its_own_payment_methods_and_no_others(subject):
    assert subject.provider.owns(subject.good.token)
    assert not subject.provider.owns(subject.foreign)
    assert not subject.provider.owns("")


@pytest.mark.parametrize("kind", [Kind.SALE, Kind.AUTHORIZE])
def test_the_same_request_is_done_once_however_often_it_comes(subject, kind):
    request = subject.request(kind)
    first = subject.ask(request)

    again = [subject.ask(replace(request, tries=each)) for each in (2, 3)]

    assert first.outcome is Outcome.SUCCEEDED
    assert first.charge_reference
    assert first.reference
    assert again == [first, first]


def test_a_capture_and_a_refund_are_done_once_however_often_they_come(subject):
    held = subject.done(Kind.AUTHORIZE)
    capture = subject.request(Kind.CAPTURE, 60_00, held)
    captured = [subject.ask(replace(capture, tries=each)) for each in (1, 2)]
    refund = subject.request(Kind.REFUND, 10_00, held)
    refunded = [subject.ask(replace(refund, tries=each)) for each in (1, 2)]

    assert captured[0].outcome is refunded[0].outcome is Outcome.SUCCEEDED
    assert captured[0] == captured[1]
    assert refunded[0] == refunded[1]


def test_two_requests_are_two_deeds(subject):
    one, another = subject.done(Kind.SALE), subject.done(Kind.SALE)
    assert one.charge_reference != another.charge_reference
    assert one.reference != another.reference


def test_two_refunds_of_one_charge_are_told_apart(subject):
    sold = subject.done(Kind.SALE)
    one, another = subject.done(Kind.REFUND, 10_00, sold), subject.done(Kind.REFUND, 10_00, sold)
    assert one.reference != another.reference


def test_what_is_held_can_be_let_go(subject):
    held = subject.done(Kind.AUTHORIZE)
    void = subject.request(Kind.VOID, 100_00, held)
    assert subject.ask(void).outcome is Outcome.SUCCEEDED
    assert subject.provider.look_up(subject.account, void).outcome is Outcome.SUCCEEDED


def test_a_no_says_why_and_stays_a_no(subject):
    request = replace(subject.request(Kind.SALE), method=subject.declined)
    answers = [subject.ask(replace(request, tries=each)) for each in (1, 2)]

    assert [each.outcome for each in answers] == [Outcome.FAILED, Outcome.FAILED]
    assert answers[0].reason in set(Reason)
    assert answers[0].message


def test_a_fee_is_in_the_currency_of_the_charge_and_never_more(subject):
    fee = subject.done(Kind.SALE).fee
    assert fee is not None
    assert fee.currency == "EUR"
    assert 0 <= fee.minor <= 100_00


@pytest.mark.parametrize("kind", [Kind.SALE, Kind.AUTHORIZE])
def test_what_was_asked_is_found_whether_or_not_its_reference_is_known(subject, kind):
    request = subject.request(kind)
    answer = subject.ask(request)
    named = replace(request, reference=answer.charge_reference, own_reference=answer.reference)

    found = [subject.provider.look_up(subject.account, each) for each in (request, named)]

    assert found == [answer, answer]


def test_a_refund_is_found_whether_or_not_its_reference_is_known(subject):
    refund = subject.request(Kind.REFUND, 10_00, subject.done(Kind.SALE))
    answer = subject.ask(refund)
    named = replace(refund, own_reference=answer.reference)

    found = [subject.provider.look_up(subject.account, each) for each in (refund, named)]

    assert found == [answer, answer]


@pytest.mark.parametrize("kind", [Kind.SALE, Kind.AUTHORIZE, Kind.REFUND, Kind.CAPTURE])
def test_what_was_never_asked_is_unknown(subject, kind):
    if not subject.remembers:
        pytest.skip("it remembers nothing, and says of all what its script says")
    of = subject.done(Kind.AUTHORIZE) if kind in {Kind.REFUND, Kind.CAPTURE} else None
    found = subject.provider.look_up(subject.account, subject.request(kind, 10_00, of))
    assert found.outcome is Outcome.UNKNOWN


def test_who_is_not_reached_surely_did_nothing_and_a_look_up_is_not_sure(subject):
    if subject.unreachable is None:
        pytest.skip("it is in this process, and always reached")
    request = subject.request(Kind.SALE)
    asked = subject.unreachable.ask(subject.account, request)
    looked = subject.unreachable.look_up(subject.account, request)

    assert (asked.outcome, asked.reason) == (Outcome.UNTOUCHED, Reason.UNAVAILABLE)
    assert looked.outcome is Outcome.PENDING


def test_whatever_goes_wrong_on_the_way_is_pending(subject):
    providers = Providers(subject.provider)
    without_keys = Account(uuid4()) if subject.provider.keys else None
    if without_keys is None:
        pytest.skip("it needs no keys")
    answer = providers.ask(subject.provider.name, without_keys, subject.request(Kind.SALE))
    assert answer.outcome is Outcome.PENDING


def test_a_webhook_that_is_not_its_own_is_refused(subject):
    now = datetime(2026, 4, 1, tzinfo=UTC)
    for headers in ({}, subject.forged):
        with pytest.raises(NoticeRefused):
            subject.provider.read_notice(subject.account, b'{"id": "evt_1"}', headers, now)
