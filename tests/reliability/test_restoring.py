"""What was backed up under load comes back in an empty place: all of it, and nothing twice."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.reliability import results
from tests.reliability.bank import LEDGER, Bank
from tests.reliability.chance import LONG, long_only
from tests.reliability.checker import judge
from tests.reliability.history import History
from tests.reliability.platform import PROJECT, Platform, running, wait_until
from tests.reliability.test_events import asked

pytestmark = pytest.mark.timeout(600)
ENOUGH = 1_000 if LONG else 20


def nexafi(*words: object) -> str:
    command = [sys.executable, "-m", "nexafi.cli.main", *map(str, words)]
    done = subprocess.run(
        command, cwd=PROJECT, check=False, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def positions(platform: Platform) -> list[tuple[object, ...]]:
    """Return all events that stand in the outbox of the ledger, in their order."""
    with asked(platform, "ledger") as ledger:
        rows = ledger.execute(text("SELECT id, name, body, occurred_at FROM outbox ORDER BY id"))
        return [tuple(row) for row in rows]


@long_only
def test_books_chain_and_events_come_back_equal(tmp_path, chance):
    began = time.monotonic()
    folder: Path = tmp_path / "backups"
    folder.mkdir()
    with running(tmp_path / "data") as platform:
        bank = Bank.found(platform, chance)
        bank.open()
        wait_until(lambda: bank.history.acknowledged >= ENOUGH, bank.told)
        before = [deed for deed in bank.history.deeds if deed.is_acknowledged]
        nexafi("backup", folder, "--data", platform.data)  # while everything goes on
        bank.close()
        [under_load] = folder.glob("*.backup")
        under_load = under_load.rename(tmp_path / "under-load.backup")
        books = bank.books()
        chain = bank.must("GET", f"{LEDGER}/chain/verify")
        news = positions(platform)
        nexafi("backup", folder, "--data", platform.data)
        [at_rest] = folder.glob("*.backup")
        secret = platform.data / "secret"
        platform.kill_all()

    places = (("first", at_rest), ("second", under_load))
    for place, file in places if LONG else places[:1]:
        data = tmp_path / place
        data.mkdir()
        (data / "secret").write_bytes(secret.read_bytes())
        (data / "secret").chmod(0o600)
        nexafi("restore", file, "--data", data)
        with running(data) as platform:
            bank.port = platform.base
            if file is at_rest:
                again = bank.books()
                assert not again.said
                assert sorted(again.entries, key=str) == sorted(books.entries, key=str)
                assert again.balances == books.balances
                assert bank.must("GET", f"{LEDGER}/chain/verify") == chain
                assert positions(platform) == news
                verdict = bank.verdict()
                assert verdict.is_right, verdict
            else:
                told = History([*before], [])
                found = judge(told, bank.books())
                assert not found.lost, "acknowledged before the backup began"
                assert found.kinds <= {"strange"}, "what came while it ran may be there"
    took_s = time.monotonic() - began
    results.of("backup, lost machine, restore", "SQLite", len(places), bank, verdict, took_s)
