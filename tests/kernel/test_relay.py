"""What was told arrives, whoever fails on the way."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from nexafi.contracts.users.events import OrganizationChanged
from nexafi.kernel.data.database import Database
from nexafi.kernel.data.tables import OutboxRow
from nexafi.kernel.news import relay as relays
from nexafi.kernel.news.memory import Bus
from nexafi.kernel.news.outbox import tell
from nexafi.kernel.news.relay import (
    CLAIM,
    TRIES_MAX,
    WAY_PAUSE_MAX,
    Outcome,
    one_by_one,
    pause,
    relay,
    way_pause,
)
from nexafi.ledger.app import service
from tests.conftest import HOME


@pytest.fixture
def database(open_database, context) -> Database:
    """A ledger that told two things."""
    database = open_database(service)
    with database.work(context) as work:
        for name in ("one", "two"):
            tell(work, OrganizationChanged(home=replace(HOME, name=name)))
    return database


class Listener:
    """One that cannot bear some news, or dies of it."""

    def __init__(self, *unbearable: str, error: type[BaseException] = ValueError) -> None:
        self.heard: list[str] = []
        self.unbearable = unbearable
        self.error = error

    def __call__(self, envelope) -> None:
        called = envelope.body["home"]["name"]
        if called in self.unbearable:
            raise self.error(f"cannot bear {called}")
        self.heard.append(called)


def test_each_event_is_delivered_once(database):
    listener = Listener()

    assert relay(database, one_by_one(listener)) == 2
    assert relay(database, one_by_one(listener)) == 0
    assert listener.heard == ["one", "two"]


def test_one_that_keeps_failing_holds_up_no_other_and_is_parked(database, clock):
    listener = Listener("one")
    for tries in range(TRIES_MAX):
        relay(database, one_by_one(listener))
        assert relay(database, one_by_one(listener)) == 0, "it is tried later, not at once"
        clock.pass_by(pause(tries + 1))

    assert listener.heard == ["two"]
    assert relay(database, one_by_one(Listener())) == 0
    with database.steward() as session:
        parked = session.scalars(select(OutboxRow).where(OutboxRow.parked_at.is_not(None))).one()
    assert (parked.body["home"]["name"], parked.tries) == ("one", TRIES_MAX)
    assert parked.reason == "cannot bear one"


def test_a_batch_whose_relay_died_is_told_again_once_its_claim_has_run_out(database, clock):
    with pytest.raises(SystemExit):
        relay(database, one_by_one(Listener("two", error=SystemExit)))

    assert relay(database, one_by_one(Listener())) == 0
    clock.pass_by(CLAIM + timedelta(seconds=1))
    assert relay(database, one_by_one(Listener())) == 2


def test_who_is_slow_leaves_the_rest_before_its_claim_runs_out(database, monkeypatch):
    monkeypatch.setattr(relays, "CLAIM", timedelta(milliseconds=60))
    listener = Listener()

    def slowly(envelope) -> None:
        time.sleep(0.03)
        listener(envelope)

    assert relay(database, one_by_one(slowly)) == 1
    with database.steward() as session:
        left = session.scalars(select(OutboxRow).where(OutboxRow.sent_at.is_(None))).one()
    assert (left.tries, left.due_at) == (0, left.occurred_at)
    assert relay(database, one_by_one(slowly)) == 1
    assert listener.heard == ["one", "two"]


def test_a_listener_that_fails_keeps_no_other_from_hearing(database):
    good = Listener()

    assert relay(database, one_by_one(Bus(Listener("one", "two"), good))) == 0
    assert good.heard == ["one", "two"]


def test_news_that_was_committed_is_told_to_whoever_carries_it(open_database, context):
    database, woken = open_database(service), []
    database.told = lambda: woken.append(True)

    def work(end: BaseException | None = None) -> None:
        with database.work(context) as work:
            tell(work, OrganizationChanged(home=HOME))
            if end is not None:
                raise end

    with database.work(context):
        pass
    with pytest.raises(ValueError, match="taken back"):
        work(ValueError("taken back"))
    assert woken == []

    work()
    assert woken == [True]


def test_what_was_not_carried_keeps_its_place_and_its_tries(database):
    fault = ConnectionError("the broker went away")

    def half(batch):
        return Outcome(sent=[batch[0].id], fault=fault)

    with pytest.raises(ConnectionError):
        relay(database, half)

    with database.steward() as session:
        left = session.scalars(select(OutboxRow).where(OutboxRow.sent_at.is_(None))).one()
    assert (left.tries, left.due_at, left.reason) == (0, left.occurred_at, "")
    assert relay(database, one_by_one(Listener())) == 1


def test_what_finds_no_way_is_not_to_blame_and_goes_out_soon_after_there_is_one(database, clock):
    def lost(batch):
        return Outcome(returned={each.id: "no queue takes it" for each in batch})

    listener = Listener("one")
    for _ in range(TRIES_MAX - 1):
        relay(database, one_by_one(listener))
        clock.pass_by(pause(TRIES_MAX))
    listener.unbearable = ("one", "two")
    for _ in range(TRIES_MAX + 2):
        assert relay(database, lost) == 0
        assert relay(database, one_by_one(listener)) == 0, "it is tried later, not at once"
        clock.pass_by(WAY_PAUSE_MAX)

    with database.steward() as session:
        waiting = session.scalars(select(OutboxRow).where(OutboxRow.sent_at.is_(None))).one()
    assert (waiting.tries, waiting.parked_at) == (TRIES_MAX - 1, None)
    assert waiting.reason == "no queue takes it"
    assert relay(database, one_by_one(Listener())) == 1


def test_who_waits_for_a_way_looks_again_after_half_of_the_time_that_it_has_waited():
    waited = [timedelta(seconds=seconds) for seconds in (-3_600, 0, 4, 10, 60, 86_400)]

    assert [way_pause(each).total_seconds() for each in waited] == [2, 2, 2, 5, 30, 30]


def test_relays_side_by_side_carry_each_event_once(open_database, context):
    database = open_database(service)
    for _ in range(10):
        with database.work(context) as work:
            for _ in range(30):
                tell(work, OrganizationChanged(home=HOME))
    heard, start = [], threading.Barrier(3)

    def carry() -> None:
        start.wait()
        while relay(database, one_by_one(lambda envelope: heard.append(envelope.id)), batch_max=20):
            pass

    threads = [threading.Thread(target=carry) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert (len(heard), len(set(heard))) == (300, 300)


def test_a_clock_that_is_set_back_keeps_nothing_waiting(database, clock):
    listener = Listener("two")
    relay(database, one_by_one(listener))
    clock.pass_by(timedelta(hours=-1))
    listener.unbearable = ()

    assert relay(database, one_by_one(listener)) == 1
    assert listener.heard == ["one", "two"]
    assert relay(database, one_by_one(listener)) == 0
