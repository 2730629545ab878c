"""The statements, laid out from sums: by value, and by what must hold of any books."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexafi.kernel.files.table import Kind
from nexafi.kernel.values.money import Money
from nexafi.ledger.accounts.rules import SUBTYPES
from nexafi.ledger.errors import BooksOutOfBalance
from nexafi.ledger.reports import (
    balance_sheet,
    cash,
    income_statement,
    statement,
    trial_balance,
)
from nexafi.ledger.reports.rules import Span
from nexafi.ledger.reports.statement import Account, Section, Statement, Weight

NOW = Span(date(2026, 3, 31), title="2026")
THEN = Span(date(2025, 3, 31), title="2025")
CHART = [
    Account("1000", "Bank", "asset", "cash"),
    Account("1500", "Equipment", "asset", "fixed_asset"),
    Account("2000", "Payables", "liability"),
    Account("2700", "Bank loan", "liability", "loan"),
    Account("3000", "Share capital", "equity"),
    Account("4000", "Sales", "income"),
    Account("4010", "Sales abroad", "income", None, "4000"),
    Account("4900", "Interest received", "income", "other_income"),
    Account("5000", "Hosting", "expense", "cost_of_sales"),
    Account("6000", "Salaries", "expense"),
    Account("6010", "Salaries of directors", "expense", None, "6000"),
    Account("7000", "Interest paid", "expense", "interest"),
    Account("8000", "Income tax", "expense", "income_tax"),
]
SUMS = {
    "1000": 700,
    "1500": 500,
    "2000": -150,
    "2700": -300,
    "3000": -400,
    "4000": -1000,
    "4010": -200,
    "4900": -10,
    "5000": 250,
    "6000": 500,
    "6010": 60,
    "7000": 20,
    "8000": 30,
}


def names(found: Statement) -> dict[str, int]:
    return {section.name: section.totals[0] for section in found.sections}


def one(found: Statement, name: str) -> Section:
    (section,) = (section for section in found.sections if section.name == name)
    return section


def test_an_income_statement_goes_from_revenue_to_net_profit():
    assert names(income_statement.lay_out(CHART, [NOW], [SUMS])) == {
        "Revenue": 1200,
        "Cost of sales": 250,
        "Gross profit": 950,
        "Operating expenses": 560,
        "Operating profit": 390,
        "Other income": 10,
        "Other expenses": 20,
        "Profit before tax": 380,
        "Income taxes": 30,
        "Net profit": 350,
    }


def test_sums_that_would_repeat_another_are_left_out():
    sums = {"1000": 3, "4000": -5, "6000": 2}

    assert names(income_statement.lay_out(CHART, [NOW], [sums])) == {
        "Revenue": 5,
        "Operating expenses": 2,
        "Net profit": 3,
    }


def test_the_subtypes_that_statements_tell_apart_are_those_of_the_chart():
    expense, income = SUBTYPES["expense"], SUBTYPES["income"]

    assert set(expense) > income_statement.APART
    assert set(income) > income_statement.OTHER_INCOME
    assert cash.CASH in SUBTYPES["asset"]
    for kind, later in balance_sheet.NON_CURRENT.items():
        assert set(SUBTYPES[kind]) > later


def test_a_loss_is_negative_and_so_is_revenue_that_was_given_back():
    found = income_statement.lay_out(CHART, [NOW], [{"4000": 5, "6000": 2}])

    assert names(found) == {"Revenue": -5, "Operating expenses": 2, "Net profit": -7}


def test_a_balance_sheet_balances_with_current_earnings_shown():
    found = balance_sheet.lay_out(CHART, [NOW], [SUMS], [100])

    assert names(found) == {
        "Current assets": 700,
        "Non-current assets": 500,
        "Total assets": 1200,
        "Current liabilities": 150,
        "Non-current liabilities": 300,
        "Total liabilities": 450,
        "Equity": 750,
        "Total liabilities and equity": 1200,
    }
    assert [(f.account, f.name, f.amounts) for f in one(found, "Equity").figures] == [
        ("3000", "Share capital", (400,)),
        ("", "Undistributed results of earlier years", (100,)),
        ("", "Current earnings", (250,)),
    ]


def test_books_that_do_not_balance_are_not_shown_as_if_they_did():
    with pytest.raises(BooksOutOfBalance):
        balance_sheet.lay_out(CHART, [NOW], [SUMS | {"1000": 701}], [0])
    with pytest.raises(BooksOutOfBalance):
        trial_balance.lay_out(CHART, [NOW], [SUMS | {"1000": 701}])


def test_a_trial_balance_shows_the_net_on_one_side():
    found = trial_balance.lay_out(CHART, [NOW, THEN], [SUMS, {}])

    assert [(s.account.code, s.debit, s.credit) for s in found.standings][:3] == [
        ("1000", 700, 0),
        ("1500", 500, 0),
        ("2000", 0, 150),
    ]
    assert found.total == 2060


def test_accounts_stand_below_the_account_that_holds_them_and_sum_up():
    found = income_statement.lay_out(CHART, [NOW], [SUMS])
    figures = one(found, "Revenue").figures
    rows = [row for row in statement.rows(found, "EUR", changes=False) if "Sales" in row.cells[1]]

    assert [(f.account, f.level, f.parent) for f in figures] == [
        ("4000", 0, None),
        ("4010", 1, "4000"),
    ]
    assert [(row.cells[1], row.cells[2].text, row.kind) for row in rows] == [
        ("Sales", "10.00", Kind.ITEM),
        ("Sales abroad", "2.00", Kind.ITEM),
        ("Total Sales", "12.00", Kind.SUBTOTAL),
    ]


def test_an_account_that_only_holds_others_shows_no_amount():
    found = income_statement.lay_out(CHART, [NOW], [{"4010": -5, "1000": 5}])
    rows = statement.rows(found, "EUR", changes=False)

    assert next(row.cells for row in rows if row.cells[1] == "Sales") == ["4000", "Sales"]


def test_a_change_is_told_in_money_and_as_a_share():
    found = income_statement.lay_out(CHART, [NOW, THEN], [{"4000": -150}, {"4000": -100}])
    rows = statement.rows(found, "EUR", changes=True)

    assert [str(cell) for cell in rows[-1].cells[-1:]] == ["0.500"]
    assert rows[-1].cells[-2] == Money(50, "EUR")
    assert statement.share((5, 0)) is None
    assert str(statement.share((-50, -100))) == "0.500", "a smaller loss is better"


def test_cash_is_explained_by_what_came_and_went():
    flow = cash.Flow(opening=100, came={"4000": -50, "2000": -5}, went={"6000": 40},
                     closing={"1000": 115})  # fmt: skip
    found = cash.lay_out(CHART, [CHART[0]], [NOW], [flow])

    assert names(found) == {
        "Opening balance": 100,
        "Money in": 55,
        "Money out": 40,
        "Net change": 15,
        "Closing balance": 115,
        "Cash accounts": 115,
    }
    with pytest.raises(BooksOutOfBalance):
        cash.lay_out(CHART, [CHART[0]], [NOW], [replace(flow, opening=99)])


AMOUNTS = st.integers(-(10**15), 10**15)


@st.composite
def books(draw: st.DrawFn) -> list[dict[str, int]]:
    """Sums that balance, in two columns."""
    columns = []
    for _ in range(2):
        sums = {account.code: draw(AMOUNTS) for account in CHART[1:]}
        columns.append({"1000": -sum(sums.values()), **sums})
    return columns


@given(books(), st.tuples(AMOUNTS, AMOUNTS))
def test_sections_sum_to_their_totals_and_the_sheet_always_balances(sums, earlier):
    sheet = balance_sheet.lay_out(CHART, [NOW, THEN], sums, list(earlier))
    income = income_statement.lay_out(CHART, [NOW, THEN], sums)

    for section in (*sheet.sections, *income.sections):
        if section.weight is Weight.LISTED:
            assert section.totals == statement.add(2, section.figures)
    equity = one(sheet, "Equity").figures
    results = [sum(f.amounts[n] for f in equity if not f.account) for n in (0, 1)]
    assert tuple(results) == one(income, "Net profit").totals
    assert one(sheet, "Total assets").totals == one(sheet, "Total liabilities and equity").totals


@given(books())
def test_every_account_that_moved_is_shown_exactly_once(sums):
    sheet = balance_sheet.lay_out(CHART, [NOW, THEN], sums, [0, 0])
    income = income_statement.lay_out(CHART, [NOW, THEN], sums)

    shown = [f.account for s in (*sheet.sections, *income.sections) for f in s.figures if f.account]
    moved = {code for column in sums for code, minor in column.items() if minor}
    held = {account.code: account.parent for account in CHART}
    assert sorted(shown) == sorted(set(shown))
    assert moved <= set(shown) <= moved | {held[code] for code in moved}
