"""How rows become entries."""

from __future__ import annotations

import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexafi.kernel.values.money import Money
from nexafi.ledger.errors import EntriesUnreadable
from nexafi.ledger.transfer import rows, rules
from nexafi.ledger.transfer.rules import Habits


def read(text: str, **habits: object) -> list[rules.Read]:
    return rules.entries(rows.read(text.encode(), EntriesUnreadable), Habits("EUR", **habits))


def shown(entry: rules.Read) -> list[tuple[str, int, str]]:
    return [(leg.account, leg.amount.minor, leg.amount.currency) for leg in entry.draft.legs]


def test_rows_of_one_id_are_one_entry_wherever_they_stand():
    a, b = read(
        """entry,date,description,account,debit,credit
7,2026-01-02,Sale,1200,10.00,
8,2026-01-03,Fee,6100,1,
7,,,4000,,10.00
8,2026-01-03,Fee,1200,,1.00
""",
        source="old",
    )

    assert (a.rows, b.rows) == ((2, 4), (3, 5))
    assert shown(a) == [("1200", 1000, "EUR"), ("4000", -1000, "EUR")]
    assert (a.draft.source, b.draft.source) == ("old/7", "old/8")
    assert a.draft.date == date(2026, 1, 2)


def test_without_ids_rows_that_repeat_or_leave_out_the_head_are_one_entry():
    a, b, c = read("""Date,Text,Account,Amount,Memo,tag:project
2026-01-02,Sale,1200,10.00,first,x
,,4000,-10.00,,
2026-01-02,Fee,6100,1.00,,
2026-01-02,Fee,1200,-1.00,,
2026-01-03,Fee,6100,1.00,,
2026-01-03,Fee,1200,-1.00,,
""")

    assert [each.rows for each in (a, b, c)] == [(2, 3), (4, 5), (6, 7)]
    assert a.draft.tags == {"project": "x"}
    assert a.draft.legs[0].description == "first"
    assert a.draft.source == "import"


def test_marks_and_orders_are_told_and_not_guessed():
    [entry] = read(
        "\ufeffdate;account;amount;currency\n02.01.2026;1;1.234,50;eur\n;2;(1 234,50);\n",
        dates="dmy",
    )

    assert entry.draft.date == date(2026, 1, 2)
    assert shown(entry) == [("1", 123_450, "EUR"), ("2", -123_450, "EUR")]
    [other] = read('date,account,amount\n01/02/2026,1,"1,234.50"\n', dates="mdy")
    assert other.draft.date == date(2026, 1, 2)
    assert shown(other) == [("1", 123_450, "EUR")]


def test_an_amount_in_another_currency_has_its_worth():
    [entry] = read("date,account,amount,currency,base\n2026-01-02,1,-100,JPY,0.60\n,2,0.60,,\n")

    assert entry.draft.legs[0].amount == Money(-100, "JPY")
    assert entry.draft.legs[0].base == Money(-60, "EUR")


@pytest.mark.parametrize(
    ("body", "row"),
    [
        ("02/01/2026,1,1.00,\n", 2),
        ("2026-02-30,1,1.00,\n", 2),
        ("0001-01-01,1,1.00,\n", 2),
        ("2026-01-02,1,1.00,\n,,-1.00,\n", 3),
        ("2026-01-02,1,1.00,\n,2,,\n", 3),
        ("2026-01-02,1,1.005,\n", 2),
        ('2026-01-02,1,"1,23",\n', 2),
        ('2026-01-02,1,"1,234,5",\n', 2),
        ("2026-01-02,1,1e3,\n", 2),
        ("2026-01-02,1,1.00,XXX\n", 2),
        ("2026-01-02,1,--1.00,\n", 2),
        (",1,1.00,\n", 2),
        (f"2026-01-02,{'1' * 33},1.00,\n", 2),
    ],
)
def test_a_row_at_fault_is_named(body, row):
    with pytest.raises(EntriesUnreadable) as caught:
        read(f"date,account,amount,currency\n{body}")

    assert [fault["row"] for fault in caught.value.facts["errors"]] == [row]


def test_all_faults_are_told_at_once():
    with pytest.raises(EntriesUnreadable) as caught:
        read("date,account,amount\nx,1,1\n2026-01-01,2,1\n2026-01-02,3,y\n")

    assert [fault["row"] for fault in caught.value.facts["errors"]] == [2, 4]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "date,account\n2026-01-01,1\n",
        "date,account,amount,debit\n",
        "date,date,account,amount\n",
        "date,account,amount\n",
        "account,amount\n1,1\n",
    ],
)
def test_a_file_without_the_columns_it_needs_is_refused(text):
    with pytest.raises(EntriesUnreadable):
        read(text)


@given(st.binary(max_size=200).map(lambda raw: b"date,account,amount,entry,tag:x\n" + raw))
def test_no_bytes_bring_it_down(raw):
    with contextlib.suppress(EntriesUnreadable):
        rules.entries(rows.read(raw, EntriesUnreadable), Habits("EUR"))


@given(st.integers(-(10**12), 10**12), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_an_amount_written_is_read_as_it_was(minor, currency):
    text = Money(minor, currency).text
    [entry] = read(f"date,account,amount,currency\n2026-01-02,1,{text},{currency}\n")

    assert shown(entry) == [("1", minor, currency)]
