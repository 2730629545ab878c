"""Whoever changes what was sealed is found out, by us and by a script that knows none of us."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.conftest import POSTGRES
from tests.ledger.conftest import Ledger

SCRIPT = Path(__file__).parents[3] / "scripts" / "verify_chain.py"
BOOKS = "".join(
    f"""
    2026-02-{day:02} Sale {day}
      1200   {day}.00
      4000
    """
    for day in range(1, 11)
)
FIFTH = "(SELECT id FROM seals WHERE position = 5)"
CHANGES = {
    "an amount": f"UPDATE lines SET minor = minor * 2, base_minor = base_minor * 2"
    f" WHERE entry_id = {FIFTH}",
    "an account": "UPDATE lines SET account_id = (SELECT id FROM accounts WHERE code = '6100')"
    f" WHERE position = 0 AND entry_id = {FIFTH}",
    "a description": f"UPDATE entries SET description = 'Sale 6' WHERE id = {FIFTH}",
    "a date": f"UPDATE entries SET date = '2026-02-06' WHERE id = {FIFTH}",
    "the moment": "UPDATE entries SET recorded_at = '2020-01-01 00:00:00.000000'"
    f" WHERE id = {FIFTH}",
    "who posted it": f"UPDATE entries SET posted_by = 'mallory' WHERE id = {FIFTH}",
    "a number": "UPDATE seals SET number = 500 WHERE position = 5",
    "a link": "DELETE FROM seals WHERE position = 5",
    "a line": f"DELETE FROM lines WHERE position = 1 AND entry_id = {FIFTH}",
}


def tamper(ledger: Ledger, statement: str) -> None:
    """Do *statement* as one who may switch off every guard."""
    url = ledger.database.engine.url
    if url.drivername.startswith("postgresql"):
        url = create_engine(POSTGRES).url.set(database=url.database)
    engine = create_engine(url)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            names = connection.scalars(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            )
            for name in names.all():
                connection.execute(text(f"DROP TRIGGER {name}"))
        assert connection.execute(text(statement)).rowcount > 0
    engine.dispose()


def exported(ledger: Ledger, path: Path) -> Path:
    links = ledger.client.get("/api/v1/ledger/chain").json["items"]
    path.write_text("".join(json.dumps(link) + "\n" for link in links))
    return path


def offline(path: Path, *arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-I", str(SCRIPT), str(path), *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout


@pytest.fixture
def sealed(ledger: Ledger) -> Ledger:
    ledger.post(BOOKS)
    assert ledger.seal() == 10
    return ledger


def verified(ledger: Ledger) -> dict:
    return ledger.client.get("/api/v1/ledger/chain/verify").json


def test_an_untouched_chain_holds_here_and_offline(sealed, tmp_path):
    found = verified(sealed)
    code, said = offline(exported(sealed, tmp_path / "chain"), "--head", found["head"])

    assert (found["entries"], found["broken"]) == (10, None)
    assert code == 0
    assert found["head"] in said


@pytest.mark.parametrize("change", CHANGES)
def test_the_first_broken_entry_is_named_here_and_offline(sealed, tmp_path, change):
    tamper(sealed, CHANGES[change])

    found = verified(sealed)
    code, said = offline(exported(sealed, tmp_path / "chain"))

    broken = found["broken"]
    assert found["entries"] == 4
    assert broken["position"] == (6 if change == "a link" else 5)
    assert code == 1
    assert f"BROKEN at link {broken['position']}, number {broken['number']}," in said
    assert "4 links before it hold" in said


def test_a_chain_that_was_cut_off_is_found_by_the_hash_that_was_noted_down(sealed, tmp_path):
    path, head = exported(sealed, tmp_path / "chain"), verified(sealed)["head"]
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))

    assert offline(path)[0] == 0
    assert offline(path, "--head", head)[0] == 1


def test_any_byte_of_an_exported_chain_matters(sealed, tmp_path):
    path = exported(sealed, tmp_path / "chain")
    raw = path.read_bytes()
    places = [n for n, byte in enumerate(raw) if chr(byte).isalnum()]
    for place in places[:: len(places) // 60]:
        flipped = bytearray(raw)
        flipped[place] = ord("7") if flipped[place] != ord("7") else ord("3")
        path.write_bytes(bytes(flipped))
        assert offline(path)[0] in {1, 2}, flipped[place - 20 : place + 20]


def test_what_is_no_chain_is_said_to_be_none(tmp_path):
    path = tmp_path / "chain"
    path.write_text("not a chain\n")

    assert offline(path)[0] == 2
