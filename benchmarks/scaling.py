"""How the ledger grows on PostgreSQL: organizations, lines, posting, reports and room on disk.

    python -m benchmarks.scaling [--steps 1:10000,1:100000,10:1000000] [--seconds 4]
                                 [--chart docs/images/scaling.svg]

Each step is ORGANIZATIONS:LINES, the lines shared equally. `NEXAFI_TEST_POSTGRES` names a server; a
database is made on it and dropped. The books of a step are written by the server itself, with
triggers off, as posting and sealing leave them; it is proven that balances equal lines. What is
measured goes the usual way: entries are posted by as many threads as there are clients, in one
process and without HTTP, each in an organization by chance; reports are asked of several, each of
other days, so that none is a kept one. The reference is the same in every step: one `INSERT` of a
row into a table of its own, committed, by the same threads.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median
from uuid import UUID

from sqlalchemy import create_engine, make_url, text
from tests.databases import Cluster

from benchmarks import reports
from benchmarks.common import machine
from nexafi.kernel.data.context import Context, Home
from nexafi.kernel.data.database import Database
from nexafi.ledger.app import service
from nexafi.ledger.journal import store

NOW = reports.NOW
FILLING = """
SET session_replication_role = replica;
SET TimeZone = 'UTC';
SET work_mem = '256MB';
TRUNCATE accounts, entries, lines, seals, balances, fresh, outbox, audit CASCADE;

INSERT INTO accounts (organization_id, id, code, name, type, normal_side, is_open)
SELECT ('{owner}' || lpad(to_hex(o), 12, '0'))::uuid,
       ('00000000-0000-7000-8000-' || lpad(to_hex(a), 12, '0'))::uuid,
       (1000 + a)::text, 'Account ' || a, kinds.name, kinds.side, true
  FROM generate_series(1, {organizations}) AS o CROSS JOIN generate_series(0, 199) AS a
  JOIN (VALUES (0, 'asset', 'debit'), (1, 'liability', 'credit'), (2, 'equity', 'credit'),
               (3, 'income', 'credit'), (4, 'expense', 'debit')) AS kinds(n, name, side)
    ON kinds.n = a / 40;

INSERT INTO entries (organization_id, id, journal, kind, date, description, base_currency,
                     lines_count, posted_by, recorded_at)
SELECT ('{owner}' || lpad(to_hex(o), 12, '0'))::uuid,
       ('01900000-0000-7000-8000-' || lpad(to_hex(e), 12, '0'))::uuid,
       'general', 'standard', date '2024-01-01' + mod(mod(e, 1050) * 7919, 1050)::int,
       'An entry of the benchmark', 'EUR', 4, 'bench', timestamptz '2026-11-19 12:00'
  FROM generate_series(1, {organizations}) AS o CROSS JOIN generate_series(1, {entries}) AS e;

INSERT INTO lines (organization_id, id, entry_id, position, account_id, date, minor, currency,
                   base_minor)
SELECT e.organization_id,
       ('01900000-0000-7000-' || lpad(to_hex(32768 + l.n), 4, '0') || right(e.id::text, 13))::uuid,
       e.id, l.n,
       ('00000000-0000-7000-8000-' || lpad(to_hex(floor(200 * power(
           (hashint8(('x' || right(e.id::text, 12))::bit(48)::bigint * 4 + l.n) & 65535) / 65536.0,
           2))::int), 12, '0'))::uuid,
       e.date, l.minor, 'EUR', l.minor
  FROM entries AS e
 CROSS JOIN (VALUES (0, 11900), (1, -10000), (2, -1400), (3, -500)) AS l(n, minor);

INSERT INTO seals (organization_id, id, journal, number, position, hash)
SELECT organization_id, id, journal, n, n, sha256(id::text::bytea)
  FROM (SELECT organization_id, id, journal,
               row_number() OVER (PARTITION BY organization_id ORDER BY id) AS n
          FROM entries) AS numbered;

INSERT INTO balances (organization_id, id, account_id, currency, month, minor, base_minor)
SELECT organization_id, gen_random_uuid(), account_id, currency, date_trunc('month', date)::date,
       sum(minor), sum(base_minor)
  FROM lines GROUP BY organization_id, account_id, currency, date_trunc('month', date);
