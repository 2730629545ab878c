"""`nexafi import`, from the words of the command line to the rows of the books.

On a fresh data folder, with nobody signed in. How many lines a file has and what they add up to
was counted from its text, as for the readers themselves.
"""

from __future__ import annotations

import io
import os
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, text

from nexafi.cli.import_ import TOLD
from nexafi.kernel.settings import Settings
from tests.cli.conftest import Commands
from tests.ledger.bank import Pay, csv, mt940, ofx
from tests.ledger.banking.formats.test_shared_files import (
    BY_EYE,
    COUNTED,
    PENDING,
    UNPROVEN,
    by_name,
    text_of,
)
from tests.shared import shared
from tests.system.conftest import embedded

RENT, SALE = Pay("2026-03-01", -90_000, "RENT MARCH"), Pay("2026-03-02", 125_000, "INVOICE 17")
MONEY = {"amount", "currency"}
BOMB = b"""<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt>&c;</BkToCstmrStmt>
</Document>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/hostname">]>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt>&e;</BkToCstmrStmt>
</Document>"""


def expected(path: Path) -> tuple[int, Decimal]:
    """Return how many lines a file has and their sum over all currencies, from its text."""
    if known := BY_EYE.get(path.name):
        return sum(lines for _, lines, _ in known), sum(Decimal(total) for *_, total in known)
    amounts = COUNTED[by_name(path.name)](text_of(path))
    return len(amounts), sum(amounts, Decimal())


def count(folder: Path, table: str) -> int:
    """Return how many rows there are, of all organizations together; 0 before the first start."""
    settings = Settings(data=folder)
    if settings.database_url is None and not (folder / "ledger.db").exists():
        return 0
    engine = create_engine(settings.address("ledger", "steward"), poolclass=NullPool)
    with engine.connect() as connection:
        return connection.scalar(text(f"SELECT count(*) FROM {table}"))


def test_every_file_of_a_real_bank_comes_in_once_with_its_lines_and_its_sum(
    commands: Commands,
):
    files = sorted(each for each in shared("bank").iterdir() if each.is_file())
    statements = [each for each in files if each.suffix != ".md"]

    first = commands.json("import", *statements, code=3)
    again = commands.json("import", *statements, code=3)

    assert [each["file"] for each in first] == list(map(str, statements))
    refused = {Path(each["file"]).name: each["refused"] for each in first if "refused" in each}
    assert set(refused) == {PENDING}
    assert "pending" in refused[PENDING]
    for path, told in zip(statements, first, strict=True):
        if path.name == PENDING:
            continue
        assert set(told) == {"file", "format", "statements"}
        for each in told["statements"]:
            assert tuple(each) == TOLD
            assert each["added"] + each["duplicates"] == each["lines"]
            for name in ("sum", "opening", "closing"):
                assert each[name] is None or set(each[name]) == MONEY
            assert each["currency"] == each["sum"]["currency"]
        lines = sum(each["lines"] for each in told["statements"])
        total = sum(Decimal(each["sum"]["amount"]) for each in told["statements"])
        assert (path.name, lines, total) == (path.name, *expected(path))
        is_off = any(each["proven"] is False for each in told["statements"])
        assert is_off == (path.name in UNPROVEN)
    kept = count(commands.folder, "statement_lines")
    assert kept == sum(e["added"] for told in first for e in told.get("statements", []))
    assert all(e["added"] == 0 for told in again for e in told.get("statements", []))
    assert kept == count(commands.folder, "statement_lines")


@embedded
def test_a_table_for_people_tells_what_came(commands: Commands, tmp_path: Path):
    (tmp_path / "march.sta").write_bytes(mt940([RENT, SALE], opening=100_000))
    (tmp_path / "april.csv").write_bytes(csv([Pay("2026-04-01", -90_000, "RENT APRIL")]))

    shown = commands.run("import", "march.sta", "april.csv").stdout

    assert "march.sta" in shown
    assert "350.00 EUR" in shown
    assert "yes" in shown
    assert "no balances" in shown
    assert "2 of 2 files taken: 3 lines, 3 new" in shown


