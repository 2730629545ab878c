"""Killed at any step, a payment happens once: at the provider, here, and in the books.

A process is ended by SIGKILL at each step of a sale, a capture and a refund. Then the clock
goes on, the resolver does its work, and whoever sent the request sends it again with its key.
`NEXAFI_TEST_KILLS` says how many deaths in all (1,000 for the proof that a release is given).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from itertools import count, cycle
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from nexafi.kernel.data import organizations
from nexafi.kernel.data.context import Context
from nexafi.kernel.data.database import Database
from nexafi.kernel.news.memory import Bus
from nexafi.ledger.app import service as ledger_service
from nexafi.ledger.tables import Entry
from nexafi.payments.app import service as payments_service
from nexafi.payments.providers.port import Kind, Providers
from tests.payments.conftest import API, Payments, money, resolving
from tests.payments.dying import SECRET
from tests.payments.remembering import Remembering

KILLS = int(os.environ.get("NEXAFI_TEST_KILLS", "24"))
PROJECT = Path(__file__).parents[2]
AMOUNT = money("12.34")
FLOWS = ("sale", "capture", "refund")


@dataclass
class Mortal:
    """The process that dies, again and again."""

    process: subprocess.Popen[str]

    def send(self, **request: Any) -> bool:
        """Send a request; return whether whoever answered it was killed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        status = int(self.process.stdout.readline())
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "it answered a problem"
        return os.WIFSIGNALED(status)


@dataclass
class World:
    """Payments, their provider, the ledger, and the process that dies."""

    payments: Payments
    provider: Remembering
    ledger: Database
    mortal: Mortal

    def entries(self) -> Counter[str]:
        """Return how many entries the books have, by source."""
        with self.ledger.steward() as session:
            return Counter(session.scalars(select(Entry.source)))

    def carry(self) -> None:
        bus = Bus(
            ledger_service.listener(self.ledger),
            self.payments.service.listener(self.payments.database),
        )
        self.payments.service.round(self.payments.database, bus)
        ledger_service.round(self.ledger, bus)


@pytest.fixture
def world(open_database, payer_context: Context, clock, tmp_path: Path) -> Iterator[World]:
    provider = Remembering(tmp_path / "books.db")
    equipment = [*payments_service.equipment, Providers(provider), SECRET]
    service = resolving(replace(payments_service, equipment=equipment, expects=()))
    database, ledger = open_database(service), open_database(ledger_service)
    for each in (database, ledger):
        with each.work(payer_context) as work:
            organizations.keep(work, payer_context.known)
    home = asdict(payer_context.known) | {"id": str(payer_context.known.id)}
    given = {
        "url": database.engine.url.render_as_string(hide_password=False),
        "books": str(tmp_path / "books.db"),
        "home": home,
        "now": clock().isoformat(),
    }
    command = [sys.executable, "-m", "tests.payments.dying", json.dumps(given)]
    with subprocess.Popen(
        command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        payments = Payments(service, database, payer_context, clock)
        yield World(payments, provider, ledger, Mortal(process))
        assert process.stdin is not None
        process.stdin.close()


def begun(world: World, flow: str) -> tuple[str, dict[str, Any]]:
    """Return what is to be sent for a flow, after what comes before it was done."""
    made = {"amount": AMOUNT, "payment_method": "remembering_1"}
    if flow == "sale":
        return "/charges", made
    charge = world.payments.post("/charges", {**made, "capture": flow == "refund"}).json
    deed = "capture" if flow == "capture" else "refunds"
    return f"/charges/{charge['id']}/{deed}", {"amount": AMOUNT}


def test_whoever_is_killed_wherever_the_money_moves_once(world):
    deaths, steps = 0, {flow: count(1) for flow in FLOWS}
    longest: Counter[str] = Counter()
    flows = cycle(FLOWS)
    while deaths < KILLS:
        flow = next(flows)
        path, body = begun(world, flow)
        key, step = str(uuid4()), next(steps[flow])
        kinds = [Kind.REFUND] if flow == "refund" else [Kind.SALE, Kind.CAPTURE]
        before, entries = len(world.provider.done(*kinds)), world.entries()
        request = {"path": API + path, "body": body, "key": key, "step": step}

        was_killed = world.mortal.send(**request, now=world.payments.clock().isoformat())
        if not was_killed:
            longest[flow] = step - 1
            steps[flow] = count(1)  # all its steps were tried: from the beginning
        deaths += was_killed
        world.payments.clock.pass_by(timedelta(minutes=3))
        if deaths % 2:
            world.payments.work_on()  # sometimes the resolver comes first, sometimes the caller
        again = world.payments.post(path, body, key=key)
        world.payments.work_on(after=timedelta(minutes=3))
        world.carry()

        assert again.status_code in {200, 201}, (flow, step, again.json)
        where = f"{flow} that was killed at step {step}"
        assert len(world.provider.done(*kinds)) == before + 1, f"once at the provider: {where}"
        new = world.entries() - entries
        asked = 1 if flow != "refund" else 2  # the sale before it is booked in the same round
        assert (len(new), set(new.values())) == (asked, {1}), f"once in the books: {where}"
    assert all(longest[flow] >= 8 for flow in FLOWS) or KILLS < 60, longest
    assert deaths == KILLS
    unbooked = world.payments.get("/movements?booked=false")["items"]
    assert unbooked == []
