"""`nexafi report`, `ledger` and `export` over a year of the sample company."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Commands, alone
from tests.ledger.judges import hledger, needs_hledger


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sample company's year in it, to copy."""
    folder = tmp_path_factory.mktemp("year")
    with pytest.MonkeyPatch.context() as patch:
        alone(folder, patch).json("demo")
    return folder


@pytest.fixture
def demo(commands: Commands, tmp_path: Path, year: Path) -> Commands:
    shutil.copytree(year, tmp_path, dirs_exist_ok=True)
    return commands


NAMES = ["trial-balance", "income-statement", "balance-sheet", "general-ledger", "cash"]


@pytest.mark.parametrize("name", NAMES)
def test_a_report_is_a_table_or_what_the_api_answers(demo, name):
    shown = demo.run("report", name)
    answered = demo.json("report", name)

    assert shown.exit_code == 0, shown.output
    assert "in USD" in shown.output
    assert answered["currency"] == "USD"


def test_reports_go_into_files(demo, tmp_path):
    for kind, begin in (("pdf", b"%PDF-"), ("xlsx", b"PK"), ("csv", b"")):
        path = tmp_path / f"sheet.{kind}"
        ended = demo.run("report", "balance-sheet", "--format", kind, "--output", str(path))
        assert ended.exit_code == 0, ended.output
        assert path.read_bytes().startswith(begin)
    rows = list(csv.reader(io.StringIO((tmp_path / "sheet.csv").read_text())))
    assert any("Total assets" in cell for row in rows for cell in row)


def test_a_pdf_is_not_printed_and_a_wrong_day_is_explained(demo):
    pdf = demo.run("report", "cash", "--format", "pdf", code=2)
    wrong = demo.run("report", "cash", "--as-of", "yesterday", code=2)

    assert "--output cash.pdf" in pdf.output
    assert "2026-03-31" in wrong.output


def test_the_books_are_proven_and_their_chain_is_exported(demo, tmp_path):
    right, whole = demo.json("ledger", "check"), demo.json("ledger", "verify")
    chain = demo.run("ledger", "export-chain", str(tmp_path / "chain"))

    assert right["is_right"]
    assert (whole["broken"], whole["entries"]) == (None, right["entries"])
    assert chain.exit_code == 0, chain.output
    links = [json.loads(line) for line in (tmp_path / "chain").read_text().splitlines()]
    assert len(links) == right["entries"]
    assert links[-1]["hash"] == whole["head"]


@needs_hledger
def test_hledger_reads_what_is_exported(demo, tmp_path):
    path = tmp_path / "books.journal"
    ended = demo.run("export", "--format", "hledger", "--output", str(path))

    assert ended.exit_code == 0, ended.output
    assert hledger(path, "balance", "--flat")
