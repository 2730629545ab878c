"""Many at once: one key has one effect, and what a charge has left is taken once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from nexafi.payments.providers.port import Kind
from tests.payments.conftest import Payments, money
from tests.payments.remembering import Remembering

CALLERS = 100
MADE = {"amount": money("50.00"), "payment_method": "remembering_1"}


@pytest.fixture
def provider(tmp_path) -> Remembering:
    return Remembering(tmp_path / "books.db")


@pytest.fixture
def racing(make_payments, provider) -> Payments:
    made = make_payments(provider)
    assert made.app is not None
    return made


def at_once(callers: int, call: Callable[[int], Any]) -> list[Any]:
    """Let so many call at the same moment; return what each was answered."""
    start = Barrier(callers)

    def one(number: int) -> Any:
        start.wait(timeout=30)
        return call(number)

    with ThreadPoolExecutor(callers) as pool:
        return list(pool.map(one, range(callers)))


def test_a_hundred_calls_with_one_key_have_one_effect(racing, provider, key):
    answers = at_once(CALLERS, lambda _n: racing.post("/charges", MADE, key=key))

    statuses = Counter(each.status_code for each in answers)
    assert statuses.keys() <= {201, 409}, statuses
    assert statuses[201] >= 1
    assert len({each.json["id"] for each in answers if each.status_code == 201}) == 1
    assert provider.done(Kind.SALE) == [5_000]
    assert (racing.count("charges"), racing.count("movements")) == (1, 1)
    after = racing.post("/charges", MADE, key=key)
    assert after.headers["Idempotency-Replayed"] == "true"


def test_a_key_with_another_body_is_refused_and_takes_nothing(racing, provider, key):
    racing.post("/charges", MADE, key=key)

    other = racing.post("/charges", {**MADE, "amount": money("51.00")}, key=key)

    assert other.status_code == 422
    assert provider.done(Kind.SALE) == [5_000]


def test_of_many_captures_one_takes_what_is_held(racing, provider):
    charge = racing.post("/charges", {**MADE, "capture": False}).json["id"]

    answers = at_once(16, lambda n: racing.post(f"/charges/{charge}/capture", {}, key=f"k{n}"))

    assert Counter(each.status_code for each in answers) == {200: 1, 409: 15}
    assert provider.done(Kind.CAPTURE) == [5_000]
    assert racing.count("movements") == 1


def test_many_refunds_give_back_what_was_taken_and_no_more(racing, provider):
    charge = racing.post("/charges", MADE).json["id"]
    part = {"amount": money("7.00")}

    answers = at_once(16, lambda n: racing.post(f"/charges/{charge}/refunds", part, key=f"k{n}"))

    assert Counter(each.status_code for each in answers) == {201: 7, 422: 9}
    assert provider.done(Kind.REFUND) == [700] * 7
    assert racing.get(f"/charges/{charge}")["refunded"] == money("49.00")
