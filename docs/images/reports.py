"""Make the pictures of the reports in `docs/guides/reports.md`: python docs/images/reports.py.

The books of a sample company are posted into a ledger on an SQLite file that
is thrown away; the reports are asked over HTTP, in process, as PDF; pdftoppm
(poppler-utils) makes pictures of them. The same code gives the same pictures.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

from nexafi.contracts.ledger.permissions import LedgerPermission
from nexafi.kernel.data.context import Context, Home
from nexafi.kernel.data.migrations import upgrade
from nexafi.kernel.values.money import Money
from nexafi.ledger.app import service
from nexafi.ledger.journal import actions
from nexafi.ledger.journal.rules import Draft, Leg
from nexafi.ledger.tables import Account

HERE = Path(__file__).parent
NOW = datetime(2026, 7, 2, 9, 30, tzinfo=UTC)
HOME = Home(UUID(int=1), "Sample Company", "DE", "Europe/Berlin", "EUR", "01-01")
CALLER = Context("docs", NOW, HOME.id, HOME, frozenset(LedgerPermission))
DOTS_PER_INCH = "110"
CHART = (
    ("1000", "Current account", "asset", "cash", None),
    ("1010", "Savings account", "asset", "cash", None),
    ("1200", "Trade receivables", "asset", None, None),
    ("1400", "Prepaid expenses", "asset", None, None),
    ("1600", "Equipment", "asset", "fixed_asset", None),
    ("1690", "Accumulated depreciation", "asset", "fixed_asset", None),
    ("2000", "Trade payables", "liability", None, None),
    ("2100", "Wage taxes and social security", "liability", None, None),
    ("2200", "Deferred revenue", "liability", None, None),
    ("2300", "Income tax payable", "liability", None, None),
    ("2700", "Bank loan", "liability", "loan", None),
    ("3000", "Share capital", "equity", "capital", None),
    ("3100", "Capital reserve", "equity", "capital", None),
    ("4000", "Subscriptions", "income", None, None),
    ("4100", "Implementation services", "income", None, None),
    ("4900", "Interest income", "income", "other_income", None),
    ("5000", "Hosting", "expense", "cost_of_sales", None),
    ("5100", "Payment fees", "expense", "cost_of_sales", None),
    ("5200", "Customer support", "expense", "cost_of_sales", None),
    ("6000", "People", "expense", None, None),
    ("6010", "Salaries", "expense", None, "6000"),
    ("6020", "Social security", "expense", None, "6000"),
    ("6100", "Rent", "expense", None, None),
    ("6200", "Marketing", "expense", None, None),
    ("6300", "Software", "expense", None, None),
    ("6400", "Legal and accounting", "expense", None, None),
    ("6500", "Travel", "expense", None, None),
    ("6600", "Depreciation", "expense", None, None),
    ("7000", "Interest on loans", "expense", "interest", None),
    ("8000", "Income taxes", "expense", "income_tax", None),
)
QUESTIONS = {
    "income-statement": "from=2026-01-01&to=2026-06-30&compare=previous_year&change=true",
    "balance-sheet": "as_of=2026-06-30&compare=previous_year&change=true",
}

Posting = tuple[date, str, dict[str, int]]
"""A date, a description, and whole euros by account; a debit is positive."""


def postings() -> Iterator[Posting]:
    """Yield the life of the company: founded in 2024, growing since."""
    yield date(2024, 9, 2), "Founded", {"1000": 25_000, "3000": -25_000}
    yield date(2024, 10, 15), "First round", {"1000": 750_000, "3100": -750_000}
    yield date(2024, 11, 4), "Bank loan", {"1000": 120_000, "2700": -120_000}
    yield date(2024, 11, 20), "Laptops and screens", {"1600": 38_400, "1000": -38_400}
    for n in range(21):
        year, month = divmod(9 + n, 12)
        yield from month_of(n, 2024 + year, month + 1)
    yield date(2026, 2, 16), "Second round", {"1000": 1_500_000, "3000": -4_000, "3100": -1_496_000}
    yield date(2026, 2, 27), "To savings", {"1010": 900_000, "1000": -900_000}
    yield date(2026, 4, 8), "More laptops", {"1600": 21_700, "1000": -21_700}
    yield date(2026, 6, 30), "Interest on savings", {"1010": 6_150, "4900": -6_150}
    yield date(2026, 6, 30), "Income tax", {"8000": 5_300, "2300": -5_300}


def month_of(n: int, year: int, month: int) -> Iterator[Posting]:
    """Yield what comes each month; *n* months after the start."""
    end = date(year, month, 28)
    sold, done = 14_200 + 5_300 * n + 97 * n * n, 6_400 + 850 * (n % 5)
    ahead = sold // 9
    yield (
        end,
        "Subscriptions invoiced",
        {"1200": sold + ahead, "4000": -sold, "2200": -ahead},
    )
    yield end, "Implementation", {"1200": done, "4100": -done}
    got = (sold + done) * 19 // 20
    yield end, "Customers paid", {"1000": got, "1200": -got}
    yield end, "Hosting", {"5000": 1_900 + sold // 11, "2000": -1_900 - sold // 11}
    yield end, "Payment fees", {"5100": sold // 48, "1000": -(sold // 48)}
    yield end, "Support", {"5200": 2_100 + 160 * n, "1000": -2_100 - 160 * n}
    pay = 31_000 + 1_750 * n
    yield (
        end,
        "Payroll",
        {"6010": pay, "6020": pay // 5, "2100": -(pay // 3), "1000": pay // 3 - pay - pay // 5},
    )
    if n:
        before = (pay - 1_750) // 3
        yield date(year, month, 10), "Wage taxes", {"2100": before, "1000": -before}
        paid = 1_900 + (14_200 + 5_300 * (n - 1) + 97 * (n - 1) ** 2) // 11
        yield date(year, month, 12), "Suppliers", {"2000": paid, "1000": -paid}
    yield date(year, month, 3), "Rent", {"6100": 4_200, "1000": -4_200}
    yield end, "Marketing", {"6200": 5_600 + 410 * n, "1000": -5_600 - 410 * n}
    yield end, "Software", {"6300": 1_150 + 60 * n, "1000": -1_150 - 60 * n}
    yield end, "Advice", {"6400": 1_300 + 700 * (n % 3), "1000": -1_300 - 700 * (n % 3)}
    yield end, "Travel", {"6500": 700 + 330 * (n % 4), "1000": -700 - 330 * (n % 4)}
    yield end, "Depreciation", {"6600": 1_067, "1690": -1_067}
    yield end, "Interest", {"7000": 540, "1000": -540}


def main() -> int:
    """Post, ask, and leave a picture for each report beside this file."""
    if shutil.which("pdftoppm") is None:
        print("pdftoppm is missing (Debian: apt install poppler-utils)", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        database = service.database(f"sqlite:///{folder}/ledger.db", clock=lambda: NOW)
        upgrade(database)
        with database.work(CALLER) as work:
            ids: dict[str, UUID] = {}
            for code, name, kind, subtype, parent in CHART:
                side = "debit" if kind in {"asset", "expense"} else "credit"
                account = Account(
                    code=code,
                    name=name,
                    type=kind,
                    normal_side=side,
                    subtype=subtype,
                    parent_id=ids[parent] if parent else None,
                )
                work.session.add(account)
                work.session.flush()
                ids[code] = account.id
            for day, text, euros in postings():
                legs = tuple(Leg(c, Money(n * 100, "EUR")) for c, n in euros.items() if n)
                actions.post(work, Draft(day, text, legs))
        client = service.app(database, lambda: CALLER).test_client()
        for report, question in QUESTIONS.items():
            answer = client.get(f"/api/v1/ledger/reports/{report}?{question}&format=pdf")
            assert answer.status_code == 200, answer.data
            made = Path(folder) / f"{report}.pdf"
            made.write_bytes(answer.data)
            picture = ["pdftoppm", "-r", DOTS_PER_INCH, "-png", "-singlefile", str(made)]
            subprocess.run([*picture, str(HERE / report)], check=True)
            print(HERE / f"{report}.png")
        database.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
