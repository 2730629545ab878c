"""Posting, straight to the ledger over HTTP, beside what the engines themselves can do.

    python -m benchmarks.posting [--rounds 5] [--seconds 3] [--clients 8] [--workers 2]
                                 [--hordak PYTHON]

On PostgreSQL (`NEXAFI_TEST_POSTGRES` names a server; a database is made on it and dropped) the
references are pgbench calling the same function in the same shape, one transaction an entry, and,
if a Python that has it is named, django-hordak posting in process. On SQLite it is the group-commit
writer itself, called by as many threads without HTTP. Batches of 100 stand beside raw batches: the
rows of entries and lines alone, by `unnest` or `executemany`, without any rule.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import URL, create_engine, make_url, text

from benchmarks import books
from benchmarks.common import (
    HERE,
    Measure,
    by_threads,
    free_port,
    machine,
    serving,
    table,
    take_turns,
    verdict,
    wrk,
)
from nexafi.kernel.data.database import Database
from nexafi.kernel.data.migrations import upgrade
from nexafi.kernel.data.postgres import APP, OWNER, STEWARD
from nexafi.kernel.data.statements import insert_many
from nexafi.kernel.values.ids import new_id
from nexafi.kernel.values.money import Money
from nexafi.ledger.app import service
from nexafi.ledger.journal import actions, rules, store
from nexafi.ledger.journal.rules import Draft, Leg
from nexafi.ledger.tables import Account

PORTS = range(29_500, 29_600)
PASSWORD = "of the benchmark"  # noqa: S105 - of a database that lives for minutes
CODES = [str(1000 + place) for place in range(100)]
BATCH = 100
PATH = "/api/v1/ledger/entries"
HALF = 0.5


@dataclass
class Place:
    """Where entries are posted: a database, and how a server finds it."""

    name: str
    database: Database
    env: dict[str, str]


def entry(number: int = 0) -> dict[str, Any]:
    """Return an entry of three lines, as most are: a sale with its tax."""
    sale = CODES[number % 50], CODES[50 + number % 40], CODES[90 + number % 10]
    amounts = ("119.00", "-100.00", "-19.00")
    return {
        "date": "2026-03-31",
        "description": "A sale",
        "lines": [
            {"account": code, "amount": {"amount": amount, "currency": "EUR"}}
            for code, amount in zip(sale, amounts, strict=True)
        ],
    }


def draft(number: int = 0) -> Draft:
    """Return the same as the journal understands it."""
    legs = tuple(
        Leg(each["account"], Money.of(each["amount"]["amount"], "EUR"))
        for each in entry(number)["lines"]
    )
    return Draft(date(2026, 3, 31), "A sale", legs)


def fill(database: Database) -> None:
    """Open a hundred accounts."""
    with database.work(books.context()) as work:
        work.session.add_all(
            Account(code=code, name=f"Account {code}", type="asset", normal_side="debit")
            for code in CODES
        )


@contextmanager
def postgres(server: str) -> Iterator[Place]:
    """Make a database with its three roles, and drop it."""
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    name = f"nexafi_bench_{uuid4().hex[:12]}"

    def as_role(role: str) -> str:
        url: URL = make_url(server).set(username=role, password=PASSWORD, database=name)
        return url.render_as_string(hide_password=False)

    with admin.connect() as connection:
        for role, rights in {OWNER: "", APP: "", STEWARD: "BYPASSRLS"}.items():
            if not connection.scalar(
                text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}
            ):
                connection.execute(text(f"CREATE ROLE {role} LOGIN {rights} PASSWORD '{PASSWORD}'"))
        connection.execute(text(f"CREATE DATABASE {name} OWNER {OWNER}"))
    try:
        owner = service.database(as_role(OWNER))
        upgrade(owner)
        owner.close()
        database = service.database(as_role(APP), steward_url=as_role(STEWARD))
        fill(database)
        yield Place(
            "PostgreSQL",
            database,
            {
                "BENCHMARK_DATABASE": as_role(APP),
                "BENCHMARK_STEWARD": as_role(STEWARD),
                "BENCHMARK_OWNER": as_role(OWNER),
            },
        )
        database.close()
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()


@contextmanager
def sqlite(folder: Path) -> Iterator[Place]:
    """Make a file for the ledger."""
    url = f"sqlite:///{folder / 'ledger.db'}"
    database = service.database(url)
    upgrade(database)
    fill(database)
    yield Place("SQLite", database, {"BENCHMARK_DATABASE": url})
    database.close()


@contextmanager
def ledger(place: Place, folder: Path, workers: int) -> Iterator[str]:
    """Serve the ledger on *place*; give its address."""
    port = free_port(PORTS)
    env = place.env | {"BENCHMARK_FOLDER": str(folder)}
    with serving("benchmarks.books:app()", port, workers=workers, env=env, log=folder / "log"):
        yield f"http://{HERE}:{port}"


def script(folder: Path, name: str, body: str, token: str) -> Path:
    """Write what wrk sends."""
    path = folder / f"{name}.lua"
    quoted = body.replace("\\", "\\\\").replace("'", "\\'")
    path.write_text(
        f"wrk.method = 'POST'\nwrk.body = '{quoted}'\n"
        "wrk.headers['Content-Type'] = 'application/json'\n"
        f"wrk.headers['Authorization'] = 'Bearer {token}'\n"
    )
    return path


def by_http(address: str, lua: Path, args: argparse.Namespace, entries: int = 1) -> Measure:
    """Return what measures entries a second over HTTP."""
    path = PATH if entries == 1 else f"{PATH}/batch"

    def measure() -> float:
        load = wrk(address + path, connections=args.clients, seconds=args.seconds, script=lua)
        return load.requests_per_s * entries

    return measure


def pgbench(place: Place, folder: Path, args: argparse.Namespace) -> Measure:
    """Return what measures the same function, one transaction an entry, called by pgbench."""
    body = store.body_of(books.context(), rules.in_base(draft(), "EUR", {}), "EUR", plain=False)
    lines = [
        f"jsonb_build_object('id', gen_random_uuid(), 'account', '{line['account']}',"
        f" 'minor', {line['minor']}, 'currency', 'EUR', 'base_minor', {line['base_minor']})"
        for line in body["lines"]
    ]
    head = {
        name: value for name, value in body.items() if name not in {"id", "lines", "recorded_at"}
    }
    sql = folder / "post.sql"
    sql.write_text(
        "BEGIN;\n"
        f"SELECT set_config('nexafi.organization', '{books.HOME.id}', true);\n"
        f"SELECT post_entries('{books.HOME.id}', jsonb_build_array('{json.dumps(head)}'::jsonb"
        " || jsonb_build_object('id', gen_random_uuid(), 'recorded_at', now(), 'lines',"
        f" jsonb_build_array({', '.join(lines)}))), true);\n"
        "COMMIT;\n"
    )
    url = make_url(place.env["BENCHMARK_DATABASE"])
    command = [shutil.which("pgbench") or "pgbench", "-n", "-f", str(sql), "-M", "prepared"]
    command += ["-c", str(args.clients), "-j", "2", "-T", str(args.seconds)]
    command += ["-h", url.host or HERE, "-p", str(url.port or 5432), "-U", str(url.username)]
    command.append(str(url.database))

    def measure() -> float:
        env = {**os.environ, "PGPASSWORD": PASSWORD}
        out = subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout
        found = re.search(r"tps = ([\d.]+)", out)
        assert found, out
        return float(found[1])

    return measure


def hordak(python: str, args: argparse.Namespace) -> Measure:
    """Return what measures django-hordak, posting the same sale in as many processes."""
    peer = Path(__file__).parent / "peers" / "hordak_posting.py"
    command = [python, str(peer), str(args.clients), str(args.seconds)]

    def measure() -> float:
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return float(out.split()[-1])

    return measure


def raw_batches(place: Place, args: argparse.Namespace) -> Measure:
    """Return what measures the bare rows of batches: no rule, no trigger, no index but the key."""
    on_postgres = place.name == "PostgreSQL"
    folder = Path(tempfile.mkdtemp())
    url = place.env["BENCHMARK_OWNER"] if on_postgres else f"sqlite:///{folder / 'raw.db'}"
    bare = service.database(url)
    kind = "uuid" if on_postgres else "char(32)"
    with bare.steward() as session:
        for name in ("raw_entries", "raw_lines"):
            session.execute(text(f"DROP TABLE IF EXISTS {name}"))
        session.execute(
            text(
                f"CREATE TABLE raw_entries (organization_id {kind}, id {kind}, date date,"
                " description text, recorded_at text, PRIMARY KEY (organization_id, id))"
            )
        )
        session.execute(
            text(
                f"CREATE TABLE raw_lines (organization_id {kind}, id {kind}, entry_id {kind},"
                " position int, account_id " + kind + ", date date, minor bigint, currency text,"
                " base_minor bigint, PRIMARY KEY (organization_id, id))"
            )
        )
    return by_threads(
        lambda: nullcontext(lambda: _raw_batch(bare)), clients=args.clients, seconds=args.seconds
    )


def _raw_batch(bare: Database) -> int:
    from sqlalchemy import BigInteger, Column, Date, Integer, MetaData, Table, Text, Uuid  # noqa: PLC0415

    meta = MetaData()
    entries = Table(
        "raw_entries",
        meta,
        Column("organization_id", Uuid),
        Column("id", Uuid),
        Column("date", Date),
        Column("description", Text),
        Column("recorded_at", Text),
    )
    lines = Table(
        "raw_lines",
        meta,
        Column("organization_id", Uuid),
        Column("id", Uuid),
        Column("entry_id", Uuid),
        Column("position", Integer),
        Column("account_id", Uuid),
        Column("date", Date),
        Column("minor", BigInteger),
        Column("currency", Text),
        Column("base_minor", BigInteger),
    )
    day, now, account = date(2026, 3, 31), str(datetime.now(UTC)), new_id()
    heads = [
        {
            "organization_id": books.HOME.id,
            "id": new_id(),
            "date": day,
            "description": "A sale",
            "recorded_at": now,
        }
        for _ in range(BATCH)
    ]
    rows = [
        {
            "organization_id": books.HOME.id,
            "id": new_id(),
            "entry_id": head["id"],
            "position": place,
            "account_id": account,
            "date": day,
            "minor": minor,
            "currency": "EUR",
            "base_minor": minor,
        }
        for head in heads
        for place, minor in enumerate((11_900, -10_000, -1_900))
    ]
    with bare.work(books.context()) as work:
        insert_many(work.session, entries, heads)
        insert_many(work.session, lines, rows)
    return BATCH


def post_one(database: Database) -> int:
    """Post an entry without HTTP."""
    with database.work(books.context()) as work:
        actions.post(work, draft())
    return 1


def measure_place(place: Place, folder: Path, args: argparse.Namespace) -> list[bool]:
    """Measure single entries and batches on one engine, and print both tables."""
    token = books.token(folder)
    on_postgres = place.name == "PostgreSQL"
    workers = args.workers if on_postgres else 1
    one = script(folder, "one", json.dumps(entry()), token)
    body = {"mode": "all", "entries": [entry(n) for n in range(BATCH)]}
    many = script(folder, "many", json.dumps(body), token)
    verdicts = []
    with ledger(place, folder, workers) as address:
        ours = f"the ledger over HTTP, {workers} worker{'s' if workers > 1 else ''}"
        reference = "pgbench, same function" if on_postgres else "the writer, no HTTP"
        contestants: dict[str, Measure] = {ours: by_http(address, one, args)}
        if on_postgres:
            contestants[reference] = pgbench(place, folder, args)
            if args.hordak:
                contestants["django-hordak, in process"] = hordak(args.hordak, args)
        else:
            contestants[reference] = by_threads(
                lambda: nullcontext(lambda: post_one(place.database)),
                clients=args.clients,
                seconds=args.seconds,
            )
        found = take_turns(contestants, args.rounds)
        print(
            table(
                f"{place.name}: one entry a request, {args.clients} clients",
                found,
                unit="entries/s",
                reference=reference,
            ),
            "\n",
        )
        verdicts.append(
            verdict(
                f"at least half of {reference}",
                kept=found[ours].median >= HALF * found[reference].median,
            )
        )
        if peer := found.get("django-hordak, in process"):
            verdicts.append(
                verdict("ahead of django-hordak", kept=found[ours].median > peer.median)
            )
        raw = "raw unnest" if on_postgres else "raw executemany"
        found = take_turns(
            {ours: by_http(address, many, args, BATCH), raw: raw_batches(place, args)}, args.rounds
        )
        print(
            table(f"{place.name}: batches of {BATCH}", found, unit="entries/s", reference=raw), "\n"
        )
        verdicts.append(
            verdict(f"at least half of {raw}", kept=found[ours].median >= HALF * found[raw].median)
        )
    return verdicts


def main() -> int:
    """Measure, print, and return whether all promises were kept in this run."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2, help="processes on PostgreSQL")
    parser.add_argument("--postgresql-only", action="store_true")
    parser.add_argument("--hordak", help="a Python that has django-hordak and psycopg")
    args = parser.parse_args()
    print(machine(), "\n")
    verdicts: list[bool] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if not args.postgresql_only:
            verdicts += measure_place(stack.enter_context(sqlite(folder)), folder, args)
        if server := os.environ.get("NEXAFI_TEST_POSTGRES"):
            verdicts += measure_place(stack.enter_context(postgres(server)), folder, args)
        else:
            print("NEXAFI_TEST_POSTGRES names no server: PostgreSQL was not measured.")
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
