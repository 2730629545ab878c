"""The answer to a call and a webhook at the same moment: nothing is doubled, and nothing fails."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.payments.notices.test_webhooks_in import operation

PAIRS = 1_000 if os.environ.get("NEXAFI_TEST_LONG") else 12
CALLERS = 8


@pytest.mark.timeout(1_800)
def test_an_answer_and_a_webhook_at_once_do_it_once(payments, sandbox):
    """Each charge is captured by a call, and by a webhook of the capture, at the same moment."""
    charges = [payments.charge(capture=False) for _ in range(PAIRS)]
    hooks = [
        sandbox.hook("payment.captured", charge, kind="capture", reference=f"c{place}")
        for place, charge in enumerate(charges)
    ]
    together = Barrier(2)

    def call(place):
        together.wait()
        return payments.post(f"/charges/{charges[place]['id']}/capture").status_code

    def notice(place):
        together.wait()
        return sandbox.send(hooks[place]).status_code

    with ThreadPoolExecutor(2) as two:
        asked = [(two.submit(call, n), two.submit(notice, n)) for n in range(PAIRS)]
        answers = [(call.result(), hook.result()) for call, hook in asked]

    # One who comes second finds the charge captured, or being captured: a conflict, not an error.
    assert {hook for _, hook in answers} == {200}
    assert {call for call, _ in answers} <= {200, 409}
    assert len(payments.moved()) == PAIRS
    states = {payments.get(f"/charges/{each['id']}")["state"] for each in charges}
    assert states == {"captured"}


@pytest.mark.timeout(1_800)
def test_many_webhooks_of_one_thing_at_once_do_it_once(payments, sandbox):
    charges = [payments.charge("sandbox_3ds") for _ in range(PAIRS // 4 or 1)]
    hooks = []
    for charge in charges:
        asked = operation(payments, charge)
        hooks.append([sandbox.about("payment.succeeded", asked, charge) for _ in range(2)])

    def send(place):
        charge, copy = divmod(place, CALLERS)
        return sandbox.send(hooks[charge][copy % 2]).json["state"]

    with ThreadPoolExecutor(CALLERS) as crowd:
        states = set(crowd.map(send, range(len(charges) * CALLERS)))

    assert states <= {"applied", "received"}  # a repeat may be answered while the first is applied
    assert len(payments.moved()) == len(charges)
    assert payments.count("webhook_events") == 2 * len(charges)
