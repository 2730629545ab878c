"""What is dear is made once, whoever asks, and nobody can put anything else in its place."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from nexafi.kernel.shared.cache import LIFE_S, Cache
from nexafi.kernel.shared.link import Link, RedisAt
from nexafi.kernel.trust.secrets import Secret
from tests.redises import Server, needs_server, private

OURS, THEIRS = uuid4(), uuid4()
SECRET = Secret(b"a secret of these tests: 32 bytes")


class Making:
    """Makes a value and notes how often; it takes a while, and may fail."""

    def __init__(self, value: bytes = b"made", pause_s: float = 0.0) -> None:
        self.value = value
        self.pause_s = pause_s
        self.times = 0

    def __call__(self) -> bytes:
        self.times += 1
        time.sleep(self.pause_s)
        return self.value


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def redis() -> Iterator[Server]:
    with private() as server:
        yield server


@pytest.fixture(params=["alone", pytest.param("shared", marks=needs_server)])
def new(request: pytest.FixtureRequest) -> Callable[..., Cache]:
    """Return what makes a cache, in a process alone or on a Redis."""
    if request.param == "alone":
        return Cache
    server, prefix = request.getfixturevalue("redis"), f"test-{uuid4().hex}"

    def make(**more: object) -> Cache:
        return Cache(link(server, prefix), SECRET, **more)

    return make


def link(server: Server, prefix: str) -> Link:
    return Link(RedisAt(server.url(), prefix, timeout_s=1.0))


def test_a_value_is_made_once_for_the_same_question_and_organization(new):
    cache, making = new(), Making()

    assert [cache.get("report", OURS, "1", making) for _ in range(3)] == [b"made"] * 3
    assert making.times == 1
    cache.get("report", OURS, "2", making)
    cache.get("report", THEIRS, "1", making)
    cache.get("paper", OURS, "1", making)
    assert making.times == 4


def test_what_could_not_be_made_is_not_kept_and_made_by_the_next(new):
    cache = new()

    def fail() -> bytes:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        cache.get("report", OURS, "1", fail)
    assert cache.get("report", OURS, "1", Making()) == b"made"


def test_of_many_who_ask_at_once_one_makes_it(new):
    cache, making = new(), Making(pause_s=0.2)

    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda _: cache.get("report", OURS, "1", making), range(8)))

    assert given == [b"made"] * 8
    assert making.times == 1


def test_a_value_dies_a_little_before_its_time_and_is_made_anew(new):
    clock, making = Clock(), Making()
    cache = new(clock=clock)

    cache.get("report", OURS, "1", making)
    clock.now += LIFE_S * 0.8
    cache.get("report", OURS, "1", making)
    assert making.times == 1
    clock.now += LIFE_S * 0.2
    cache.get("report", OURS, "1", making)
    assert making.times == 2


def test_what_was_dear_is_made_anew_early_by_one_while_others_have_the_old(new, monkeypatch):
    monkeypatch.setattr("nexafi.kernel.shared.cache.random.random", lambda: 0.5)
    clock, making = Clock(), Making(pause_s=0.05)
    cache = new(clock=clock)
    cache.get("report", OURS, "1", making)
    begun, go_on = threading.Event(), threading.Event()

    def slowly() -> bytes:
        begun.set()
        assert go_on.wait(10)
        return b"anew"

    clock.now += LIFE_S * 0.95 - 0.01  # it dies in 10 ms, and took 50
    with ThreadPoolExecutor(1) as pool:
        early = pool.submit(cache.get, "report", OURS, "1", slowly)
        assert begun.wait(10)
        assert cache.get("report", OURS, "1", Making(b"never")) == b"made"
        go_on.set()
        assert early.result() == b"anew"
    assert cache.get("report", OURS, "1", Making(b"never")) == b"anew"


def test_memory_is_bounded_and_what_is_too_long_is_not_kept(new):
    cache = new(bytes_max=1_000)
    for n in range(50):
        cache.get("report", OURS, n, Making(b"x" * 100))
    assert cache.size <= 1_000
    assert len(cache) <= 10

    long = Making(b"x" * (2**20 + 1))
    cache.get("report", OURS, "long", long)
    cache.get("report", OURS, "long", long)
    assert long.times == 2


@needs_server
def test_processes_share_what_one_made_and_one_makes_it(redis: Server):
    prefix, making = f"test-{uuid4().hex}", Making(pause_s=0.3)
    processes = [Cache(link(redis, prefix), SECRET) for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        given = list(pool.map(lambda each: each.get("report", OURS, "1", making), processes))

    assert given == [b"made"] * 4
    assert making.times == 1
    late = Cache(link(redis, prefix), SECRET)
    assert late.get("report", OURS, "1", making) == b"made"
    assert late.counts == {("report", "redis"): 1}
    for key in redis.ask("KEYS", f"{prefix}:cache:*"):
        assert 0 < redis.ask("TTL", key) <= LIFE_S


@needs_server
def test_nobody_who_writes_to_redis_can_forge_a_value_or_move_one(redis: Server):
    prefix = f"test-{uuid4().hex}"

    def cache() -> Cache:
        return Cache(link(redis, prefix), SECRET)

    cache().get("report", OURS, "1", Making(b"our profit"))
    cache().get("report", THEIRS, "1", Making(b"their profit"))
    ours, theirs = sorted(
        redis.ask("KEYS", f"{prefix}:cache:*"), key=lambda key: str(OURS) not in key
    )
    assert "profit" not in str(redis.ask("GET", ours))

    redis.ask("COPY", theirs, ours, "REPLACE")
    assert cache().get("report", OURS, "1", Making(b"our profit")) == b"our profit"
    redis.ask("SET", ours, "[0, 9e9]\nforged")
    assert cache().get("report", OURS, "1", Making(b"our profit")) == b"our profit"
    stranger = Cache(link(redis, prefix), Secret(b"the secret of another installation"))
    stranger.get("report", OURS, "2", Making(b"strange"))
    assert cache().get("report", OURS, "2", Making(b"ours")) == b"ours"


@needs_server
def test_without_redis_it_goes_on_in_memory_and_comes_back():
    with private() as server:
        prefix, making = f"test-{uuid4().hex}", Making()
        cache = Cache(link(server, prefix), SECRET)
        cache.get("report", OURS, "1", making)
        server.kill()

        assert cache.get("report", OURS, "1", making) == b"made"
        assert cache.get("report", OURS, "2", making) == b"made"
        assert making.times == 2

        server.start()
        for n in range(100):
            cache.get("report", OURS, f"more {n}", making)
            if server.ask("KEYS", f"{prefix}:cache:*"):
                return
            time.sleep(0.05)
        raise AssertionError("nothing is kept there again")
