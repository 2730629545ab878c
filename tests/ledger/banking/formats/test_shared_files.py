"""Every real file parses with the right lines and sums, or is refused for a reason that is true.

What is right is counted here from the text of the file itself, by patterns that share nothing with
the readers, or written down from a reading by eye where a format has no such pattern.
"""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from nexafi.ledger.banking.formats import Caution, read
from nexafi.ledger.errors import StatementUnreadable
from tests.shared import shared, shared_files

FILES = shared_files("bank")
PENDING = "camt052_v6.xml"
UNPROVEN = {
    # anonymised by those who published them
    "mt940_abnamro_nl.sta",
    "mt940_ing_nl.sta",
    "mt940_raiffeisen.sta",
    "camt053_oca_02.xml",
    "camt053_v2_balances.xml",
    "camt053_v2_five_decimals.xml",
    "bai2_moov_4_cont.bai",
}
BY_EYE = {
    # file: (currency, lines, sum) of each statement that has lines
    "csv_generic.csv": [("XXX", 6, "800.00")],
    "csv_oca_debit_credit.csv": [("XXX", 2, "1500.00")],
    "csv_oca_multicurrency.csv": [("USD", 1, "-33.50"), ("EUR", 1, "1525.00")],
    "csv_paypal.csv": [("USD", 7, "9.41")],
    "csv_schwab_checking.csv": [("USD", 12, "22481.17")],
    "qif_oca.qif": [("XXX", 5, "-1896.09")],
    "ofx_vanguard_inv.ofx": [("USD", 1, "4212.30")],
}


def text_of(path: Path) -> str:
    return path.read_bytes().decode("latin-1")


def mt940_lines(text: str) -> list[Decimal]:
    """Amounts of :61:, found by their comma and the mark before it."""
    amounts = []
    for line in re.findall(r"(?m)^:61:(.*)$", text):
        mark, amount = re.match(r"\d{6,10}(R?[CD])[A-Z]?(\d+,\d*)", line).groups()
        sign = {"C": 1, "D": -1, "RC": -1, "RD": 1}[mark]
        amounts.append(sign * Decimal(amount.replace(",", ".") + "0"))
    return amounts


def ofx_lines(text: str) -> list[Decimal]:
    return [
        Decimal(amount.replace(",", "."))
        for amount in re.findall(r"<TRNAMT>\s*([-+]?[\d.,]+)", text)
    ]


def camt_lines(text: str) -> list[Decimal]:
    amounts = []
    for entry in re.findall(r"(?s)<Ntry>(.*?)</Ntry>", text):
        amount = Decimal(re.search(r"<Amt[^>]*>([\d.]+)<", entry)[1])
        amounts.append(-amount if "<CdtDbtInd>DBIT" in entry[:200] else amount)
    return amounts


def bai2_lines(text: str) -> list[Decimal]:
    return [
        Decimal(amount) / (100 if int(kind) < 400 else -100)
        for kind, amount in re.findall(r"(?m)^16,(\d{3}),(\d+),", text)
    ]


COUNTED = {"mt940": mt940_lines, "ofx": ofx_lines, "camt": camt_lines, "bai2": bai2_lines}


def by_name(name: str) -> str:
    return re.match(r"[a-z]+(?:940|2(?=_moov))?", name)[0].replace("qfx", "ofx")


@pytest.mark.parametrize("path", FILES)
def test_a_real_file_has_the_lines_and_the_sum_that_stand_in_it(path: Path):
    if path.suffix == ".md" or path.name == PENDING:
        return
    reading = read(path.read_bytes(), name=path.name)
    lines = [line for statement in reading.statements for line in statement.lines]

    if expected := BY_EYE.get(path.name):
        found = [
            (statement.currency, len(statement.lines), f"{statement.sum.minor / 100:.2f}")
            for statement in reading.statements
        ]
        assert found == expected
        return
    amounts = COUNTED[by_name(path.name)](text_of(path))
    assert [Decimal(line.amount.minor) / 100 for line in lines] == amounts
    assert reading.format.startswith(by_name(path.name)[:4])


@pytest.mark.parametrize("path", FILES)
def test_a_real_file_is_proven_unless_it_is_known_not_to_add_up(path: Path):
    if path.suffix == ".md" or path.name == PENDING:
        return
    reading = read(path.read_bytes())
    verdicts = {statement.is_proven for statement in reading.statements}

    assert (False in verdicts) == (path.name in UNPROVEN)
    if path.name in UNPROVEN:
        unproven = [each for each in reading.warnings if each.caution is Caution.UNPROVEN]
        assert any("difference" in each.text for each in unproven)
    if path.name.startswith("mt940") and path.name not in UNPROVEN:
        assert verdicts == {True}


def test_a_report_of_pending_entries_only_is_refused_and_told_so():
    raw = (shared("bank") / PENDING).read_bytes()
    with pytest.raises(StatementUnreadable, match="pending"):
        read(raw)


@pytest.mark.parametrize("path", FILES)
def test_every_line_of_a_real_file_has_text_and_what_it_was_read_from(path: Path):
    if path.suffix == ".md" or path.name == PENDING:
        return
    for statement in read(path.read_bytes()).statements:
        for line in statement.lines:
            assert line.description
            assert line.raw
            assert line.description == " ".join(line.description.split())
            assert 1999 < line.booked_on.year < 2026


@pytest.mark.parametrize("path", FILES)
def test_the_name_of_a_real_file_plays_no_part(path: Path):
    raw = path.read_bytes()
    if path.suffix == ".md" or path.name == PENDING:
        with pytest.raises(StatementUnreadable):
            read(raw, name="statement.ofx")
    else:
        assert read(raw, name="statement.pdf") == read(raw, name=path.name)


@pytest.mark.parametrize("path", FILES)
def test_a_real_file_cut_anywhere_is_refused_or_reads_as_its_beginning(path: Path):
    """Formats that close what they open are refused; of the others what is left is right."""
    raw = path.read_bytes()
    if path.suffix == ".md" or path.name == PENDING:
        return
    whole = [line for statement in read(raw).statements for line in statement.lines]
    closes = path.name.startswith(("ofx", "qfx", "camt", "bai2"))
    for at in sorted({*range(1, len(raw) - 12, max(1, len(raw) // 40)), len(raw) - 13}):
        try:
            reading = read(raw[:at])
        except StatementUnreadable:
            continue
        assert not closes, f"cut at {at} and not refused"
        if not path.name.startswith("csv"):
            left = [line for statement in reading.statements for line in statement.lines]
            assert left == whole[: len(left)], at