"""
"""The hashes are of no chain: nothing here verifies it. All else is as the ledger leaves it."""

OFF = text(
    "SELECT count(*) FROM (SELECT organization_id, account_id, sum(minor) AS n FROM balances"
    " GROUP BY 1, 2) AS kept FULL JOIN (SELECT organization_id, account_id, sum(minor) AS n"
    " FROM lines GROUP BY 1, 2) AS told USING (organization_id, account_id)"
    " WHERE kept.n IS DISTINCT FROM told.n"
)
OWNER = "0be7c400-0000-7000-8000-"
QUESTIONS = {
    "balance sheet": "balance-sheet?as_of=2026-08-{day:02}",
    "income statement": "income-statement?from=2025-01-{day:02}&to=2025-12-{day:02}",
    "ledger page": "general-ledger?from=2024-01-{day:02}&to=2026-11-15",
}
ASKED = 15
CODES = [str(1000 + place) for place in range(200)]


@dataclass(frozen=True)
class Step:
    """So many organizations with so many lines in all."""

    organizations: int
    lines: int

    @classmethod
    def of(cls, said: str) -> Step:
        """Return the step that ``organizations:lines`` says."""
        organizations, lines = said.split(":")
        return cls(int(organizations), int(lines))


@dataclass(frozen=True)
class Found:
    """What was measured at one step."""

    step: Step
    posted: float
    """Entries a second."""
    bare: float
    """Rows a second, of the reference."""
    answers: dict[str, float]
    """Seconds, median, by question."""
    gib: float


def caller(number: int) -> Context:
    """Return someone who may do everything in one of the organizations."""
    home = Home(UUID(f"{OWNER}{number:012x}"), "Bench", "DE", "Europe/Berlin", "EUR", "01-01")
    return Context("bench", NOW, home.id, home, reports.CALLER.permissions)


def by_threads(do: Callable[[Random], object], clients: int, seconds: float) -> float:
    """Return how often a second *do* is done by so many threads."""
    until, counts = time.perf_counter() + seconds, [0] * clients

    def work(place: int) -> None:
        chance = Random(place)  # noqa: S311 - chance, not secrecy
        while time.perf_counter() < until:
            do(chance)
            counts[place] += 1

    threads = [threading.Thread(target=work, args=(place,)) for place in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - began)


def fill(admin: str, step: Step) -> None:
    """Let the server write the books of a step, and prove that balances equal lines."""
    entries = step.lines // (reports.LINES_OF_ENTRY * step.organizations)
    began = time.monotonic()
    engine = create_engine(admin, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        script = FILLING.format(owner=OWNER, organizations=step.organizations, entries=entries)
        for statement in script.split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)
        connection.exec_driver_sql("VACUUM ANALYZE")
        connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS bare (id uuid PRIMARY KEY, n int)")
        assert connection.scalar(OFF) == 0, "the benchmark itself is wrong"
    engine.dispose()
    print(f"{step.lines:,} lines of {step.organizations:,} in {time.monotonic() - began:.0f} s")


def measure(database: Database, admin: str, step: Step, clients: int, seconds: float) -> Found:
    """Measure posting, reports and room on disk as they are now."""
    engine = create_engine(admin, pool_size=clients)
    insert = text("INSERT INTO bare VALUES (gen_random_uuid(), 1)")

    def bare(_chance: Random) -> None:
        with engine.begin() as connection:
            connection.execute(insert)

    def post(chance: Random) -> None:
        who = caller(chance.randint(1, step.organizations))
        with database.work(who) as work:
            store.post(work, [reports.draft(chance, CODES)], "EUR")

    with engine.connect() as connection:
        size = connection.scalar(text("SELECT pg_database_size(current_database())")) or 0
    apps = {
        number: service.app(database, lambda number=number: caller(number)).test_client()
        for number in {1, step.organizations // 2 or 1, step.organizations}
    }
    answers: dict[str, list[float]] = {name: [] for name in QUESTIONS}
    for place in range(ASKED):
        client = apps[sorted(apps)[place % len(apps)]]
        for name, question in QUESTIONS.items():
            answers[name].append(reports.asking(client, question.format(day=place + 1))())
    posted = [by_threads(post, clients, seconds / 2), by_threads(post, clients, seconds / 2)]
    rate = by_threads(bare, clients, seconds / 2)
    engine.dispose()
    medians = {name: median(each) for name, each in answers.items()}
    return Found(step, sum(posted) / 2, rate, medians, size / 2**30)


def table(found: list[Found]) -> str:
    """Return what was found as a Markdown table."""
    lines = [
        "| organizations | lines | entries posted/s | of one bare row/s |"
        + "".join(f" {name}, ms |" for name in QUESTIONS)
        + " GiB | bytes a line |",
        "|---:|---:|---:|---:|" + "---:|" * len(QUESTIONS) + "---:|---:|",
    ]
    for each in found:
        asked = "".join(f" {1000 * seconds:,.0f} |" for seconds in each.answers.values())
        lines.append(
            f"| {each.step.organizations:,} | {each.step.lines:,} | {each.posted:,.0f} "
            f"| {each.posted / each.bare:.0%} |{asked} {each.gib:.2f} "
            f"| {each.gib * 2**30 / each.step.lines:,.0f} |"
        )
    return "\n".join(lines)


WIDTH, HEIGHT, LEFT, TOP = 760, 300, 60, 40
COLOURS = ("#1f6feb", "#2da44e", "#bf8700", "#8250df")


def chart(found: list[Found], on: str) -> str:
    """Return a drawing: bars of the posting rate and, over them, the times of reports."""
    step = (WIDTH - LEFT - 20) / len(found)
    most = max(each.posted for each in found)
    longest = max(max(each.answers.values()) for each in found)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT + 130}"'
            ' font-family="sans-serif" font-size="11">'
        ),
        f'<rect width="{WIDTH}" height="{HEIGHT + 130}" fill="white"/>',
        (
            f'<text x="{LEFT}" y="18" font-size="13">Bars: entries posted a second (highest'
            f" {most:,.0f}). Lines: ms of a report (highest {1000 * longest:,.0f}).</text>"
        ),
    ]
    base = TOP + HEIGHT
    for place, each in enumerate(found):
        x, height = LEFT + place * step, HEIGHT * each.posted / most
        parts += [
            (
                f'<rect x="{x + step * 0.2:.0f}" y="{base - height:.0f}" width="{step * 0.6:.0f}"'
                f' height="{height:.0f}" fill="#d0d7de"/>'
            ),
            (
                f'<text x="{x + step / 2:.0f}" y="{base + 16}" text-anchor="middle">'
                f"{each.step.organizations:,} org.</text>"
            ),
            (
                f'<text x="{x + step / 2:.0f}" y="{base + 30}" text-anchor="middle">'
                f"{each.step.lines:,} lines</text>"
            ),
            (
                f'<text x="{x + step / 2:.0f}" y="{base + 44}" text-anchor="middle">'
                f"{each.gib:.2f} GiB</text>"
            ),
        ]
    for name, colour in zip(QUESTIONS, COLOURS, strict=False):
        points = " ".join(
            f"{LEFT + (place + 0.5) * step:.0f},{base - HEIGHT * each.answers[name] / longest:.0f}"
            for place, each in enumerate(found)
        )
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
    for place, (name, colour) in enumerate(zip(QUESTIONS, COLOURS, strict=False)):
        x = LEFT + place * 160
        parts += [
            f'<rect x="{x}" y="{base + 62}" width="12" height="3" fill="{colour}"/>',
            f'<text x="{x + 18}" y="{base + 67}">{name}</text>',
        ]
    parts += [f'<text x="{LEFT}" y="{base + 85}" fill="#57606a">{on}</text>', "</svg>"]
    return "\n".join(parts) + "\n"


def main() -> int:
    """Measure all steps, print the table, and draw it if that was asked for."""
    steps = "1:10000,1:100000,1:1000000,1:10000000,10:1000000,100:1000000,1000:1000000"
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--steps", default=f"{steps},1000:10000000")
    asked.add_argument("--seconds", type=float, default=6, help="for which is posted at each step")
    asked.add_argument("--clients", type=int, default=8, help="threads that post")
    asked.add_argument("--chart", type=Path, help="a file for the drawing (SVG)")
    given = asked.parse_args()
    server = os.environ["NEXAFI_TEST_POSTGRES"]
    on = f"{machine()}; {datetime.now(UTC):%Y-%m-%d}"
    print(on, "\n")
    cluster, found = Cluster(server), []
    try:
        database = cluster.open(service, lambda: NOW)
        name = database.engine.url.database
        admin = make_url(server).set(database=name).render_as_string(hide_password=False)
        for step in map(Step.of, given.steps.split(",")):
            fill(admin, step)
            found.append(measure(database, admin, step, given.clients, given.seconds))
            print(table(found[-1:]).splitlines()[-1], flush=True)
        database.close()
    finally:
        cluster.close()
    print("\n" + table(found))
    if given.chart:
        given.chart.write_text(chart(found, on), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