@embedded
def test_a_statement_that_does_not_add_up_is_told_with_the_difference(
    commands: Commands,
    tmp_path: Path,
):
    broken = mt940([RENT, SALE], opening=100_000).replace(
        b":62F:C260302EUR1350,00", b":62F:C260302EUR1300,00"
    )
    (tmp_path / "march.sta").write_bytes(broken)

    assert "off by -50.00" in commands.run("import", "march.sta").stdout
    [told] = commands.json("import", "march.sta")
    assert told["statements"][0]["proven"] is False


def test_a_preview_keeps_nothing(commands: Commands, tmp_path: Path):
    (tmp_path / "march.ofx").write_bytes(ofx([RENT, SALE]))

    [told] = commands.json("import", "march.ofx", "--preview")

    assert told["statements"][0]["added"] == 2
    assert count(commands.folder, "statement_lines") == 0
    assert count(commands.folder, "bank_accounts") == 0


@embedded
def test_new_books_are_in_the_currency_that_was_said(commands: Commands, tmp_path: Path):
    (tmp_path / "march.csv").write_bytes(csv([RENT]))

    [told] = commands.json("import", "march.csv", "--country", "de", "--currency", "CHF")

    assert told["statements"][0]["currency"] == "CHF"


def test_a_bank_account_can_be_named(commands: Commands, tmp_path: Path):
    (tmp_path / "march.ofx").write_bytes(ofx([RENT]))
    (tmp_path / "april.csv").write_bytes(csv([Pay("2026-04-01", -90_000, "RENT APRIL")]))
    commands.run("import", "march.ofx")

    [told] = commands.json("import", "april.csv", "--account", "DE02 1203 0000 0000 2020 51")
    assert (told["statements"][0]["currency"], told["statements"][0]["added"]) == ("EUR", 1)

    refused = commands.run("import", "april.csv", "--account", "Savings", code=2)
    assert "no bank account here" in refused.stderr
    assert count(commands.folder, "bank_accounts") == 1


def archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as zipped:
        zipped.writestr("march.ofx", ofx([RENT]))
    return packed.getvalue()


HOSTILE = {
    "zip.ofx": archive(),
    "truncated.ofx": ofx([RENT, SALE])[:-200],
    "bomb.xml": BOMB,
    "outside.xml": OUTSIDE,
    "empty.csv": b"",
    "picture.csv": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8,
    "utf16.ofx": ofx([RENT]).decode().encode("utf-16")[:-1],
}


@embedded
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_and_leaves_nothing(
    commands: Commands,
    tmp_path: Path,
    name: str,
):
    (tmp_path / name).write_bytes(HOSTILE[name])

    [told] = commands.json("import", name, code=3)

    assert set(told) == {"file", "refused"}
    assert told["refused"].endswith((".", "]"))
    assert os.uname().nodename not in told["refused"]
    for table in ("imports", "statements", "statement_lines", "bank_accounts", "accounts"):
        assert count(commands.folder, table) == 0


def test_files_that_are_none_are_refused_and_the_others_are_taken(
    commands: Commands,
    tmp_path: Path,
):
    (tmp_path / "march.ofx").write_bytes(ofx([RENT]))
    with (tmp_path / "huge.csv").open("wb") as huge:
        huge.truncate(200 * 2**20)  # sparse: takes no room
    (tmp_path / "folder.csv").mkdir()

    told = commands.json("import", "huge.csv", "none.csv", "folder.csv", "march.ofx", code=3)

    assert ["larger" in told[0]["refused"], "no such" in told[1]["refused"]] == [True, True]
    assert "folder" in told[2]["refused"]
    assert told[3]["statements"][0]["added"] == 1
    assert count(commands.folder, "imports") == 1
