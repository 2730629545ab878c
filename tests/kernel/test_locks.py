"""A lock in front of a job's lease spares the database; the lease decides all the same."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import event

from nexafi.kernel.data.work import Begin
from nexafi.kernel.equipment import Equipment
from nexafi.kernel.news.jobs import Job, run
from nexafi.kernel.shared.link import Link, RedisAt
from nexafi.kernel.shared.locks import Locks
from nexafi.ledger.app import service
from tests.redises import Server, needs_server, private

pytestmark = needs_server

FIRST, SECOND = uuid4(), uuid4()
HOUR = timedelta(hours=1)
ITS_LOCK = "lock:job:ledger:sweep"


@pytest.fixture(scope="module")
def redis() -> Iterator[Server]:
    with private() as server:
        yield server


class Worker:
    """A process that does one job when its time has come."""

    def __init__(self, server: Server, prefix: str, database) -> None:
        self.locks = Locks(Link(RedisAt(server.url(), prefix, timeout_s=1.0)))
        self.database = database
        self.done: list[object] = []

    def work(self, period: timedelta = HOUR) -> int:
        def sweep(begin: Begin) -> None:
            with begin() as work:
                self.done.append(work.organization_id)

        job = Job(sweep, period, due=lambda _survey: [FIRST, SECOND])
        return run(job, self.database, Equipment(), self.locks)


@pytest.fixture
def prefix() -> str:
    return f"test-{uuid4().hex}"


@pytest.fixture
def workers(redis, prefix, open_database) -> list[Worker]:
    """Three workers on one database and one Redis."""
    database = open_database(service)
    return [Worker(redis, prefix, database) for _ in range(3)]


def test_one_does_the_job_and_the_others_do_not_even_ask_the_database(workers, redis, prefix):
    first, *others = workers
    asked: list[str] = []
    assert first.work() == 2
    event.listen(first.database.engine, "before_cursor_execute", lambda *it: asked.append(it[2]))

    assert [each.work() for each in workers * 5] == [0] * 15

    assert asked == []
    assert 0 < redis.ask("PTTL", f"{prefix}:{ITS_LOCK}") <= 60_000
    assert [len(each.done) for each in others] == [0, 0]


def test_when_the_locks_are_lost_the_lease_holds(workers, redis, prefix):
    first, second, third = workers
    assert first.work() == 2
    redis.ask("DEL", f"{prefix}:{ITS_LOCK}")

    assert second.work() == 0
    assert 0 < redis.ask("PTTL", f"{prefix}:{ITS_LOCK}") <= 1_000, "somebody looks again soon"
    assert third.work() == 0


def test_a_lock_that_another_has_taken_is_left_to_them(workers, redis, prefix):
    first, second, _ = workers
    first.locks.take("job:x", HOUR)
    redis.ask("DEL", f"{prefix}:lock:job:x")
    assert second.locks.take("job:x", HOUR)

    first.locks.keep("job:x", timedelta(milliseconds=1))

    assert redis.ask("PTTL", f"{prefix}:lock:job:x") > 1_000


def test_the_job_is_done_again_when_its_period_is_over(workers, clock):
    period = timedelta(seconds=0.2)
    assert sum(each.work(period) for each in workers) == 2
    clock.pass_by(period)
    for _ in range(200):
        if sum(each.work(period) for each in workers) == 2:
            return
        time.sleep(0.02)
    raise AssertionError("nobody does it again")


def test_without_redis_the_lease_alone_decides(prefix, open_database, clock):
    with private() as server:
        database = open_database(service)
        first, second = (Worker(server, prefix, database) for _ in range(2))
        server.kill()

        assert [first.work(), second.work()] == [2, 0]
        clock.pass_by(HOUR)
        assert [second.work(), first.work()] == [2, 0]
