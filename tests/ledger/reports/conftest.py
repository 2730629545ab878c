"""A ledger with the chart of a small company."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from nexafi.kernel.data.context import Context
from nexafi.kernel.values.money import Money
from nexafi.ledger.app import service
from nexafi.ledger.journal import actions
from nexafi.ledger.journal.rules import Draft, Leg
from nexafi.ledger.tables import Account
from tests.conftest import Open
from tests.ledger.conftest import Ledger

REPORTS = "/api/v1/ledger/reports"
CHART = [
    ("1000", "Bank", "asset", "cash", None, None),
    ("1010", "Dollar bank", "asset", "cash", None, "USD"),
    ("1200", "Receivables", "asset", None, None, None),
    ("1500", "Equipment", "asset", "fixed_asset", None, None),
    ("2000", "Payables", "liability", None, None, None),
    ("3000", "Share capital", "equity", None, None, None),
    ("3200", "Retained earnings", "equity", None, None, None),
    ("4000", "Sales", "income", None, None, None),
    ("4010", "Sales abroad", "income", None, "4000", None),
    ("5000", "Hosting", "expense", "cost_of_sales", None, None),
    ("6000", "Salaries", "expense", None, None, None),
]
CODES = [row[0] for row in CHART]


@dataclass
class Books(Ledger):
    """A ledger, and what one asks of its reports."""

    def enter(self, day: str | dt.date, amounts: dict[str, int], **more: object) -> None:
        """Post an entry of whole cents; `recorded_at` in *more* says when we came to know."""
        caller = replace(self.caller, now=more.pop("recorded_at", self.caller.now))
        legs = tuple(Leg(code, Money(minor, "EUR")) for code, minor in amounts.items())
        date = dt.date.fromisoformat(day) if isinstance(day, str) else day
        with self.database.work(caller) as work:
            actions.post(work, Draft(date, str(more.pop("text", "Entry")), legs, **more))

    def enter_all(self, drafts: Sequence[Draft], now: dt.datetime) -> None:
        with self.database.work(replace(self.caller, now=now)) as work:
            actions.post_all(work, drafts)

    def ask(self, report: str, **query: object):
        """Return the answer to a report."""
        renamed = {name.rstrip("_"): value for name, value in query.items()}
        return self.client.get(f"{REPORTS}/{report}", query_string=renamed)

    def read(self, report: str, **query: object):
        """Return the JSON of a report that succeeds."""
        answer = self.ask(report, **query)
        assert answer.status_code == 200, answer.json
        return answer.json

    def sections(self, report: str, **query: object) -> dict[str, list[str]]:
        """Return the totals of each section."""
        found = self.read(report, **query)["sections"]
        return {each["name"]: [total["amount"] for total in each["totals"]] for each in found}


def open_books(open_database: Open, context: Context) -> Books:
    database = open_database(service)
    with database.work(context) as work:
        made: dict[str, Account] = {}
        for code, name, kind, subtype, parent, currency in CHART:
            side = "debit" if kind in {"asset", "expense"} else "credit"
            made[code] = Account(code=code, name=name, type=kind, normal_side=side,
                                 subtype=subtype, currency=currency,
                                 parent_id=made[parent].id if parent else None)  # fmt: skip
            work.session.add(made[code])
            work.session.flush()
    return Books(database, context)


@pytest.fixture
def books(open_database: Open, context: Context) -> Books:
    return open_books(open_database, context)


@pytest.fixture
def year(books: Books) -> Books:
    """A company founded in 2025, with a little of 2026."""
    books.enter("2025-01-05", {"1000": 1_000_000, "3000": -1_000_000}, text="Founded")
    books.enter("2025-03-10", {"1200": 500_000, "4000": -500_000}, text="Invoice 1")
    books.enter("2025-04-02", {"1000": 500_000, "1200": -500_000}, text="Invoice 1 paid")
    books.enter("2025-06-30", {"5000": 60_000, "1000": -60_000}, text="Hosting")
    books.enter(
        "2025-12-31",
        {"6000": 200_000, "2000": -50_000, "1000": -150_000},
        text="Salaries",
        tags={"department": "sales"},
    )
    books.enter("2026-02-01", {"1500": 90_000, "1000": -90_000}, text="Laptop")
    books.enter(
        "2026-03-15",
        {"1000": 250_000, "4010": -250_000},
        text="Invoice 2",
        tags={"department": "sales"},
    )
    books.enter(
        "2026-03-31", {"6000": 70_000, "2000": -70_000}, text="Wages", tags={"department": "lab"}
    )
    books.seal()
    return books
