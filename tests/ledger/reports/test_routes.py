"""The reports over HTTP: by value on a small company, as JSON and as files."""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import replace
from datetime import timedelta
from io import BytesIO, StringIO
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from nexafi.kernel.values.money import Money
from nexafi.kernel.web.paging import write
from nexafi.ledger.journal.rules import Draft, Leg
from nexafi.ledger.tables import Period
from tests.ledger.reports.conftest import REPORTS

ALL = ["trial-balance", "income-statement", "balance-sheet", "general-ledger", "cash"]


def eur(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


def test_a_trial_balance_shows_the_net_of_each_account_on_one_side(year):
    found = year.read("trial-balance", as_of="2026-03-31")

    assert found["as_of"] == "2026-03-31"
    assert found["currency"] == "EUR"
    assert found["totals"]["debit"] == found["totals"]["credit"] == eur("18700.00")
    assert {key: found["rows"][0][key] for key in ("account", "name", "type")} == {
        "account": "1000",
        "name": "Bank",
        "type": "asset",
    }
    assert [(r["account"], r["debit"]["amount"], r["credit"]["amount"], r["balance"]["amount"])
            for r in found["rows"]] == [
        ("1000", "14500.00", "0.00", "14500.00"),
        ("1500", "900.00", "0.00", "900.00"),
        ("2000", "0.00", "1200.00", "-1200.00"),
        ("3000", "0.00", "10000.00", "-10000.00"),
        ("4000", "0.00", "5000.00", "-5000.00"),
        ("4010", "0.00", "2500.00", "-2500.00"),
        ("5000", "600.00", "0.00", "600.00"),
        ("6000", "2700.00", "0.00", "2700.00"),
    ]  # fmt: skip


def test_an_income_statement_compares_with_the_year_before(year):
    query = {"from_": "2026-01-01", "to": "2026-12-31", "compare": "previous_year"}
    found = year.read("income-statement", **query)

    assert [(c["title"], c["from"], c["to"]) for c in found["columns"]] == [
        ("2026", "2026-01-01", "2026-12-31"),
        ("2025", "2025-01-01", "2025-12-31"),
    ]
    assert year.sections("income-statement", **query) == {
        "Revenue": ["2500.00", "5000.00"],
        "Cost of sales": ["0.00", "600.00"],
        "Gross profit": ["2500.00", "4400.00"],
        "Operating expenses": ["700.00", "2000.00"],
        "Net profit": ["1800.00", "2400.00"],
    }
    revenue = found["sections"][0]["rows"]
    assert [(r["account"], r["level"], r["amounts"]) for r in revenue] == [
        ("4000", 0, [eur("0.00"), eur("5000.00")]),
        ("4010", 1, [eur("2500.00"), eur("0.00")]),
    ]


def test_a_balance_sheet_balances_and_tells_this_year_from_those_before(year):
    found = year.read("balance-sheet", as_of="2026-03-31", compare="previous_year")
    sections = {each["name"]: each for each in found["sections"]}

    assert sections["Total assets"]["totals"] == [eur("15400.00"), eur("15000.00")]
    assert sections["Total liabilities and equity"]["totals"] == [eur("15400.00"), eur("15000.00")]
    assert [(r["name"], [a["amount"] for a in r["amounts"]])
            for r in sections["Equity"]["rows"]] == [
        ("Share capital", ["10000.00", "10000.00"]),
        ("Undistributed results of earlier years", ["2400.00", "0.00"]),
        ("Current earnings", ["1800.00", "5000.00"]),
    ]  # fmt: skip


def test_a_closed_year_keeps_its_income_statement(year):
    before = year.sections("income-statement", from_="2025-01-01", to="2025-12-31")
    closing = {"4000": 500_000, "5000": -60_000, "6000": -200_000, "3200": -240_000}
    year.enter("2025-12-31", closing, kind="closing")

    for _ in ("fresh", "sealed"):
        assert year.sections("income-statement", from_="2025-01-01", to="2025-12-31") == before
        sheet = year.read("balance-sheet", as_of="2025-12-31")["sections"]
        equity = {r["name"]: r["amounts"][0]["amount"] for s in sheet for r in s["rows"]}
        assert equity["Retained earnings"] == "2400.00"
        assert equity["Current earnings"] == "0.00"
        year.seal()


def test_a_long_first_fiscal_year_is_one_year_of_earnings(year):
    with year.database.work(year.caller) as work:
        work.session.add(
            Period(
                name="2025/26",
                kind="year",
                starts_on=dt.date(2025, 1, 1),
                ends_on=dt.date(2026, 6, 30),
            )
        )
    sheet = year.read("balance-sheet", as_of="2026-03-31")["sections"]
    equity = {r["name"]: r["amounts"][0]["amount"] for s in sheet for r in s["rows"]}

    assert equity["Current earnings"] == "4200.00"
    assert "Undistributed results of earlier years" not in equity
    assert year.read("income-statement", to="2026-03-31")["columns"][0]["from"] == "2025-01-01"


def test_cash_is_explained_month_by_month(year):
    found = year.read("cash", from_="2025-01-01", to="2025-06-30")
    totals = year.sections("cash", from_="2025-01-01", to="2025-06-30")

    assert [c["title"] for c in found["columns"]][0::5] == ["Jan 2025", "Jun 2025"]
    assert totals["Money in"] == ["10000.00", "0.00", "0.00", "5000.00", "0.00", "0.00"]
    assert totals["Money out"] == ["0.00"] * 5 + ["600.00"]
    assert totals["Closing balance"][-1] == "14400.00"
    assert totals["Opening balance"][1:] == totals["Closing balance"][:-1]


def test_wages_are_money_out_though_a_part_is_owed(year):
    totals = year.read("cash", from_="2025-12-01", to="2025-12-31")["sections"]
    out = {r["account"]: r["amounts"][0]["amount"] for s in totals for r in s["rows"]}

    assert out == {"6000": "2000.00", "2000": "-500.00", "1000": "12900.00"}


def test_a_report_can_be_asked_as_it_was_known(year):
    known = year.caller.now
    late = known + timedelta(days=1)
    year.enter("2025-03-20", {"1200": 7, "4000": -7}, recorded_at=late, text="Forgotten")

    for _ in ("fresh", "sealed"):
        for report in ("trial-balance", "balance-sheet", "income-statement"):
            query = {"to": "2025-12-31"}
            now = year.read(report, **query)
            then = year.read(report, **query, known_at=known.isoformat().replace("+00:00", "Z"))
            assert then | {"known_at": None} != now
        assert year.sections("income-statement", to="2025-12-31")["Revenue"] == ["5000.07"]
        then = year.sections("income-statement", to="2025-12-31", known_at="2026-04-01T02:30:00Z")
        assert then["Revenue"] == ["5000.00"]
        year.seal()


def test_a_dimension_gives_a_column_for_each_value_and_one_for_none(year):
    query = {"from_": "2025-01-01", "to": "2026-03-31", "dimension": "department"}
    found = year.read("income-statement", **query)
    totals = year.sections("income-statement", **query)

    assert [(c["title"], c["value"]) for c in found["columns"]] == [
        ("lab", "lab"), ("sales", "sales"), ("none", None),
    ]  # fmt: skip
    assert totals["Operating expenses"] == ["700.00", "2000.00", "0.00"]
    assert totals["Revenue"] == ["0.00", "2500.00", "5000.00"]
    one = year.sections("income-statement", **query | {"dimension": "department:sales"})
    assert one["Revenue"] == ["2500.00"]
    sheet = year.sections("balance-sheet", to="2026-03-31", dimension="department")
    assert sheet["Total assets"] == sheet["Total liabilities and equity"]
    assert sheet["Total assets"] == ["0.00", "1000.00", "14400.00"]
    assert year.read("trial-balance", dimension="department")["columns"][0]["value"] == "lab"


def test_each_figure_leads_to_lines_that_add_up_to_it(year):
    year.enter("2025-12-31", {"4000": 500_000, "3200": -500_000}, kind="closing")
    for report, query in [
        ("income-statement", {"from_": "2025-01-01", "to": "2026-03-31", "compare": "2 years"}),
        (
            "income-statement",
            {"from_": "2025-01-01", "to": "2026-03-31", "dimension": "department"},
        ),
    ]:
        for section in year.read(report, **query)["sections"]:
            for row in section["rows"]:
                for amount, drill in zip(row["amounts"], row["drill"], strict=True):
                    assert urlsplit(drill).path == f"{REPORTS}/general-ledger"
                    lines = year.client.get(drill).json["items"]
                    cents = sum(
                        int((line["debit"] or eur("0.00"))["amount"].replace(".", ""))
                        - int((line["credit"] or eur("0.00"))["amount"].replace(".", ""))
                        for line in lines
                    )
                    shown = int(amount["amount"].replace(".", ""))
                    assert abs(cents) == abs(shown), drill
    for row in year.read("trial-balance", as_of="2026-03-20")["rows"]:
        page = year.client.get(row["drill"]).json
        last = page["items"][-1:] or [{"balance": page["accounts"][0]["opening"]}]
        assert last[0]["balance"] == row["balance"]


def test_the_general_ledger_runs_page_by_page(year):
    whole = year.read("general-ledger", from_="2025-01-01", to="2026-03-31", limit=200)
    items, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        more = {"cursor": cursor} if cursor else {}
        page = year.read("general-ledger", from_="2025-01-01", to="2026-03-31", limit=3, **more)
        assert {o["account"] for o in page["accounts"]} == {i["account"] for i in page["items"]}
        items, cursor, pages = items + page["items"], page["next"], pages + 1

    assert whole["next"] is None
    assert len(items) == 17
    assert items == whole["items"]
    assert pages == 6
    assert items[1] | {"entry": None} == {
        "account": "1000", "date": "2025-04-02", "entry": None, "number": 3,
        "description": "Invoice 1 paid", "reference": None, "source": None,
        "debit": eur("5000.00"), "credit": None, "balance": eur("15000.00"),
        "amount": eur("5000.00"),
    }  # fmt: skip


def test_a_page_that_begins_within_a_day_knows_the_balance(books):
    for n in range(5):
        books.enter("2026-03-01", {"1000": 100 + n, "4000": -100 - n})
    query = {"account": "1000", "from_": "2026-03-01", "to": "2026-03-01", "limit": 2}
    first = books.read("general-ledger", **query)
    second = books.read("general-ledger", **query, cursor=first["next"])

    assert second["accounts"][0]["opening"] == first["items"][-1]["balance"]
    assert first["accounts"][0]["opening"] == eur("0.00")


def test_a_register_shows_the_other_accounts_and_the_own_currency(books):
    legs = (
        Leg("1010", Money(11_000, "USD"), Money(10_000, "EUR")),
        Leg("3000", Money(-10_000, "EUR"), Money(-10_000, "EUR")),
    )
    day = books.caller.today
    books.enter_all([Draft(day, "Dollars", legs)], books.caller.now)
    found = books.read("register", account="1010", to=str(day))

    (item,) = found["items"]
    assert item["against"] == ["3000"]
    assert item["amount"] == item["own_balance"] == {"amount": "110.00", "currency": "USD"}
    assert item["base"] == item["balance"] == eur("100.00")
    assert b"110.00" in books.ask("register", account="1010", to=str(day), format="csv").data


@pytest.mark.parametrize(
    ("query", "heads"),
    [
        ({"compare": "15 months"}, ["Jan 2025", "Mar 2026", "Total"]),
        ({"dimension": "department"}, ["lab", "sales", "none", "Total"]),
        ({"compare": "previous_year"}, ["1 Jan 2025"]),
    ],
)
def test_months_and_values_add_up_to_a_total_on_paper(year, query, heads):
    days = {"from_": "2025-01-01", "to": "2026-03-31"}
    whole = year.sections("income-statement", **days)
    written = year.ask("income-statement", **days, **query, format="csv").data.decode()
    rows = {row[2]: row for row in csv.reader(StringIO(written))}

    assert all(any(head in each for each in rows[""]) for head in heads if "1 Jan" not in head)
    if "Total" in heads:
        assert rows[""][-1] == "Total (EUR)"
        assert [rows["Net profit"][-1]] == whole["Net profit"]
        assert [rows["Total revenue"][-1]] == whole["Revenue"]
    else:
        assert "Total (EUR)" not in rows[""]


@pytest.mark.parametrize("report", ALL)
def test_every_report_is_a_csv_an_xlsx_and_a_pdf(year, report):
    query = {"from_": "2025-01-01", "to": "2026-03-31"}
    said = year.ask(report, **query, format="pdf")
    assert said.mimetype == "application/pdf"
    assert f"{report}" in said.headers["Content-Disposition"].replace("cash-summary", "cash")
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(said.data)).pages)
    assert "Ada's Engines" in text
    assert "Page 1 of" in text

    sheet = load_workbook(BytesIO(year.ask(report, **query, format="xlsx").data)).active
    written = year.ask(report, **query, format="csv")
    rows = list(csv.reader(StringIO(written.data.decode())))
    assert written.mimetype == "text/csv"
    numbers = [cell.value for row in sheet.iter_rows() for cell in row if cell.data_type == "n"]
    cells = {cell for row in rows[1:] for cell in row}
    assert {f"{n:.2f}" for n in numbers if isinstance(n, float)} <= cells


