"""News is told while those who tell and hear it are killed: each event has exactly one effect."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from contextlib import contextmanager
from random import Random
from typing import Self
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from tests import brokers
from tests.reliability import results
from tests.reliability.bank import Bank, Line
from tests.reliability.chance import LONG, Chance, long_only
from tests.reliability.hearing import DEED
from tests.reliability.killing import kill_on
from tests.reliability.platform import Platform, running, wait_until

pytestmark = pytest.mark.timeout(600)
KILLS, OVER_S = (20, 40.0) if LONG else (4, 3.0)
CLIENTS = 2
ATTEMPTS = 4


class Renamers:
    """Clients who rename their organization again and again: each time is an event."""

    def __init__(self, bank: Bank) -> None:
        self.tried = self.told = 0
        self._bank = bank
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._rename_on, args=(bank.chance.branch(f"renamer {n}"),))
            for n in range(CLIENTS)
        ]

    def __enter__(self) -> Self:
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for each in self._threads:
            each.join(60)

    def _rename_on(self, chance: Random) -> None:
        line = Line(self._bank.port, self._bank.token)
        while not self._stopped.is_set():
            name = f"Ada's Bank {chance.randrange(10**9)}"
            self.tried += 1
            status, _ = line.ask("PATCH", "/api/v1/users/organization", {"name": name})
            self.told += status == 200
            self._stopped.wait(0.2 * chance.random())
        line.hang_up()


@contextmanager
def asked(platform: Platform, service: str):
    url = f"sqlite:///{platform.data / service}.db"
    engine = create_engine(platform.settings.get(f"NEXAFI_{service.upper()}_DATABASE_URL", url))
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def revisions_told(platform: Platform) -> list[int]:
    """Return which changes stand in the outbox of the users."""
    with asked(platform, "users") as users:
        bodies = users.execute(text("SELECT body FROM outbox WHERE name LIKE '%changed'")).scalars()
        return [json.loads(body)["revision"] for body in bodies]


def revisions_heard(platform: Platform) -> Counter[int]:
    """Return how often each change had its effect in the ledger."""
    with asked(platform, "ledger") as ledger:
        rows = ledger.execute(text("SELECT target FROM audit WHERE deed = :deed"), {"deed": DEED})
        return Counter(int(target.partition("/")[2]) for target in rows.scalars())


def hear_all(platform: Platform) -> tuple[list[int], Counter[int]]:
    """Wait until all that was told was heard, and for whoever would hear it again."""
    told = revisions_told(platform)
    left = len(told) + 1
    while unheard := set(told) - revisions_heard(platform).keys():  # as long as there is progress
        assert len(unheard) < left, f"{len(unheard)} of {len(told)} unheard: {platform.said()}"
        left = len(unheard)
        wait_until(
            lambda before=left: len(set(told) - revisions_heard(platform).keys()) < before,
            platform.said,
        )

    def is_sent() -> bool:
        with asked(platform, "users") as users:
            return not users.execute(
                text("SELECT count(*) FROM outbox WHERE sent_at IS NULL AND parked_at IS NULL")
            ).scalar_one()

    wait_until(is_sent, platform.said)
    return told, revisions_heard(platform)


def keep(fault: str, on: str, times: int, bank: Bank, renamers: Renamers, told, heard, began):
    results.keep(
        results.Result(
            fault=fault,
            on=on,
            times=times,
            tried=renamers.tried,
            acknowledged=renamers.told,
            lost=len(set(told) - heard.keys()) + max(0, renamers.told - len(told)),
            doubled=sum(each > 1 for each in heard.values()),
            seed=bank.chance.seed_given,
            seconds=round(time.monotonic() - began, 1),
            note=f"{len(told)} events",
        )
    )


def run(tmp_path, chance, settings, variant="news is counted", *, on="embedded bus"):
    """Rename and kill; return what was told, and how often each was heard."""
    began = time.monotonic()
    with running(tmp_path / "data", settings, variant) as platform:
        bank = Bank.found(platform, chance)
        with Renamers(bank) as renamers:
            kills = kill_on(
                platform,
                chance.branch("killer"),
                kills=KILLS,
                over_s=OVER_S,
                victims=["users", "users", "ledger"],
            )
        told, heard = hear_all(platform)
        assert renamers.told < len(told) + 1
        if variant == "news is counted":
            fault = "relay and listener killed (SIGKILL)"
            keep(fault, on, kills.total(), bank, renamers, told, heard, began)
    return told, heard


def test_each_event_has_one_effect_whoever_is_killed(tmp_path, chance):
    told, heard = run(tmp_path, chance, {})

    assert len(told) > 5
    assert heard == Counter(told), f"seed {chance.seed_given}"


@long_only
def test_an_inbox_that_is_written_afterwards_is_found_out(tmp_path, chance):
    for attempt in range(ATTEMPTS):  # whom a kill meets, and when, is not all in our hands
        folder = tmp_path / str(attempt)
        folder.mkdir()
        again = Chance(chance.seed_given + attempt)
        told, heard = run(folder, again, {}, "inbox written afterwards")
        if any(heard[each] > 1 for each in told):
            return
    pytest.fail(f"nobody noticed in {ATTEMPTS} runs, seed {chance.seed_given}")


@pytest.mark.skipif(not LONG, reason="it starts a RabbitMQ six times: NEXAFI_TEST_LONG=1")
@brokers.needs_broker
def test_each_event_has_one_effect_while_rabbitmq_is_killed(tmp_path, chance):
    began, killer, kills = time.monotonic(), chance.branch("killer"), 5
    with brokers.private() as node:
        settings = {"NEXAFI_RABBITMQ_URL": node.url, "NEXAFI_RABBITMQ_PREFIX": uuid4().hex[:8]}
        with running(tmp_path / "data", settings, "news is counted") as platform:
            bank = Bank.found(platform, chance)
            with Renamers(bank) as renamers:
                for number in range(kills):
                    time.sleep(killer.uniform(1, 4))
                    node.kill()
                    platform.kill(("ledger", "users")[number % 2])
                    time.sleep(killer.uniform(0, 3))
                    node.start()
                time.sleep(2)
            told, heard = hear_all(platform)
            on = "RabbitMQ"
            keep("broker, relay and consumer killed", on, kills, bank, renamers, told, heard, began)
    assert len(told) > 5
    assert heard == Counter(told), f"seed {chance.seed_given}"
