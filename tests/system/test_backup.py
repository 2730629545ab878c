"""A backup taken while everybody works is restored whole: books, chains and news."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import pytest
from sqlalchemy import func, select

from nexafi.cli.migrate import bring_up_to_date
from nexafi.cli.platform import Platform, existing
from nexafi.contracts.ledger.permissions import LedgerPermission
from nexafi.kernel.data import organizations
from nexafi.kernel.data.context import Context, Home, utc_now
from nexafi.kernel.data.restoring import replay
from nexafi.kernel.data.tables import InboxRow, OutboxRow
from nexafi.kernel.settings import Settings
from nexafi.kernel.values.ids import new_id
from nexafi.ledger.tables import Account, Entry, Line, Seal
from nexafi.users.operator import Operator
from nexafi.users.organizations.schemas import OrganizationIn
from nexafi.users.settings import UsersSettings
from tests.cli.conftest import Commands
from tests.postgreses import needs_server, private

pytestmark = pytest.mark.timeout(180)
PASSPHRASE = "correct horse battery staple"
ENTRIES = "/api/v1/ledger/entries"
ENOUGH = 60


@dataclass
class Place:
    """Where an installation keeps its data: settings, as in the environment."""

    data: Path
    urls: dict[str, str] = field(default_factory=dict)

    def settings(self) -> Settings:
        return Settings(data=self.data, bcrypt_cost=4, **self.urls)

    def platform(self) -> Platform:
        return Platform(self.settings())

    def run(self, patch: pytest.MonkeyPatch, *words: object, code: int = 0):
        """Run a command of `nexafi` here, and return what it says to machines."""
        with patch.context() as here:
            here.setenv("NEXAFI_DATA", str(self.data))
            for name, url in self.urls.items():
                here.setenv(f"NEXAFI_{name.upper()}", url)
            commands = Commands(self.data)
            return commands.json(*words) if code == 0 else commands.run(*words, code=code)


Place_ = Callable[[str], Place]


ENGINES = ["sqlite", pytest.param("postgresql", marks=needs_server)]
on_sqlite = pytest.mark.parametrize("place", ["sqlite"], indirect=True)


@pytest.fixture(params=ENGINES)
def place(request, tmp_path: Path, monkeypatch) -> Iterator[Place_]:
    """Return what makes a place: a data folder, or one with a database of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    if request.param == "sqlite":
        yield lambda name: Place(tmp_path / name)
        return
    with private() as server:

        def made(name: str) -> Place:
            admin = server.url().replace("+psycopg", "")
            words = ("database", "roles", "--database", name, "--apply", admin)
            urls = Commands(tmp_path).json(*words)
            return Place(
                tmp_path / name,
                {key.removeprefix("NEXAFI_").lower(): url for key, url in urls.items()},
            )

        yield made


