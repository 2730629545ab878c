"""Each client has a share, and hears of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexafi.gateway.limits import Limits, Taken, Terms, fields


def test_a_burst_is_let_through_and_then_the_rate():
    limits = Limits(Terms(2, 4), clients_max=10)

    assert [limits.take("a", 0.0).allowed for _ in range(6)] == [True] * 4 + [False] * 2
    assert [limits.take("a", 0.5).allowed for _ in range(2)] == [True, False]
    assert [limits.take("a", 9.0).allowed for _ in range(5)] == [True] * 4 + [False]


def test_one_client_does_not_use_up_the_share_of_another():
    limits = Limits(Terms(1, 1), clients_max=10)

    assert limits.take("a", 0.0).allowed
    assert not limits.take("a", 0.0).allowed
    assert limits.take("b", 0.0).allowed


def test_a_client_hears_what_is_left_and_when_to_come_again():
    terms = Terms(0.5, 2)
    limits = Limits(terms, clients_max=10)

    taken = [limits.take("a", 0.0) for _ in range(3)]
    told = [dict(fields(Taken(terms.rate_policy, [("default", each)]))) for each in taken]

    assert {each["ratelimit-policy"] for each in told} == {'"default";q=2;w=4'}
    assert [each["ratelimit"] for each in told] == [
        '"default";r=1;t=2',
        '"default";r=0;t=4',
        '"default";r=0;t=4',
    ]
    assert [each.get("retry-after") for each in told] == [None, None, "2"]
    assert limits.take("a", 2.0).allowed


@given(
    st.lists(st.floats(min_value=0, max_value=2), min_size=1, max_size=200),
    st.integers(1, 20),
    st.integers(1, 50),
)
def test_no_window_ever_holds_more_than_burst_and_rate(pauses: list[float], burst: int, rate: int):
    """The promise of the bucket: within any span at most burst + rate * span calls."""
    limits, now = Limits(Terms(rate, burst), 10), 0.0
    let_through = []
    for pause in pauses:
        now += pause
        if limits.take("a", now).allowed:
            let_through.append(now)
    for first in range(len(let_through)):
        for last in range(first, len(let_through)):
            span = let_through[last] - let_through[first]
            assert last - first + 1 <= burst + rate * span + 1e-6


@given(st.lists(st.tuples(st.integers(0, 300), st.floats(min_value=0, max_value=1)), max_size=400))
def test_memory_is_bounded_whoever_comes(calls: list[tuple[int, float]]):
    limits, now = Limits(Terms(1, 5), clients_max=20), 0.0
    for who, pause in calls:
        now += pause
        limits.take(str(who), now)
        assert len(limits) <= 20


@pytest.fixture(scope="module")
def strict(start_door, running):
    return start_door({"one": running.origin}, rate_per_s=0.1, burst=3)


def test_whoever_calls_too_often_is_told_when_to_come_again(strict, service):
    as_ada = {"Authorization": "Bearer good-ada"}
    answers = [strict.get("/api/v1/one/x", **as_ada) for _ in range(5)]

    assert [answer.status for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].problem == "gateway/too-many-requests"
    assert 1 <= int(answers[-1].one("retry-after")) <= 10
    assert answers[0].one("ratelimit") == '"default";r=2;t=10'
    assert answers[0].one("ratelimit-policy") == '"default";q=3;w=30'
    assert len(service.seen) == 3

    as_bob = {"Authorization": "Bearer good-bob"}
    assert strict.get("/api/v1/one/x", **as_bob).status == 200


def test_bad_tokens_are_counted_for_where_they_come_from(strict, service):
    statuses = [strict.get("/x", Authorization=f"Bearer bad-{n}").status for n in range(5)]

    assert statuses == [401, 401, 401, 429, 429]
    assert service.seen == []