@pytest.mark.parametrize(
    ("report", "query"),
    [
        ("balance-sheet", "as_of=2026-13-01"),
        ("balance-sheet", "compare=now"),
        ("balance-sheet", "change=true"),
        ("balance-sheet", "format=doc"),
        ("balance-sheet", "known_at=2026-01-01T00:00:00"),
        ("balance-sheet", "known_at=0001-01-01T00:00:00%2B23:00"),
        ("income-statement", "from=1900-01-01&to=2999-12-31&compare=36+periods"),
        ("balance-sheet", "as_of=2026-01-01&to=2026-01-02"),
        ("income-statement", "from=2026-02-01&to=2026-01-01"),
        ("income-statement", "dimension=%22"),
        ("cash", "from=2000-01-01"),
        ("general-ledger", "limit=0"),
        ("general-ledger", "compare=previous_year"),
        ("register", ""),
        ("trial-balance", "size=3"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(books, report, query):
    assert books.client.get(f"{REPORTS}/{report}?{query}").status_code == 422


def test_a_cursor_of_another_list_is_refused(books):
    early = write(["1000", "0001-01-01", str(uuid4())], ("code", "date", "id"))
    for cursor in ("x", early, write(["1000", 7, "x"], ("code", "date", "id"))):
        assert books.ask("general-ledger", cursor=cursor).status_code == 422
    assert books.ask("general-ledger", account="9999").status_code == 404


def test_empty_books_give_empty_reports(books):
    assert books.read("trial-balance")["rows"] == []
    assert books.sections("balance-sheet")["Total assets"] == ["0.00"]
    assert books.read("general-ledger") == {
        "currency": "EUR", "accounts": [], "items": [], "next": None,
    }  # fmt: skip
    for report in ALL:
        for format_ in ("csv", "xlsx", "pdf"):
            assert books.ask(report, format=format_).status_code == 200


def test_another_organization_sees_nothing(year):
    home = replace(year.caller.known, id=uuid4())
    year.caller = replace(year.caller, organization_id=home.id, home=home)

    assert year.read("trial-balance")["rows"] == []
    assert year.read("general-ledger", from_="2025-01-01")["items"] == []
    assert year.ask("register", account="1000").status_code == 404