class Busy:
    """Several organizations at work: they post, found others, and the news is carried."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.posted = 0
        self.founded = 0
        self._over = threading.Event()
        self._faults: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._guarded, args=(deed,))
            for deed in (self._post, self._post, self._found, self._carry)
        ]

    def __enter__(self) -> Self:
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for each in self._threads:
            each.join(60)
        assert self._faults == []

    def until(self, condition: Callable[[], bool]) -> None:
        waiting = threading.Event()
        while not condition():
            assert self._faults == []
            waiting.wait(0.01)

    def _guarded(self, deed: Callable[[], None]) -> None:
        try:
            deed()
        except BaseException as error:  # noqa: BLE001 - told by the test
            self._faults.append(error)

    def _post(self) -> None:
        home = Home(new_id(), "Ada", "DE", "Europe/Berlin", "EUR", "01-01")
        context = Context("ada", utc_now(), home.id, home, frozenset(LedgerPermission))
        database = self.platform.database("ledger")
        organizations.make_known(database, context)
        with database.work(context) as work:
            work.session.add_all(
                Account(code=code, name=code, type="asset", normal_side="debit") for code in "12"
            )
        app = self.platform.service("ledger").app(
            database, lambda: replace(context, now=database.clock())
        )
        client = app.test_client()
        while not self._over.is_set():
            lines = [
                {"account": code, "amount": {"amount": amount, "currency": "EUR"}}
                for code, amount in (("1", "1.00"), ("2", "-1.00"))
            ]
            body = {"date": "2026-03-31", "description": f"\\.\t{self.posted}", "lines": lines}
            answer = client.post(ENTRIES, json=body)
            assert answer.status_code == 201, answer.json
            self.posted += 1

    def _found(self) -> None:
        users = self.platform.database("users")
        operator = Operator(users, self.platform.secret, UsersSettings(bcrypt_cost=4))
        while not self._over.is_set():
            home = OrganizationIn(name=f"No. {self.founded}", country="US").home(new_id())
            operator.found(f"{self.founded}@example.com", PASSPHRASE, home)
            self.founded += 1

    def _carry(self) -> None:
        while not self._over.is_set():
            for name in ("users", "ledger"):
                self.platform.do_round(name)


def contents(platform: Platform) -> dict[str, dict]:
    """Return entries, lines and links of all organizations, each by its id."""
    with platform.database("ledger").survey() as survey:
        return {
            kind.__tablename__: {
                row.id: tuple(getattr(row, column.name) for column in kind.__table__.columns)
                for row in survey.session.scalars(select(kind))
            }
            for kind in (Entry, Line, Seal)
        }


def events(platform: Platform, name: str) -> dict:
    with platform.database(name).survey() as survey:
        return {
            row.id: (row.name, row.body, row.sent_at)
            for row in survey.session.scalars(select(OutboxRow))
        }


def heard(platform: Platform, name: str) -> set:
    with platform.database(name).survey() as survey:
        return set(survey.session.scalars(select(InboxRow.event_id)))


def test_what_was_backed_up_under_load_is_restored_whole(place, tmp_path, monkeypatch):
    source, target = place("source"), place("target")
    passphrase = tmp_path / "passphrase"
    passphrase.write_text(PASSPHRASE)
    file = tmp_path / "all.backup"
    guarded = ("--encrypt", "passphrase", "--passphrase-file", passphrase, "--with-secret")
    # The command's own stderr ends with it, and what is slow is logged by threads that go on.
    monkeypatch.setattr(logging, "raiseExceptions", False)
    with closing(source.platform()) as platform:
        assert platform.secret is not None
        list(bring_up_to_date(platform, existing()))
        with Busy(platform) as busy:
            busy.until(lambda: busy.posted > ENOUGH and busy.founded > 5)
            told = source.run(monkeypatch, "backup", file, *guarded)
            done = busy.posted, busy.founded
            busy.until(lambda: busy.posted > done[0] + ENOUGH and busy.founded > done[1])
        before = contents(platform)
        told_before = events(platform, "users")

    found = target.run(monkeypatch, "restore", file, "--passphrase-file", passphrase)

    rows = told["services"]["ledger"]["tables"]
    assert ENOUGH < rows["entries"] < len(before["entries"])
    assert found["is_right"]
    assert (found["entries"], found["faults"]) == (rows["entries"], [])
    with closing(target.platform()) as restored:
        after = contents(restored)
        for table, kept in after.items():
            assert len(kept) == rows[table]
            assert kept.items() <= before[table].items(), "each is what it was"
        while sum(restored.do_round(name) for name in ("users", "ledger")):
            pass
        outbox = events(restored, "users")
        assert {id_: row[:2] for id_, row in outbox.items()}.items() <= {
            id_: row[:2] for id_, row in told_before.items()
        }.items()
        assert all(sent_at for *_, sent_at in outbox.values())
        assert outbox.keys() == heard(restored, "ledger"), "none is lost"
        with restored.database("users").survey() as survey:
            homes = survey.session.scalar(select(func.count(OutboxRow.id)))
        assert homes == told["services"]["users"]["tables"]["outbox"]
        users = Operator(restored.database("users"), restored.secret, UsersSettings(bcrypt_cost=4))
        assert len(users.places(None)) == told["services"]["users"]["tables"]["members"]
    refused = target.run(monkeypatch, "restore", file, "--passphrase-file", passphrase, code=2)
    assert "Restore into an empty place" in refused.stderr
    with closing(target.platform()) as restored:
        assert len(contents(restored)["entries"]) == rows["entries"]


def test_news_that_was_on_its_way_is_told_again_and_heard_once(place):
    with closing(place("one").platform()) as platform:
        assert platform.secret is not None
        list(bring_up_to_date(platform, existing()))
        users, ledger = platform.database("users"), platform.database("ledger")
        operator = Operator(users, platform.secret, UsersSettings(bcrypt_cost=4))
        for number in range(3):
            home = OrganizationIn(name=f"No. {number}", country="US").home(new_id())
            operator.found(f"{number}@example.com", PASSPHRASE, home)
        while platform.do_round("users"):
            pass
        listeners = {key: [ledger] for key in platform.bare("ledger").subscriptions.handlers}
        since = utc_now().replace(year=2000)
        assert replay(users, listeners, since) == 0

        lost = next(iter(heard(platform, "ledger")))
        forget = InboxRow.__table__.delete().where(InboxRow.event_id == lost)
        with closing(platform.owner_database("ledger")) as own, own.engine.begin() as connection:
            connection.execute(forget)
        assert replay(users, listeners, utc_now().replace(year=2100)) == 0, "long ago"
        assert replay(users, listeners, since) == 1

        assert platform.do_round("users") == 1
        assert lost in heard(platform, "ledger")
        assert replay(users, listeners, since) == 0


@on_sqlite
def test_a_backup_that_was_touched_or_cut_off_is_refused_and_restores_nothing(
    place, tmp_path, monkeypatch
):
    source, target = place("source"), place("target")
    with closing(source.platform()) as platform:
        assert platform.secret is not None
        list(bring_up_to_date(platform, existing()))
    whole = tmp_path / "whole.backup"
    source.run(monkeypatch, "backup", whole, "--encrypt", "secret")
    target.data.mkdir(exist_ok=True)
    secret = target.data / "secret"
    secret.write_bytes((source.data / "secret").read_bytes())
    secret.chmod(0o600)
    content = whole.read_bytes()
    touched = bytearray(content)
    touched[len(content) // 2] ^= 1
    broken = {
        "cut off": content[:-100],
        "touched": bytes(touched),
        "none of ours": b"nothing",
        "another head": content.replace(b'"key": "secret"', b'"key": "secreT"', 1),
    }
    for name, damaged in broken.items():
        file = tmp_path / name
        file.write_bytes(damaged)
        for words in (("--check",), ()):
            refused = target.run(monkeypatch, "restore", file, *words, code=2)
            assert len(refused.stderr.strip().splitlines()) == 1, refused.stderr
    assert not list(target.data.glob("*.db"))

    assert target.run(monkeypatch, "restore", whole, "--check")["services"].keys() == set(
        existing()
    )
    assert target.run(monkeypatch, "restore", whole)["is_right"]


@on_sqlite
def test_without_its_secret_a_backup_is_restored_only_if_that_is_said(place, tmp_path, monkeypatch):
    source, target = place("source"), place("target")
    with closing(source.platform()) as platform:
        assert platform.secret is not None
        list(bring_up_to_date(platform, existing()))
    file = tmp_path / "all.backup"
    source.run(monkeypatch, "backup", file)

    refused = target.run(monkeypatch, "restore", file, code=2)
    assert "--other-secret" in refused.stderr
    assert not list(target.data.glob("*.db"))
    refused = source.run(monkeypatch, "backup", file, code=2)
    assert "is there already" in refused.stderr
    refused = source.run(monkeypatch, "backup", tmp_path / "b", "--with-secret", code=2)
    assert "--encrypt passphrase" in refused.stderr
    assert not (tmp_path / "b").exists()

    assert target.run(monkeypatch, "restore", file, "--other-secret")["is_right"]
