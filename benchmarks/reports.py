"""A report over 1,000,000 lines in one organization, beside a raw sum over the same rows.

    python -m benchmarks.reports [--lines 1000000] [--rounds 5] [--postgres URL] [--keep DIR]

The books are posted and sealed through the ledger's own store, and copied to
PostgreSQL where a server is given. Reports are asked over HTTP, in process, as
JSON. The reference sums every line by one statement of plain SQL, which is
what a report without folded months costs.
`--keep` leaves the SQLite books in a folder and finds them there again.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

import psycopg
from flask.testing import FlaskClient
from sqlalchemy import URL, create_engine, make_url, text
from tests.databases import Cluster

from benchmarks.common import Measure, machine, table, take_turns, verdict
from nexafi.contracts.ledger.permissions import LedgerPermission
from nexafi.kernel.data.context import Context, Home
from nexafi.kernel.data.database import Database
from nexafi.kernel.data.migrations import upgrade
from nexafi.kernel.shared.cache import Cache
from nexafi.kernel.values.money import Money
from nexafi.ledger.app import service
from nexafi.ledger.journal import store
from nexafi.ledger.journal.rules import Draft, Leg
from nexafi.ledger.tables import Account, Balance, Entry, Line, Seal

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ORGANIZATION = UUID(int=0x0BE7C400_0000_7000_8000_000000000001)
HOME = Home(ORGANIZATION, "Sample Company", "DE", "Europe/Berlin", "EUR", "01-01")
CALLER = Context("bench", NOW, ORGANIZATION, HOME, frozenset(LedgerPermission))
FIRST = date(2024, 1, 1)
DAYS = 1050
ACCOUNTS = 200
LINES_OF_ENTRY = 4
ENTRIES_AT_ONCE = 500
TYPES = (("asset", 40), ("liability", 20), ("equity", 10), ("income", 40), ("expense", 90))
REPORTS = "/api/v1/ledger/reports"
PROMISES = {
    "balance sheet, last day of a month": (0.5, "balance-sheet?as_of=2026-10-31"),
    "balance sheet, any day": (0.5, "balance-sheet?as_of=2026-08-13"),
    "balance sheet, a year earlier beside it": (
        0.5,
        "balance-sheet?as_of=2026-08-13&compare=previous_year",
    ),
    "trial balance, any day": (0.5, "trial-balance?as_of=2026-05-17"),
    "income statement of a year": (0.5, "income-statement?from=2025-01-01&to=2025-12-31"),
    "income statement of any 365 days": (
        0.5,
        "income-statement?from=2025-03-15&to=2026-03-14",
    ),
    "income statement, 12 months": (0.5, "income-statement?to=2026-10-31&compare=12+months"),
    "general ledger, first page": (0.1, "general-ledger?from=2024-01-01&to=2026-11-15"),
    "general ledger, page of one account": (
        0.1,
        "general-ledger?account=1007&from=2025-06-10&to=2026-11-15&limit=100",
    ),
}
"""What is promised: how many seconds at most, and the question."""
UNPROMISED = {
    "balance sheet as known before all was recorded": "balance-sheet?as_of=2026-08-13"
    "&known_at=2026-11-20T11:00:00Z",
    "income statement of a year, by department": "income-statement?from=2025-01-01"
    "&to=2025-12-31&dimension=department",
    "cash of a year, by month": "cash?from=2025-01-01&to=2025-12-31",
}
RAW = text(
    "SELECT account_id, sum(base_minor) FROM lines"
    " WHERE organization_id = :organization AND date <= :day GROUP BY account_id"
)


def fill(database: Database, lines: int) -> None:
    """Post *lines* lines, four to an entry, and seal them, as far as they are not there."""
    with database.steward() as session:
        there = session.scalar(text("SELECT count(*) FROM entries")) or 0
    chance = Random(there)  # noqa: S311 - chance, not secrecy
    codes = chart()
    if not there:
        open_accounts(database)
    began = time.monotonic()
    count = lines // LINES_OF_ENTRY - there
    for first in range(0, count, ENTRIES_AT_ONCE):
        size = min(ENTRIES_AT_ONCE, count - first)
        with database.work(CALLER) as work:
            store.post(work, [draft(chance, codes) for _ in range(size)], "EUR")
            while store.seal(work):
                pass
    took = time.monotonic() - began
    print(f"{max(count, 0) * LINES_OF_ENTRY:,} lines posted and sealed in {took:.0f} s")


def chart() -> list[str]:
    """Return the codes of the accounts."""
    return [f"{place}{n:03}" for place, (_, count) in enumerate(TYPES, 1) for n in range(count)]


def open_accounts(database: Database) -> None:
    """Make the chart."""
    with database.work(CALLER) as work:
        for code in chart():
            kind, _ = TYPES[int(code[0]) - 1]
            side = "debit" if kind in {"asset", "expense"} else "credit"
            subtype = "cash" if kind == "asset" and code < "1003" else None
            name = f"Account {code}"
            work.session.add(
                Account(code=code, name=name, type=kind, normal_side=side, subtype=subtype)
            )


def draft(chance: Random, codes: list[str]) -> Draft:
    """Return an entry of some day; a few accounts have most of the lines."""
    minors = [chance.randrange(-500_000, 500_000) or 1 for _ in range(LINES_OF_ENTRY - 1)]
    minors.append(-sum(minors) or 1)
    if sum(minors):
        minors[0] -= 1
    picked = [codes[int(len(codes) * chance.random() ** 2)] for _ in minors]
    legs = tuple(
        Leg(code, Money(minor, "EUR"), Money(minor, "EUR"))
        for code, minor in zip(picked, minors, strict=True)
        if minor
    )
    day = FIRST + timedelta(chance.randrange(DAYS))
    tags = {"department": chance.choice(["sales", "lab"])} if chance.random() < 0.5 else {}
    return Draft(day, "An entry of the benchmark", legs, tags=tags)


@contextmanager
def on_sqlite(keep: Path | None, lines: int) -> Iterator[tuple[Database, Path]]:
    """Give books on SQLite."""
    with tempfile.TemporaryDirectory() as made:
        path = (keep or Path(made)) / "ledger.db"
        url = f"sqlite:///{path}"
        database = service.database(url, clock=lambda: NOW)
        upgrade(database)
        fill(database, lines)
        yield database, path
        database.close()


@contextmanager
def on_postgres(url: str, sqlite: Path) -> Iterator[tuple[Database, str]]:
    """Give the same books on PostgreSQL, in a database of their own that is dropped at the end."""
    cluster = Cluster(url)
    try:
        database = cluster.open(service, lambda: NOW)
        with database.steward() as session:
            name = session.scalar(text("SELECT current_database()"))
        own = make_url(url).set(database=name)
        copy_books(sqlite, own)
        yield database, own.render_as_string(hide_password=False)
        database.close()
    finally:
        cluster.close()


def copy_books(sqlite: Path, to: URL) -> None:
    """Copy the rows as they are: they were checked when they were posted."""
    began = time.monotonic()
    plain = to.set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(sqlite3.connect(sqlite)) as books, psycopg.connect(plain) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET TimeZone = 'UTC'")
        for table_ in (Account, Entry, Line, Seal, Balance):
            columns = [column.name for column in table_.__table__.columns]
            names = ", ".join(columns)
            rows = books.execute(f"SELECT {names} FROM {table_.__tablename__}")
            statement = f"COPY {table_.__tablename__} ({names}) FROM STDIN"
            with connection.cursor().copy(statement) as copy:
                for row in rows:
                    copy.write_row(row)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    print(f"copied to PostgreSQL in {time.monotonic() - began:.0f} s")


def asking(client: FlaskClient, question: str) -> Measure:
    """Return what asks one question and measures how long the answer takes."""

    def ask() -> float:
        began = time.perf_counter()
        answer = client.get(f"{REPORTS}/{question}")
        took = time.perf_counter() - began
        assert answer.status_code == 200, answer.data
        return took

    return ask


def summing(url: str) -> Measure:
    """Return what sums all lines by plain SQL, and measures it."""
    engine = create_engine(url)
    owner = ORGANIZATION.hex if engine.dialect.name == "sqlite" else ORGANIZATION

    def ask() -> float:
        with engine.connect() as connection:
            began = time.perf_counter()
            given = {"organization": owner, "day": "2026-08-13"}
            rows = connection.execute(RAW, given).all()
            took = time.perf_counter() - began
        assert len(rows) > ACCOUNTS // 2, len(rows)
        return took

    return ask


def measure(database: Database, url: str, name: str, rounds: int) -> bool:
    """Measure all reports on one database; return whether every promise was kept."""
    drawing = service.equip(Cache(bytes_max=0))  # keeps nothing: each is drawn anew
    client = drawing.app(database, lambda: CALLER).test_client()
    keeping = service.app(database, lambda: CALLER).test_client()
    reference = "every line, summed by plain SQL"
    asked: dict[str, Measure] = {reference: summing(url)}
    asked |= {each: asking(client, question) for each, (_, question) in PROMISES.items()}
    asked |= {each: asking(client, question) for each, question in UNPROMISED.items()}
    kept = [each for each in (*PROMISES, *UNPROMISED) if "ledger" not in each]
    questions = {each: question for each, (_, question) in PROMISES.items()} | UNPROMISED
    asked |= {f"{each}, kept": asking(keeping, questions[each]) for each in kept}
    for once in asked.values():
        once()
    figures = take_turns(asked, rounds)
    print(table(f"Reports on {name}", figures, unit="seconds", reference=reference))
    slow = [each for each, (most, _) in PROMISES.items() if figures[each].median > most]
    return verdict(
        f"{name}: statements under 0.5 s, a page of the general ledger under 0.1 s"
        + (f"; slow: {', '.join(slow)}" if slow else ""),
        kept=not slow,
    )


def main() -> int:
    """Measure, print, and return 1 if a promise was not kept."""
    read = argparse.ArgumentParser(description=__doc__)
    read.add_argument("--lines", type=int, default=1_000_000)
    read.add_argument("--rounds", type=int, default=5)
    read.add_argument("--postgres", help="the URL of a server where a database may be made")
    read.add_argument("--keep", type=Path, help="a folder for the SQLite books")
    asked = read.parse_args()
    print(machine())
    with on_sqlite(asked.keep, asked.lines) as (database, path):
        kept = measure(database, f"sqlite:///{path}", "SQLite", asked.rounds)
        if asked.postgres:
            with on_postgres(asked.postgres, path) as (copied, url):
                kept = measure(copied, url, "PostgreSQL", asked.rounds) and kept
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
