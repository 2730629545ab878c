"""Rates from files."""

from __future__ import annotations

import contextlib
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexafi.ledger.currencies import rules, sheets
from nexafi.ledger.errors import RatesUnreadable, RateUnfit

HISTORY = b"""Date,USD,JPY,TRL,CYP,
2026-11-24,1.25,160.0,N/A,N/A,
2026-11-23,1.20,,N/A,0.58,
"""
DAILY = b"Date, USD, GBP, \n24 November 2026, 1.0545, 0.84, \n"


def read(raw: bytes, base: str = "EUR", since: date | None = None, only=None):
    return {
        (each.currency, each.date.isoformat()): each.rate
        for each in sheets.read(raw, base, since=since, only=only)
    }


def test_the_table_of_the_central_bank_is_turned_round():
    assert read(HISTORY) == {
        ("USD", "2026-11-24"): "0.8",
        ("JPY", "2026-11-24"): "0.00625",
        ("USD", "2026-11-23"): "0.833333333333",
    }


def test_it_is_crossed_for_another_base_currency():
    assert read(HISTORY, "USD", since=date(2026, 11, 24)) == {
        ("EUR", "2026-11-24"): "1.25",
        ("JPY", "2026-11-24"): "0.0078125",
    }
    with pytest.raises(RatesUnreadable):
        read(HISTORY, "CHF")


def test_the_table_of_one_day_names_its_month():
    assert read(DAILY, only=["GBP"]) == {("GBP", "2026-11-24"): "1.19047619048"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_plain_list_is_taken_as_it_is(delimiter):
    rows = [
        "\ufeffDate,Currency,Rate,Origin",
        "2026-01-02,usd,0.9214,the bank",
        "",
        "2026-01-03,JPY,0.006,",
    ]
    raw = "\r\n".join(rows).replace(",", delimiter).encode()

    assert read(raw) == {("USD", "2026-01-02"): "0.9214", ("JPY", "2026-01-03"): "0.006"}
    assert sheets.read(raw, "EUR", since=None, only=None)[0].origin == "the bank"


def test_each_row_at_fault_is_named():
    rows = ["USD,2026-01-02,0.9", "USD,2026-13-02,0.9", "XXX,2026-01-02,1", "USD,2026-01-02,-1"]
    raw = "\n".join(["currency,date,rate", *rows, "EUR,2026-01-02,1"]).encode()
    with pytest.raises(RatesUnreadable) as caught:
        read(raw)

    assert [fault["row"] for fault in caught.value.facts["errors"]] == [3, 4, 5, 6]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n\n",
        b"\xff\xfe",
        b"a,b\n1,2\n",
        b"PK\x03\x04\0",
        b"Date,USD\nyesterday,1\n",
        b"Date,USD\n2026-01-02,0\n",
        b'currency,date,rate\n"USD,2026-01-02,1',
        b"currency,date,rate\n" + b"x" * 200_000,
    ],
)
def test_what_is_no_table_of_rates_is_refused(raw):
    with pytest.raises(RatesUnreadable):
        read(raw)


@given(st.binary(max_size=300))
def test_no_bytes_bring_it_down(raw):
    with contextlib.suppress(RatesUnreadable):
        read(raw)


@given(st.decimals("0.0001", "100000", places=4))
def test_there_and_back_is_where_one_was(units):
    [there] = rules.crossed(date(2026, 1, 1), {"EUR": Decimal(1), "USD": units}, "EUR", "")

    assert abs(Decimal(there.rate) * units - 1) < Decimal("1e-10")
    rules.check(there, "EUR")


@pytest.mark.parametrize("rate", ["0", "0.0", "-1", "1e3", "NaN", "1,5", "", "\u0661", "1" * 19])
def test_what_is_no_rate_is_refused(rate):
    with pytest.raises(RateUnfit):
        rules.check(rules.Quote("USD", date(2026, 1, 1), rate), "EUR")
