"""What was told arrives, whoever fails on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from nexafi.contracts.users.events import OrganizationChanged
from nexafi.kernel.data.database import Database
from nexafi.kernel.data.tables import OutboxRow
from nexafi.kernel.news.memory import Bus
from nexafi.kernel.news.outbox import tell
from nexafi.kernel.news.relay import CLAIM, TRIES_MAX, pause, relay
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

    assert relay(database, listener) == 2
    assert relay(database, listener) == 0
    assert listener.heard == ["one", "two"]


def test_one_that_keeps_failing_holds_up_no_other_and_is_parked(database, clock):
    listener = Listener("one")
    for tries in range(TRIES_MAX):
        relay(database, listener)
        assert relay(database, listener) == 0, "it is tried later, not at once"
        clock.pass_by(pause(tries + 1))

    assert listener.heard == ["two"]
    assert relay(database, Listener()) == 0
    with database.steward() as session:
        parked = session.scalars(select(OutboxRow).where(OutboxRow.parked_at.is_not(None))).one()
    assert (parked.body["home"]["name"], parked.tries) == ("one", TRIES_MAX)
    assert parked.reason == "cannot bear one"


def test_a_batch_whose_relay_died_is_told_again_once_its_claim_has_run_out(database, clock):
    with pytest.raises(SystemExit):
        relay(database, Listener("two", error=SystemExit))

    assert relay(database, Listener()) == 0
    clock.pass_by(CLAIM + timedelta(seconds=1))
    assert relay(database, Listener()) == 2


def test_a_listener_that_fails_keeps_no_other_from_hearing(database):
    good = Listener()

    assert relay(database, Bus(Listener("one", "two"), good)) == 0
    assert good.heard == ["one", "two"]
