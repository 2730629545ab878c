"""`nexafi demo`: a year of a small company, within a minute, twice without harm."""

from __future__ import annotations

import datetime as dt
import time
from decimal import Decimal
from itertools import pairwise

import pytest

from nexafi.cli import sample_company as sample
from nexafi.cli.client import connect
from nexafi.ledger.banking.formats import read
from tests.cli.conftest import Commands
from tests.system.conftest import embedded

LEDGER = "/api/v1/ledger"


def test_a_newcomer_has_full_reports_within_a_minute_and_again_adds_nothing(commands: Commands):
    began = time.monotonic()
    first = commands.json("demo")
    assert time.monotonic() - began < 60
    assert (first["is_right"], first["is_reconciled"]) == (True, True)
    assert first["open_lines"] == 2
    assert first["entries"] > 150

    assert commands.json("demo") == first  # the way to sign in, too

    api = connect(None, None, None, sample.NAME)
    span = {"from": first["from"], "to": first["to"]}
    income = api.get(f"{LEDGER}/reports/income-statement", **span)
    cash = api.get(f"{LEDGER}/reports/cash", **span)
    by_department = api.get(f"{LEDGER}/reports/income-statement", dimension="department", **span)
    sheet = api.get(f"{LEDGER}/reports/balance-sheet", as_of=first["to"])
    lines = list(api.each(f"{LEDGER}/statement-lines", state="new"))
    closed = [each for each in api.each(f"{LEDGER}/periods") if each["state"] == "closed"]
    verified = api.get(f"{LEDGER}/chain/verify")
    api.close()

    names = [section["name"] for section in income["sections"] if section["rows"]]
    assert len(names) >= 3
    assert len(cash["columns"]) >= sample.MONTHS
    assert len(by_department["columns"]) >= 4
    totals = {each["name"]: Decimal(each["totals"][0]["amount"]) for each in sheet["sections"]}
    assert totals["Total assets"] == totals["Total liabilities and equity"] > 0
    assert sorted(each["description"].split()[0] for each in lines) == ["CHECK", "TRANSFER"]
    assert closed
    assert verified["broken"] is None


@pytest.mark.parametrize(
    "today", [dt.date(2026, 1, 31), dt.date(2026, 11, 25), dt.date(2024, 3, 1)]
)
def test_the_year_is_the_twelve_months_before_and_the_banks_are_right(today: dt.date):
    start = sample.first_month(today)

    assert sample.last_day(sample.month(start, 11)) == today.replace(day=1) - dt.timedelta(days=1)
    readings = [read(raw) for _, raw in sample.statements(start)]
    checking = [each.statements[0] for each in readings[:-1]]
    assert all(each.is_proven for each in checking)
    for one, other in pairwise(checking):
        assert one.closing == other.opening
    for entry in sample.entries(start, "1011"):
        worths = [each.get("base", each["amount"]) for each in entry["lines"]]
        assert sum(Decimal(each["amount"]) for each in worths) == 0
    assert list(sample.statements(start)) == list(sample.statements(start))


@embedded
def test_a_year_that_begins_in_january_has_its_first_months_closed(
    commands: Commands, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sample, "first_month", lambda _: dt.date(2025, 1, 1))

    shown = commands.run("demo").stdout

    assert "2025-01-01 to 2025-12-31" in shown
    assert "balances right" in shown
    assert "nexafi ledger verify" in shown
    api = connect(None, None, None, sample.NAME)
    closed = [each["name"] for each in api.each(f"{LEDGER}/periods") if each["state"] == "closed"]
    api.close()
    assert len(closed) == 3
