"""Servers in the place of Stripe, and a payments service that is connected with one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from nexafi.payments.providers.paypal import PayPal
from nexafi.payments.providers.sandbox import Sandbox
from nexafi.payments.providers.stripe import Stripe
from tests.payments import paypals
from tests.payments.conftest import MakePayments, Payments
from tests.payments.faults import Faults
from tests.payments.stripes import ACCOUNT, Peer, localstripe, stateful_mock

ANSWER_S = 1.0
"""How long Stripe may take in tests."""

Connect = Callable[[str], Payments]


@pytest.fixture(scope="session")
def peer() -> Iterator[Peer]:
    """A localstripe for all tests; each counts what is its own."""
    with localstripe() as started:
        yield started


@pytest.fixture(scope="session")
def mock() -> Iterator[Peer]:
    """A stripe-stateful-mock for all tests."""
    with stateful_mock() as started:
        yield started


@pytest.fixture
def faults(peer: Peer) -> Iterator[Faults]:
    """A proxy before localstripe that does what a script says."""
    with Faults.before(peer.url, delay_s=ANSWER_S + 0.5) as started:
        yield started


@pytest.fixture
def connect(make_payments: MakePayments) -> Connect:
    """Return what makes a payments service whose Stripe is at an address."""

    def make(url: str) -> Payments:
        payments = make_payments(Stripe(url, ANSWER_S), Sandbox(wait=lambda _s: None))
        body = {"keys": dict(ACCOUNT.keys)}
        answer = payments.client.put("/api/v1/payments/providers/stripe", json=body)
        assert answer.status_code == 200, answer.json
        return payments

    return make


@pytest.fixture
def stripe(connect: Connect, peer: Peer) -> Payments:
    """A payments service that is connected with localstripe."""
    return connect(peer.url)


@pytest.fixture
def paypal_peer() -> Iterator[paypals.Peer]:
    """Run a stand-in for PayPal whose contract nobody may break."""
    with paypals.Peer.running() as peer:
        yield peer


@pytest.fixture
def paypal(make_payments: MakePayments, paypal_peer: paypals.Peer) -> Payments:
    """Run a payments service that is connected with the stand-in for PayPal."""
    return paypals.connect(make_payments(PayPal(paypal_peer.url)))
