"""Meters count what was kept, and tell what they can when a database cannot be asked."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import timedelta
from urllib.request import urlopen

from nexafi.contracts.ledger.events import EntryPosted
from nexafi.kernel.news.outbox import tell
from nexafi.kernel.server import metrics_page
from nexafi.kernel.server.sockets import listen
from nexafi.kernel.service import Watch
from nexafi.kernel.watch.counts import Count
from nexafi.kernel.watch.metrics import Metrics, Several
from nexafi.ledger.app import service
from tests.conftest import on_sqlite
from tests.system.test_start import free_ports

CAUGHT = Count("fish_caught", "Fish.")


@on_sqlite
def test_what_a_work_did_is_counted_once_it_is_kept_and_not_before(open_database, context):
    database = open_database(service)
    meters = Metrics("sea")
    meters.declare([CAUGHT])
    database.counted = meters.counted
    assert b'nexafi_sea_fish_caught_total{service="sea"} 0.0' in meters.exposition()

    with database.work(context) as work:
        work.count(CAUGHT, 3)
    with suppress(KeyError), database.work(context) as work:
        work.count(CAUGHT, 50)
        raise KeyError

    assert b'nexafi_sea_fish_caught_total{service="sea"} 3.0' in meters.exposition()


@on_sqlite
def test_a_database_that_is_away_takes_only_its_own_figures_with_it(open_database, monkeypatch):
    database = open_database(service)
    watch = Watch(service, database)
    told = watch.meters.exposition().decode()
    assert 'nexafi_ledger_unsealed_oldest_seconds{service="ledger"} 0.0' in told

    monkeypatch.setattr(database, "survey", lambda: 1 / 0)

    told = watch.meters.exposition().decode()
    assert "nexafi_outbox_waiting" not in told
    assert "nexafi_requests_running" in told


@on_sqlite
def test_the_oldest_event_that_waits_has_an_age(open_database, context, clock):
    database = open_database(service)
    watch = Watch(service, database)
    with database.work(context) as work:
        tell(work, EntryPosted(entry_id=context.organization_id, date=clock().date(), source=""))

    clock.pass_by(timedelta(seconds=90))

    told = watch.meters.exposition().decode()
    assert 'nexafi_outbox_oldest_seconds{service="ledger"} 90.0' in told
    assert 'nexafi_outbox_waiting{service="ledger"} 1.0' in told


def test_a_worker_of_several_services_shows_one_page():
    one, two = Metrics("one"), Metrics("two")
    one.carried(2)
    two.ask({"nexafi_depth": "How deep."}, lambda: {"nexafi_depth": 7.0})
    port = free_ports(1)

    listening = listen("127.0.0.1", port, backlog=16, name="a test")
    metrics_page.show(listening, Several(one, two).exposition)

    with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        told = answer.read().decode()
    assert 'nexafi_worker_deeds_total{service="one"} 2.0' in told
    assert 'nexafi_worker_deeds_total{service="two"} 0.0' in told
    assert 'nexafi_depth{service="two"} 7.0' in told
    types = re.findall(r"^# TYPE (\S+)", told, re.MULTILINE)
    assert len(types) == len(set(types))
    with urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
        assert answer.status == 200
