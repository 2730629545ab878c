"""QIF: records, accounts, dates and amounts without a standard."""

from __future__ import annotations

from datetime import date

import pytest

from nexafi.kernel.values.money import Money
from nexafi.ledger.banking.formats import UNKNOWN_CURRENCY, Caution, read
from nexafi.ledger.errors import StatementUnreadable


def records(*dates: str, amount: str = "-5.00") -> bytes:
    body = "".join(f"D{each}\nT{amount}\nPShop\nMmemo\nN7\n^\n" for each in dates)
    return f"!Type:Bank\n{body}".encode()


def cautions(reading) -> set[Caution]:
    return {each.caution for each in reading.warnings}


def test_a_record_is_read_in_the_currency_of_the_account():
    reading = read(records("1/31/26"), currency="USD")
    (found,) = reading.statements[0].lines
    assert found.booked_on == date(2026, 1, 31)
    assert found.amount == Money(-500, "USD")
    assert (found.counterparty, found.description, found.reference) == ("Shop", "Shop memo", "7")
    assert found.raw == "D1/31/26\nT-5.00\nPShop\nMmemo\nN7"
    assert not reading.warnings


def test_without_a_currency_the_reading_says_that_it_knows_none():
    reading = read(records("1/31/26"))
    assert reading.statements[0].currency == UNKNOWN_CURRENCY
    assert cautions(reading) == {Caution.UNKNOWN_CURRENCY}


@pytest.mark.parametrize(
    ("dates", "first"),
    [
        (["31/1/26"], date(2026, 1, 31)),
        (["1/31/2026"], date(2026, 1, 31)),
        (["1/31'26"], date(2026, 1, 31)),
        (["1/ 5' 4", "1/31' 4"], date(2004, 1, 5)),
        (["2026-01-31"], date(2026, 1, 31)),
        (["31.01.2026"], date(2026, 1, 31)),
        (["5/1/26", "31/1/26"], date(2026, 1, 5)),
        (["1/5/26", "1/31/26"], date(2026, 1, 5)),
    ],
)
def test_all_dates_together_tell_their_order(dates: list[str], first: date):
    reading = read(records(*dates), currency="USD")
    assert reading.statements[0].lines[0].booked_on == first
    assert not reading.warnings


def test_dates_that_no_date_decides_are_read_month_first_and_told():
    reading = read(records("1/2/26", "3/4/26"), currency="USD")
    assert reading.statements[0].lines[0].booked_on == date(2026, 1, 2)
    assert cautions(reading) == {Caution.AMBIGUOUS_DATES}
    told = read(b"!Option:DMY\n" + records("1/2/26", "3/4/26"), currency="USD")
    assert told.statements[0].lines[0].booked_on == date(2026, 2, 1)
    assert not told.warnings


def test_dates_that_contradict_each_other_are_refused():
    with pytest.raises(StatementUnreadable, match="contradict each other"):
        read(records("31/1/26", "1/31/26"))


@pytest.mark.parametrize(
    ("amount", "minor"),
    [("-1,000.00", -100_000), ("-1.000,00", -100_000), ("12,5", 1_250), ("$3.10", 310), ("7", 700)],
)
def test_amounts_are_read_as_programs_write_them(amount: str, minor: int):
    assert read(records("1/31/26", amount=amount)).statements[0].lines[0].amount.minor == minor


def test_a_thousand_or_three_decimals_is_told_to_be_open():
    reading = read(records("1/31/26", amount="1,000"), currency="USD")
    assert reading.statements[0].lines[0].amount == Money(100_000, "USD")
    assert cautions(reading) == {Caution.AMBIGUOUS_AMOUNTS}


def test_several_accounts_are_several_statements_and_lists_are_left_out():
    raw = (
        b"!Option:AutoSwitch\n!Account\nNChecking\nTBank\n^\n!Type:Bank \nD1/31/26\nT1.00\n^\n"
        b"!Account\nNCard\nTCCard\n^\n!Type:CCard\nD1/30/26\nT-2.00\n^\nD1/29/26\nT-3.00\n^\n"
        b"!Type:Cat\nNFood\n^\n"
    )
    reading = read(raw, currency="USD")
    assert [(each.account, len(each.lines)) for each in reading.statements] == [
        ("Checking", 1),
        ("Card", 2),
    ]
    assert cautions(reading) == {Caution.LEFT_OUT}


def test_an_opening_balance_is_where_it_begins_and_no_movement():
    raw = b"!Type:Bank\nD1/1/26\nT100.00\nPOpening Balance\nL[Checking]\n^\nD1/31/26\nT1.00\n^\n"
    (statement,) = read(raw, currency="USD").statements
    assert statement.opening == Money(10_000, "USD")
    assert (statement.account, len(statement.lines)) == ("Checking", 1)


def test_splits_are_parts():
    raw = b"!Type:Bank\nD1/31/26\nT-9.00\nPX\nSFood\nEbread\n$-4.00\nSRent\n$-5.00\n^\n"
    (found,) = read(raw, currency="USD").statements[0].lines
    assert [(each.amount.minor, each.description) for each in found.parts] == [
        (-400, "bread"),
        (-500, "Rent"),
    ]


def test_of_an_investment_account_the_money_is_read():
    raw = (
        b"!Type:Invst\nD1/5/26\nNBuy\nYACME\nI5\nQ2\nT10.00\n^\nD1/6/26\nNDiv\nYACME\nT3.00\n^\n"
        b"D1/31/26\nNReinvDiv\nYACME\nT3.00\n^\n"
    )
    assert [each.amount.minor for each in read(raw).statements[0].lines] == [-1_000, 300]


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"!Type:Bank\nD1/31/26\nT1.00\n", "Line 2: .*cut off|cut off"),
        (b"!Type:Bank\nD1/31/26\nT1.00\n!Type:Bank\n", "Line 2: .*not closed"),
        (b"!Type:Bank\nD1/31/26\nPX\n^\n", "Line 2: A record has no amount"),
        (b"!Type:Bank\nD31/31/26\nT1\n^\n", "Line 2: '31/31/26' is no date"),
        (b"!Type:Bank\nD1/31/26\nT1.x\n^\n", "is no amount"),
        (b"!Type:Bank\n", "no transactions"),
        (b"!Type:Cat\nNFood\n^\n", "no transactions"),
    ],
)
def test_what_cannot_be_read_is_refused(raw: bytes, why: str):
    with pytest.raises(StatementUnreadable, match=why):
        read(raw)
