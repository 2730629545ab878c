"""What was revoked reaches every process through Redis, or is asked for while it does not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from nexafi.kernel.data.context import utc_now
from nexafi.kernel.shared.link import Link, RedisAt
from nexafi.kernel.trust.guard import REVOCATIONS_PERIOD
from nexafi.kernel.trust.revocations import CALM, Heard, Hearer, Teller
from nexafi.kernel.trust.tokens import EVERY, Realm, Revocation, Revoked, Verifier
from tests.redises import Server, needs_server, private

pytestmark = needs_server

PAGE = 500


@dataclass
class Users:
    """The users service, as far as it tells what was revoked: PAGE at once."""

    period: timedelta = REVOCATIONS_PERIOD
    decided: list[tuple[datetime, Revocation]] = field(default_factory=list)

    def keys(self) -> dict[str, object]:
        return {"keys": []}

    def revoked(self, since: datetime | None) -> Revoked:
        at = utc_now()
        wanted = [each for each in self.decided if since is None or each[0] >= since][:PAGE]
        as_of = wanted[-1][0] if len(wanted) == PAGE else at
        return Revoked(as_of, tuple(each for _, each in wanted))

    def revoke(self, count: int = 1, age: timedelta = timedelta(0)) -> list[UUID]:
        ids = [uuid4() for _ in range(count)]
        for n, session_id in enumerate(ids):
            at = utc_now() - age + timedelta(microseconds=n)
            until = at + timedelta(minutes=15)
            self.decided.append((at, Revocation(session_id, EVERY, until)))
        self.decided.sort(key=lambda each: each[0])
        return ids


@dataclass
class Process:
    """A process that judges tokens, and what it has heard."""

    hearer: Hearer
    verifier: Verifier

    def knows(self, ids: list[UUID]) -> bool:
        return set(ids) <= set(self.verifier._revoked)

    def is_informed(self) -> bool:
        return self.hearer.is_informed


@pytest.fixture(scope="module")
def redis() -> Iterator[Server]:
    with private() as server:
        yield server


@pytest.fixture
def prefix() -> str:
    return f"test-{uuid4().hex}"


def link(server: Server, prefix: str) -> Link:
    return Link(RedisAt(server.url(), prefix, timeout_s=1.0))


@contextmanager
def telling(server: Server, prefix: str, users: Users) -> Iterator[Teller]:
    teller = Teller(link(server, prefix), users, period_s=0.1)
    teller.start()
    yield teller
    teller.stop()
    teller.join()


@contextmanager
def hearing(server: Server, prefix: str) -> Iterator[Process]:
    hearer, verifier = Hearer(link(server, prefix), utc_now), Verifier(Realm())
    hearer.inform(verifier)
    hearer.start()
    yield Process(hearer, verifier)
    hearer.stop()
    hearer.join()


def until(holds: Callable[[], bool]) -> None:
    for _ in range(1_000):
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError("it does not come to pass")


def test_all_who_listen_hear_and_who_comes_later_reads(redis: Server, prefix: str):
    users = Users()
    early = users.revoke(3, age=timedelta(minutes=5))
    with ExitStack() as stack:
        stack.enter_context(telling(redis, prefix, users))
        two = [stack.enter_context(hearing(redis, prefix)) for _ in range(2)]
        until(lambda: all(each.is_informed() and each.knows(early) for each in two))
        read_before = [each.hearer.caught_up for each in two]

        late = users.revoke(2)

        until(lambda: all(each.knows(late) for each in two))
        assert [each.hearer.caught_up for each in two] == read_before, "it was told, not read"
        third = stack.enter_context(hearing(redis, prefix))
        until(lambda: third.is_informed() and third.knows(early + late))


def test_who_was_cut_off_catches_up_with_what_was_told_meanwhile(redis: Server, prefix: str):
    users = Users()
    with telling(redis, prefix, users), hearing(redis, prefix) as process:
        until(process.is_informed)
        process.hearer.stop()
        process.hearer.join()
        missed = users.revoke(2)
        until(lambda: redis.ask("ZCARD", f"{prefix}:revocations") == 2)
        assert not process.knows(missed)

        process.hearer._stopped.clear()
        process.hearer.start()

        until(lambda: process.is_informed() and process.knows(missed))
        assert redis.ask("CLIENT", "KILL", "TYPE", "pubsub") >= 1
        more = users.revoke(1)
        until(lambda: process.is_informed() and process.knows(more))


def test_a_redis_that_was_flushed_is_filled_again_and_nobody_trusts_it_before(prefix: str):
    users = Users()
    ids = users.revoke(3, age=timedelta(minutes=5))
    with private() as server, telling(server, prefix, users) as teller:
        until(lambda: server.ask("ZCARD", f"{prefix}:revocations") == 3)
        teller.stop()
        teller.join()
        server.flush()
        with hearing(server, prefix) as process:
            time.sleep(0.3)
            assert not process.is_informed()
            assert not process.knows(ids)

            teller._stopped.clear()
            teller.start()

            until(lambda: process.is_informed() and process.knows(ids))


def test_more_than_is_told_at_once_is_written_and_read(redis: Server, prefix: str):
    users = Users()
    with telling(redis, prefix, users), hearing(redis, prefix) as process:
        until(process.is_informed)
        ids = users.revoke(2_500)

        until(lambda: process.knows(ids))

        with hearing(redis, prefix) as other:
            until(lambda: other.is_informed() and other.knows(ids))


def test_what_has_run_out_is_forgotten_in_redis(redis: Server, prefix: str):
    users = Users()
    users.revoke(2, age=timedelta(hours=1))
    ids = users.revoke(1)
    with telling(redis, prefix, users), hearing(redis, prefix) as process:
        until(lambda: process.knows(ids))
        until(lambda: redis.ask("ZCARD", f"{prefix}:revocations") == 1)
        assert 0 < redis.ask("TTL", f"{prefix}:revocations") <= 86_400


def test_users_are_hardly_asked_while_all_is_heard_and_at_once_when_it_is_not(prefix: str):
    users = Users()
    with private() as server, ExitStack() as stack:
        process = stack.enter_context(hearing(server, prefix))
        heard = Heard(users, process.hearer)
        assert heard.period == REVOCATIONS_PERIOD, "nobody tells anything yet"

        teller = stack.enter_context(telling(server, prefix, users))
        until(lambda: heard.period == CALM)

        teller.stop()
        until(lambda: heard.period == REVOCATIONS_PERIOD)
        teller.join()
        teller._stopped.clear()
        teller.start()
        until(lambda: heard.period == CALM)

        server.pause()
        until(lambda: heard.period == REVOCATIONS_PERIOD)
        missed = users.revoke(1)
        assert heard.revoked(None).revocations[0].session_id == missed[0]
        server.resume()
        until(lambda: heard.period == CALM and process.knows(missed))

        server.kill()
        until(lambda: heard.period == REVOCATIONS_PERIOD)
        lost = users.revoke(1)
        server.start()
        until(lambda: heard.period == CALM and process.knows(lost))


def test_after_a_failover_to_a_replica_that_lags_nothing_is_missing(prefix: str):
    users = Users()
    with private() as master, private() as replica, ExitStack() as stack:
        stack.enter_context(telling(master, prefix, users))
        process = stack.enter_context(hearing(master, prefix))
        until(process.is_informed)
        replica.follow(master)
        replica.ask("REPLICAOF", "127.0.0.1", 1)  # from here on it hears no more of the master
        missed = users.revoke(2)
        until(lambda: process.knows(missed))

        port = master.port
        master.kill()
        replica.lead()
        replica.ask("CONFIG", "SET", "port", port)

        with hearing(master, prefix) as other:
            until(lambda: other.is_informed() and other.knows(missed))
            until(process.is_informed)


def test_moments_come_as_they_went(redis: Server, prefix: str):
    users = Users()
    (session_id,) = users.revoke(1)
    with telling(redis, prefix, users), hearing(redis, prefix) as process:
        until(lambda: process.knows([session_id]))
        found = process.verifier._revoked[session_id]
        assert found == users.decided[0][1]
        assert found.until.tzinfo is UTC
