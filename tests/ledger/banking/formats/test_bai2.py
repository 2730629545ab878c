"""BAI2: records, continuations, funds types and control totals."""

from __future__ import annotations

import re
from datetime import date

import pytest

from nexafi.kernel.values.money import Money
from nexafi.ledger.banking.formats import Caution, read
from nexafi.ledger.errors import StatementUnreadable


def file(*records: str, total: int, currency: str = "USD", opening: int = 10_000) -> bytes:
    """A file of one account whose counts are right and whose totals are *total* and balances."""
    closing = opening + total
    account = [f"03,123,{currency},010,{opening},,,015,{closing},,/", *records]
    lines = sum(record.count("\n") + 1 for record in account)
    control = opening + closing + sum(amounts(records))
    return (
        "01,BANK,ME,260131,1200,1,,,2/\n02,ME,021000021,1,260130,2359,USD,2/\n"
        + "\n".join(account)
        + f"\n49,{control},{lines + 1}/\n98,{control},1,{lines + 3}/\n99,{control},1,{lines + 5}/\n"
    ).encode()


def amounts(records) -> list[int]:
    return [int(re.match(r"16,\w+,(\d+)", record)[1]) for record in records]


def line(record: str, total: int, **more: str):
    reading = read(file(record, total=total, **more))
    assert not reading.warnings, reading.warnings
    (statement,) = reading.statements
    assert statement.is_proven
    (only,) = statement.lines
    return only


def test_a_transaction_is_read():
    found = line("16,165,1250,Z,B7,C9,ACH CREDIT, WITH A COMMA/", 1_250)
    assert found.booked_on == date(2026, 1, 30)
    assert found.amount == Money(1_250, "USD")
    assert (found.bank_id, found.reference, found.kind) == ("B7", "C9", "165")
    assert found.description == "ACH CREDIT, WITH A COMMA"
    assert found.raw.startswith("16,165,1250")


@pytest.mark.parametrize(
    ("kind", "sign"), [("100", 1), ("165", 1), ("399", 1), ("400", -1), ("475", -1), ("699", -1)]
)
def test_the_type_gives_the_sign(kind: str, sign: int):
    assert line(f"16,{kind},500,,,,/", sign * 500).amount.minor == sign * 500


@pytest.mark.parametrize(
    ("funds", "valued"),
    [
        ("", None),
        ("0", None),
        ("1", None),
        ("2", None),
        ("Z", None),
        ("S,100,200,200", None),
        ("S,,300,200", None),
        ("V,260203,0800", date(2026, 2, 3)),
        ("V,260203,", date(2026, 2, 3)),
        ("D,3,0,100,1,200,3,200", None),
        ("D,1,0,500", None),
    ],
)
def test_each_type_of_funds_takes_its_own_fields(funds: str, valued: date | None):
    found = line(f"16,165,500,{funds},B7,C9,TEXT/", 500)
    assert (found.bank_id, found.reference, found.description) == ("B7", "C9", "TEXT")
    assert found.valued_on == valued


def test_continuations_go_on_with_text_and_with_fields():
    found = line("16,195,500,Z,B7,C9,FIRST\n88,SECOND, WITH COMMA\n88,THIRD/", 500)
    assert found.description == "FIRST SECOND, WITH COMMA THIRD"
    assert found.raw.count("\n88,") == 2
    found = line("16,195,500/\n88,V,260203,/\n88,B7,C9/\n88,TEXT/", 500)
    assert (found.valued_on, found.bank_id) == (date(2026, 2, 3), "B7")
    assert (found.reference, found.description) == ("C9", "TEXT")


def test_the_other_side_is_read_where_a_bank_names_it():
    assert line("16,195,500,Z,B7,C9,T\n88,CRNM: ACME, INC/", 500).counterparty == "ACME"


def test_the_currency_is_that_of_the_account_then_of_the_group():
    assert line("16,165,500,,,,/", 500, currency="JPY").amount == Money(500, "JPY")
    assert line("16,165,500,,,,/", 500, currency="").amount == Money(500, "USD")


def test_what_moves_no_money_is_no_line():
    reading = read(file("16,890,0,,,,A MESSAGE/", total=0))
    assert reading.statements[0].lines == ()


@pytest.mark.parametrize("record", ["49", "98", "99"])
def test_a_control_total_that_differs_is_told_with_the_difference(record: str):
    text = file("16,165,1250,,,,/", total=1_250).decode()
    at = text.index(f"\n{record},") + 4
    changed = text[:at] + str(int(text[at : text.index(",", at)]) + 7) + text[text.index(",", at) :]
    told = [each.text for each in read(changed.encode()).warnings]
    assert any("control total" in text and "difference of 7" in text for text in told)
    assert read(changed.encode()).warnings[0].caution is Caution.UNPROVEN


def test_a_count_of_records_that_differs_is_told():
    text = file("16,165,1250,,,,/", total=1_250).decode().replace(",7/\n", ",9/\n")
    assert "number of records of the file is 9" in read(text.encode()).warnings[0].text


@pytest.mark.parametrize("lines", range(1, 7))
@pytest.mark.parametrize("bytes_", [0, 3, 8])
def test_a_file_cut_anywhere_is_refused(lines: int, bytes_: int):
    raw = file("16,165,1250,,,,/", "16,475,250,,,,/", total=1_000)
    cut = b"\n".join(raw.split(b"\n")[:lines]) + b"\n" + raw.split(b"\n")[lines][:bytes_]
    with pytest.raises(StatementUnreadable):
        read(cut)


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ("16,165,12.50,,,,/", "no amount of BAI2"),
        ("16,165,500,X,,,/", "no funds type"),
        ("16,165,500,V,261301,,,/", "is no date"),
        ("16,165,500,D,many,/", "no number of distributions"),
        ("16,abc,500,,,,/", "no type of a transaction"),
        ("17,165,500,,,,/", "no record of BAI2"),
        ("hello", "no record of BAI2"),
    ],
)
def test_a_record_that_cannot_be_read_is_refused_with_its_line(record: str, why: str):
    raw = file("16,165,500,,,,/", total=500).decode().replace("16,165,500,,,,/", record)
    with pytest.raises(StatementUnreadable, match=f"Line 4: .*{why}"):
        read(raw.encode())


def test_records_out_of_place_are_refused():
    raw = file("16,165,500,,,,/", total=500).decode()
    for code in ("02", "03", "49", "98"):
        kept = [each for each in raw.split("\n") if not each.startswith(code)]
        with pytest.raises(StatementUnreadable, match="Line"):
            read("\n".join(kept).encode())
