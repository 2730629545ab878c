"""Several gateways count together in Redis, and each alone while Redis is away."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from nexafi.gateway.limits import Alone, Share, Taken, Terms
from nexafi.gateway.sharing import Together
from nexafi.kernel.shared.link import Link, RedisAt
from tests.redises import Server, needs_server, private

pytestmark = needs_server

SLOW = Terms(rate_per_s=0.01, burst=5)
"""So slow that nothing flows back while a test runs."""

METERED = Terms(rate_per_s=1_000, burst=1_000, per_day=3, per_month=5)


@pytest.fixture(scope="module")
def redis() -> Iterator[Server]:
    with private() as server:
        yield server


def at(server: Server, timeout_s: float = 2.0) -> RedisAt:
    """Return where a server is, under a prefix that nobody else uses."""
    authority = server.authority if server.has_tls else None
    return RedisAt(server.url(), f"test-{uuid4().hex}", authority, timeout_s)


def together(where: RedisAt) -> Together:
    return Together(Link(where), Alone(SLOW, 100))


def run(story: Callable[..., object], where: RedisAt, count: int = 1) -> object:
    """Run *story* in a loop with so many gateways that share a Redis."""

    async def tell() -> object:
        gateways = [together(where) for _ in range(count)]
        try:
            return await story(*gateways)
        finally:
            for each in gateways:
                await each.close()

    return asyncio.run(tell())


def round_up(taken: Taken) -> tuple[str, list[tuple[str, bool, int, int, int]]]:
    return taken.policy, [
        (name, each.allowed, each.remaining, round(each.full_in_s), round(each.retry_in_s))
        for name, each in taken.shares
    ]


@pytest.mark.parametrize("terms", [SLOW, Terms(3, 7), Terms(0.02, 3, per_day=2), METERED])
def test_what_redis_says_is_what_one_process_would_say(redis: Server, terms: Terms):
    async def story(shared: Together) -> list[Taken]:
        return [await shared.take("ada", "engines", terms) for _ in range(8)]

    alone, began = Alone(SLOW, 100), time.monotonic()

    told = run(story, at(redis))
    expected = [alone.take("ada", "engines", terms, began) for _ in range(8)]

    assert [round_up(each)[0] for each in told] == [round_up(each)[0] for each in expected]
    if terms.rate_per_s < 1:
        assert [round_up(each) for each in told] == [round_up(each) for each in expected]
    else:
        assert [each.is_allowed for each in told] == [each.is_allowed for each in expected]


def test_many_gateways_together_let_through_exactly_what_one_would(redis: Server):
    where, terms = at(redis), Terms(rate_per_s=0.01, burst=100)

    async def story(*gateways: Together) -> int:
        calls = [each.take("ada", None, terms) for each in gateways for _ in range(100)]
        return sum(taken.is_allowed for taken in await asyncio.gather(*calls))

    assert run(story, where, count=4) == 100
    assert run(story, where) == 0


def test_many_processes_at_once_let_through_exactly_what_one_would(redis: Server):
    where, terms = at(redis), Terms(rate_per_s=0.01, burst=100)

    async def story(shared: Together) -> int:
        return sum([(await shared.take("ada", None, terms)).is_allowed for _ in range(50)])

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: run(story, where), range(8))) == 100


def test_one_does_not_use_up_what_is_anothers(redis: Server):
    async def story(shared: Together) -> list[bool]:
        calls = [("ada", None)] * 6 + [("bob", None)]
        return [(await shared.take(*call, SLOW)).is_allowed for call in calls]

    assert run(story, at(redis)) == [True] * 5 + [False, True]


def test_calls_of_all_members_count_for_their_organization(redis: Server):
    async def story(shared: Together) -> list[Taken]:
        return [await shared.take(f"user {n}", "engines", METERED) for n in range(5)]

    told = run(story, at(redis))

    assert [each.is_allowed for each in told] == [True] * 3 + [False] * 2
    shares = [dict(each.shares) for each in told]
    assert [each["day"].remaining for each in shares] == [2, 1, 0, 0, 0]
    assert [each["month"].remaining for each in shares] == [4, 3, 2, 2, 2]
    assert 0 < shares[-1]["day"].retry_in_s <= 86_400
    assert isinstance(shares[-1]["day"], Share)


def test_a_bucket_that_is_full_again_is_forgotten_and_a_quota_outlives_its_month(redis: Server):
    where = at(redis)

    async def story(shared: Together) -> None:
        await shared.take("ada", "engines", Terms(rate_per_s=0.1, burst=5, per_month=9))

    run(story, where)

    assert 0 < redis.ask("PTTL", where.key("rate", "ada")) <= 10_000
    assert 86_400 < redis.ask("TTL", where.key("quota", "engines")) <= 32 * 86_400


MOMENTS = [
    "1970-01-01T00:00:00",
    "1999-12-31T23:59:59",
    "2000-02-29T12:00:00",
    "2023-02-28T23:59:59",
    "2024-02-29T00:00:00",
    "2026-03-01T00:00:00",
    "2026-11-25T09:00:00",
    "2026-12-31T23:59:58",
    "2100-02-28T10:00:00",
]


@pytest.mark.parametrize("moment", MOMENTS)
def test_days_and_months_end_when_the_calendar_says(redis: Server, moment: str):
    from calendar import monthrange  # noqa: PLC0415 - the judge of this test only

    from nexafi.gateway.sharing import SCRIPT  # noqa: PLC0415

    now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    stopped = f"local time = {{ '{int(now.timestamp())}', '0' }}"
    script = SCRIPT.read_text().replace("local time = redis.call('TIME')", stopped)
    prefix = uuid4().hex
    keys = (f"{prefix}:rate", f"{prefix}:quota")

    ((*_, day_ends_in, month_ends_in, days),) = redis.ask("EVAL", script, 2, *keys, 1, 1, 5, 5)

    seconds = now.hour * 3_600 + now.minute * 60 + now.second
    assert days == monthrange(now.year, now.month)[1]
    assert day_ends_in == 86_400 - seconds
    assert month_ends_in == (days - now.day + 1) * 86_400 - seconds


def test_a_new_day_begins_with_a_full_quota_and_the_month_goes_on(redis: Server):
    from nexafi.gateway.sharing import SCRIPT  # noqa: PLC0415

    keys = (f"{uuid4().hex}:rate", f"{uuid4().hex}:quota")

    def take(day: int) -> list[int]:
        at_noon = int(datetime(2026, 11, day, 12, tzinfo=UTC).timestamp())
        stopped = f"local time = {{ '{at_noon}', '0' }}"
        script = SCRIPT.read_text().replace("local time = redis.call('TIME')", stopped)
        script = script.replace("redis.call('EXPIRE'", "redis.call('PERSIST', quota) --")
        ((_, _, day_left, month_left, *_),) = redis.ask("EVAL", script, 2, *keys, 1, 9, 2, 3)
        return [day_left, month_left]

    assert [take(24), take(24), take(24)] == [[1, 2], [0, 1], [-1, 1]]
    assert [take(25), take(25)] == [[1, 0], [1, -1]]


# -- when it is away ----------------------------------------------------------------------------


def statuses(door, count: int, name: str) -> Counter:
    token = {"Authorization": f"Bearer good-{name}"}
    return Counter(door.get("/api/v1/one/x", **token).status for _ in range(count))


def metrics(door) -> dict[str, float]:
    lines = door.get("/metrics").body.decode().splitlines()
    pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs}


def until(holds: Callable[[], bool]) -> None:
    for _ in range(400):
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError("it does not come to pass")


@pytest.fixture
def doors(start_door, running):
    """Return what starts gateways on a Redis: 3 calls at once, hardly any flow back."""

    def start(server: Server, **more: object):
        env = {"NEXAFI_TEST_GATEWAY_REDIS": server.url()}
        if server.has_tls:
            env["NEXAFI_TEST_GATEWAY_REDIS_CA"] = str(server.authority)
        return start_door(
            {"one": running.origin, "users": running.origin},
            env=env,
            **({"rate_per_s": 0.01, "burst": 3} | more),
        )

    return start


def test_two_gateways_let_through_what_one_would_and_go_on_alone_without_redis(doors, service):
    with private() as server:
        first, second = doors(server), doors(server)

        assert statuses(first, 2, "ada") + statuses(second, 3, "ada") == {200: 3, 429: 2}
        assert metrics(first)["nexafi_gateway_limits_shared"] == 1

        server.kill()
        assert statuses(first, 4, "bob") == {200: 3, 429: 1}
        assert statuses(second, 4, "bob") == {200: 3, 429: 1}
        told = metrics(first)
        assert told["nexafi_gateway_limits_shared"] == 0
        assert told['nexafi_redis_up{service="gateway"}'] == 0
        assert told["nexafi_gateway_counted_alone_total"] >= 4
        ready = first.get("/readyz")
        assert (ready.status, ready.json["status"]) == (200, "degraded")
        assert "away" in str(ready.json["redis"])

        server.start()
        until(lambda: first.get("/readyz").json["status"] == "ready")
        until(lambda: second.get("/readyz").json["status"] == "ready")
        assert statuses(first, 2, "eve") + statuses(second, 3, "eve") == {200: 3, 429: 2}
        log = first.log.read_text()
        assert log.count("Redis is away") == 1
        assert log.count("Redis is there again") == 1


def test_a_redis_that_hangs_holds_up_nobody_for_long(doors, service):
    with private() as server:
        door = doors(server, rate_per_s=1_000, burst=1_000)
        assert statuses(door, 1, "ada") == {200: 1}
        server.pause()

        began = time.monotonic()
        assert statuses(door, 50, "ada") == {200: 50}
        took_s = time.monotonic() - began

        assert took_s < 5, "each would have waited"
        assert metrics(door)["nexafi_gateway_limits_shared"] == 0
        server.resume()
        until(lambda: door.get("/readyz").json["status"] == "ready")
        assert statuses(door, 1, "ada") == {200: 1}


def test_a_redis_that_was_flushed_or_has_lost_the_script_goes_on(doors, service):
    with private() as server:
        door = doors(server)
        assert statuses(door, 4, "ada") == {200: 3, 429: 1}

        server.ask("SCRIPT", "FLUSH")
        server.flush()

        assert statuses(door, 4, "ada") == {200: 3, 429: 1}
        assert metrics(door)["nexafi_gateway_limits_shared"] == 1


def test_a_master_that_became_a_replica_is_no_redis_until_it_leads_again(doors, service):
    with private() as server, private() as other:
        door = doors(server)
        assert statuses(door, 1, "ada") == {200: 1}

        server.follow(other)
        assert statuses(door, 4, "bob") == {200: 3, 429: 1}
        for _ in range(3):
            time.sleep(0.2)
            assert door.get("/readyz").json["status"] == "degraded"

        server.lead()
        until(lambda: door.get("/readyz").json["status"] == "ready")
        assert statuses(door, 4, "eve") == {200: 3, 429: 1}


def test_with_password_and_tls_and_never_without(doors, service):
    with private(password="of-the-tests", tls=True) as server:
        assert metrics(door := doors(server)) is not None
        assert statuses(door, 4, "ada") == {200: 3, 429: 1}
        assert metrics(door)["nexafi_gateway_limits_shared"] == 1

        server_certificate = server.authority.read_bytes()
        (server.folder / "authority.pem").unlink()
        with private(tls=True) as stranger:
            (server.folder / "authority.pem").write_bytes(stranger.authority.read_bytes())
            wrong = doors(server)
            assert statuses(wrong, 1, "ada") == {200: 1}
            until(lambda: metrics(wrong)['nexafi_redis_up{service="gateway"}'] == 0)
            assert metrics(wrong)["nexafi_gateway_limits_shared"] == 0
        server.authority.write_bytes(server_certificate)
        assert "of-the-tests" not in wrong.log.read_text()


def test_a_plan_says_what_its_organizations_may_do(doors, service):
    with private() as server:
        organization = uuid4()
        plans = {"free": {"per_day": 2, "per_month": 9}, "team": {"rate_per_s": 5, "burst": 50}}
        door = doors(server, plans=plans, plan="team", plan_of={str(organization): "free"})
        free = {"Authorization": f"Bearer good-ada@{organization}"}

        answers = [door.get("/api/v1/one/x", **free) for _ in range(3)]

        assert [each.status for each in answers] == [200, 200, 429]
        assert '"day";q=2;w=86400, "month";q=9;w=' in answers[0].one("ratelimit-policy")
        assert '"day";r=1;t=' in answers[0].one("ratelimit")
        assert int(answers[2].one("retry-after")) > 10
        assert len(service.seen) == 2
        team = {"Authorization": f"Bearer good-bob@{uuid4()}"}
        told = door.get("/api/v1/one/x", **team)
        assert told.one("ratelimit-policy") == '"default";q=50;w=10'
