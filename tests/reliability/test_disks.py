"""A disk runs full: what would write is told so, what reads goes on, and room is all it takes."""

from __future__ import annotations

import time

import pytest

from tests import postgreses
from tests.reliability import bank as banks
from tests.reliability import results
from tests.reliability.bank import Bank
from tests.reliability.chance import LONG, long_only
from tests.reliability.disks import Disk, Quota, may_mount, mounted, needs_mount
from tests.reliability.places import databases
from tests.reliability.platform import ask, running, wait_until

pytestmark = pytest.mark.timeout(600)
TIMES = 10 if LONG else 1
ENOUGH = 20


def run_full(bank: Bank, disk, *, on: str) -> None:
    """Fill the disk and make room again under load, and let the judge look at it."""
    began = time.monotonic()
    bank.open()
    for _ in range(TIMES):
        bank.must_go_on(ENOUGH)
        disk.fill()
        wait_until(lambda: bank.waiting() >= 4, bank.told)
        bank.must_be_refused_clearly()
        for path in ("/reports/trial-balance", "/entries", "/accounts"):
            status, told = bank.ask("GET", banks.LEDGER + path)
            assert status == 200, told
        disk.make_room()
    bank.must_go_on(ENOUGH)
    bank.close()
    verdict = bank.verdict()

    assert verdict.is_right, f"seed {bank.chance.seed_given}: {verdict}"
    assert bank.history.acknowledged == len(bank.history.deeds)
    results.of("disk full", on, TIMES, bank, verdict, time.monotonic() - began)


@needs_mount
def test_sqlite_on_a_disk_that_runs_full(tmp_path, chance):
    data = tmp_path / "data"
    with mounted(data, 24), running(data, log=data / "log") as platform:
        bank = Bank.found(platform, chance)
        run_full(bank, Disk(data), on="SQLite")
        signed_in = {"email": "ada@example.com", "password": banks.PASSWORD}
        assert ask(platform.base, "/api/v1/users/login", "POST", signed_in)[0] == 200


@pytest.mark.skipif(may_mount() and not LONG, reason="a small disk shows the same")
def test_sqlite_where_files_may_not_grow(tmp_path, chance):
    with running(tmp_path / "data") as platform:
        run_full(Bank.found(platform, chance), Quota(platform), on="SQLite, quota")


@postgreses.needs_mount
@postgreses.needs_server
@long_only
def test_postgresql_on_a_disk_that_runs_full(tmp_path, chance):
    with (
        postgreses.private(disk_mib=160 if LONG else 128) as server,
        databases(server.url()) as settings,
        running(tmp_path / "data", settings) as platform,
    ):
        run_full(Bank.found(platform, chance), server, on="PostgreSQL")
