"""Reports are read from a copy that follows, and never from an older one than they may."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from nexafi.cli.platform import Platform
from nexafi.contracts.ledger.permissions import LedgerPermission
from nexafi.kernel.data import organizations, replica
from nexafi.kernel.data.context import Context, Home, utc_now
from nexafi.kernel.service import Watch
from nexafi.kernel.settings import Settings
from nexafi.kernel.values.ids import new_id
from tests.cli.conftest import Commands
from tests.postgreses import PATIENCE_S, Server, needs_server, private

pytestmark = [needs_server, pytest.mark.timeout(180)]
LEDGER = "/api/v1/ledger"
REPORT = f"{LEDGER}/reports/trial-balance"


@dataclass
class Read:
    """A ledger whose reports may be read from a replica."""

    primary: Server
    copy: Server
    client: FlaskClient
    watch: Watch
    number: int = 0

    def post(self) -> None:
        self.number += 1
        body = {
            "date": "2026-03-31",
            "description": "Sale",
            "lines": [
                {"account": "1", "amount": {"amount": "1.00", "currency": "EUR"}},
                {"account": "2", "amount": {"amount": "-1.00", "currency": "EUR"}},
            ],
        }
        assert self.client.post(f"{LEDGER}/entries", json=body).status_code == 201

    def has_all(self) -> bool:
        """Return whether a report shows all that was posted."""
        answer = self.client.get(REPORT)
        assert answer.status_code == 200, answer.json
        return f'"{self.number}.00"' in answer.get_data(as_text=True)

    def sources(self) -> dict[str, int]:
        """Return how many reports were read from where, as the metrics tell."""
        told = self.watch.meters.exposition().decode()
        found = re.findall(r'nexafi_database_reports_total\{.*?source="(.*?)"\} (\d+)', told)
        return {source: int(count) for source, count in found}


@pytest.fixture(scope="module")
def servers(tmp_path_factory) -> Iterator[tuple[Server, Server, dict[str, str]]]:
    folder = tmp_path_factory.mktemp("replica")
    with private() as primary, primary.replica() as copy:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            patch.setenv("NEXAFI_DATA", str(folder))
            commands = Commands(folder)
            admin = primary.url().replace("+psycopg", "")
            given = commands.json("database", "roles", "--apply", admin)
            for name, url in given.items():
                patch.setenv(name, url)
            commands.run("migrate")
        yield primary, copy, given


@pytest.fixture
def read(servers, tmp_path, monkeypatch) -> Iterator[Read]:
    primary, copy, given = servers
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(replica, "AWAY_S", 0.3)
    for name, url in given.items():
        monkeypatch.setenv(name, url)
    follower = given["NEXAFI_DATABASE_URL"].replace(f":{primary.port}/", f":{copy.port}/")
    monkeypatch.setenv("NEXAFI_LEDGER_REPLICA_URL", follower)
    monkeypatch.setenv("NEXAFI_DATABASE_REPLICA_WAIT_S", "0.5")
    platform = Platform(Settings())
    database = platform.database("ledger")
    service = platform.service("ledger")
    home = Home(new_id(), "Ada", "DE", "Europe/Berlin", "EUR", "01-01")
    context = Context("ada", utc_now(), home.id, home, frozenset(LedgerPermission))
    organizations.make_known(database, context)
    watch = Watch(service, database)
    client = service.app(database, lambda: context, watch).test_client()
    for code, kind in (("1", "asset"), ("2", "income")):
        body = {"code": code, "name": code, "type": kind}
        assert client.post(f"{LEDGER}/accounts", json=body).status_code == 201
    yield Read(primary, copy, client, watch)
    platform.close()
    if copy.process is None:
        copy.start()
    copy.ask("SELECT pg_wal_replay_resume()")


def test_who_has_just_written_reads_it_from_the_replica(read):
    for _ in range(15):
        read.post()
        assert read.has_all()

    assert read.sources() == {"replica": 15}
    listed = read.client.get(f"{LEDGER}/entries")
    assert len(listed.json["items"]) == 15
    assert read.sources() == {"replica": 15}, "a list is no report"


def test_a_replica_that_does_not_catch_up_is_passed_by(read):
    read.post()
    assert read.has_all()
    read.copy.ask("SELECT pg_wal_replay_pause()")
    read.post()

    assert read.has_all()
    assert read.sources() == {"replica": 1, "primary, the replica was behind": 1}

    read.copy.ask("SELECT pg_wal_replay_resume()")
    _until(lambda: read.has_all() and read.sources()["replica"] > 1)


def test_when_the_replica_is_away_the_primary_answers_until_it_is_back(read):
    read.post()
    assert read.has_all()
    read.copy.kill()
    for _ in range(3):
        read.post()
        assert read.has_all()

    assert read.sources() == {"replica": 1, "primary, the replica was away": 3}

    read.copy.start()
    _until(lambda: read.has_all() and read.sources()["replica"] > 1)


def test_one_that_follows_nobody_is_no_replica(read, servers, monkeypatch):
    given = servers[2]
    monkeypatch.setenv("NEXAFI_LEDGER_REPLICA_URL", given["NEXAFI_DATABASE_URL"])
    platform = Platform(Settings())
    told = []
    database = platform.database("ledger")
    home = Home(new_id(), "Ada", "DE", "Europe/Berlin", "EUR", "01-01")
    context = Context("ada", utc_now(), home.id, home, frozenset(LedgerPermission))
    client = platform.service("ledger").app(database, lambda: context).test_client()
    database.read_from = told.append

    assert client.get(REPORT).status_code == 200
    assert told == [replica.Source.AWAY]
    platform.close()


def test_on_the_replica_the_wall_stands_as_well(read):
    asked = text("SELECT pg_is_in_recovery(), (SELECT count(*) FROM accounts)")
    other = Context("eve", utc_now(), new_id(), None, frozenset(LedgerPermission))
    with (
        closing(Platform(Settings())) as platform,
        platform.database("ledger").work(other, writes=False, report=True) as work,
    ):
        assert tuple(work.session.execute(asked).one()) == (True, 0)


def _until(condition) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
