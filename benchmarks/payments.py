"""Payments against the sandbox over HTTP, and how long a capture takes to its entry in the books.

    python -m benchmarks.payments [--rounds 3] [--seconds 3] [--clients 8] [--told 200]

A payment is a POST of a charge that is captured at once, with an idempotency key of its own: the
key is claimed, the start committed, the sandbox asked, the end committed with its movement and its
news, the answer kept. The reference is the bare driver that commits the same rows, start and end,
from as many threads, without HTTP and without any rule. On PostgreSQL (`NEXAFI_TEST_POSTGRES`
names a server) databases are made and dropped. The latency is from before the request until the
Work of the ledger that the capture caused was kept, with the threads that `nexafi serve` has.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from flask import Flask
from pydantic import SecretStr
from sqlalchemy import make_url

from benchmarks import books
from benchmarks.common import (
    HERE,
    Measure,
    by_threads,
    database_on,
    free_port,
    machine,
    serving,
    table,
    take_turns,
    wrk,
)
from nexafi.cli.migrate import bring_up_to_date
from nexafi.cli.platform import Platform
from nexafi.contracts.payments.permissions import PaymentsPermission
from nexafi.kernel.data import organizations
from nexafi.kernel.service import Watch
from nexafi.kernel.settings import Places, Settings
from nexafi.payments.app import service

PORTS = range(29_700, 29_800)
SERVICES = ("users", "ledger", "payments")
PATH = "/api/v1/payments/charges"
CHARGE = {"amount": {"amount": "100.00", "currency": "EUR"}, "payment_method": "sandbox_visa"}
PATIENCE_S = 30.0

ROWS = {
    "bare_keys": ("key", "answer"),
    "bare_charges": ("id", "body"),
    "bare_operations": ("id", "charge", "body"),
    "bare_movements": ("id", "charge", "body"),
    "bare_outbox": ("id", "body"),
}
"""What a payment leaves, with bodies of the size of ours."""
BODY = json.dumps({"x": "y" * 700})


def app() -> Flask:
    """Return payments on the database that the environment names."""
    database = service.database(os.environ["BENCHMARK_DATABASE"])
    ready = Platform(Settings(data=Path(os.environ["BENCHMARK_FOLDER"]))).service("payments")
    return ready.app(database, books.identify(database))


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--told", type=int, default=200)
    args = parser.parse_args()
    print(machine(), "\n")
    with ExitStack() as stack:
        places = {"SQLite": _files(stack)}
        if server := os.environ.get("NEXAFI_TEST_POSTGRES"):
            places["PostgreSQL"] = _databases(stack, server)
        for engine, settings in places.items():
            _rates(engine, settings, args)
        print("\n### from capture to the entry in the books\n")
        print("| | p50 ms | p95 ms | longest ms |\n|---|---:|---:|---:|")
        for engine, settings in places.items():
            found = _latencies(settings, args.told)
            p50, p95 = statistics.median(found), statistics.quantiles(found, n=20)[-1]
            print(f"| {engine} | {p50:.1f} | {p95:.1f} | {max(found):.1f} |")
    return 0


def _rates(engine: str, settings: Settings, args: argparse.Namespace) -> None:
    platform = _opened(settings)
    url = settings.address("payments")
    platform.close()
    folder = settings.folder
    token = books.token(folder, frozenset(PaymentsPermission))
    env = {"BENCHMARK_DATABASE": url, "BENCHMARK_FOLDER": str(folder)}
    port, workers = free_port(PORTS), 1 if engine == "SQLite" else 2
    contestants: dict[str, Measure] = {}
    with serving("benchmarks.payments:app()", port, workers=workers, env=env, log=folder / "log"):

        def ours() -> float:
            load = wrk(
                f"http://{HERE}:{port}{PATH}",
                connections=args.clients,
                seconds=args.seconds,
                script=_script(folder, token),
            )
            return load.requests_per_s

        contestants["payments over HTTP"] = ours
        contestants["the bare driver, same rows"] = _bare(engine, url, args)
        found = take_turns(contestants, args.rounds)
    title = f"{engine}: payments, {args.clients} clients"
    print(table(title, found, unit="payments/s", reference="the bare driver, same rows"), "\n")


def _script(folder: Path, token: str) -> Path:
    """Write what wrk sends: each request with a key of its own."""
    path = folder / f"charge-{uuid4().hex}.lua"
    path.write_text(
        f"local body = '{json.dumps(CHARGE)}'\nlocal n = 0\n"
        "request = function()\n  n = n + 1\n"
        "  return wrk.format('POST', nil, {['Content-Type'] = 'application/json',"
        f" ['Authorization'] = 'Bearer {token}',"
        f" ['Idempotency-Key'] = '{uuid4().hex}-' .. n}}, body)\nend\n"
    )
    return path


class Bare:
    """The rows of a payment in as many commits, by the driver alone."""

    COMMITS = (
        ("bare_keys",),
        ("bare_charges", "bare_operations"),
        ("bare_movements", "bare_outbox", "bare_outbox"),
        ("bare_keys",),
    )

    def __init__(self, engine: str, url: str) -> None:
        self._url = ""
        if engine == "PostgreSQL":
            place = make_url(url).set(drivername="postgresql")
            self._url = place.render_as_string(hide_password=False)
        self._file = Path(tempfile.mkdtemp()) / "bare.db"
        self._turn = threading.Lock()
        with closing(self.connect()) as connection:
            for name, columns in ROWS.items():
                kinds = ", ".join(f"{each} text" for each in columns)
                connection.execute(f"DROP TABLE IF EXISTS {name}")
                connection.execute(f"CREATE TABLE {name} ({kinds}, PRIMARY KEY ({columns[0]}))")
            connection.commit()

    def connect(self) -> Any:  # noqa: ANN401 - of either driver
        """Open a connection."""
        if self._url:
            return psycopg.connect(self._url)
        found = sqlite3.connect(self._file, check_same_thread=False)
        found.execute("PRAGMA journal_mode = WAL")
        found.execute("PRAGMA synchronous = FULL")
        return found

    def pay(self, connection: Any) -> int:  # noqa: ANN401
        """Write what a payment leaves; return that it was one."""
        for names in self.COMMITS:
            with connection.transaction() if self._url else self._turn:
                self._insert(connection, names)
                if not self._url:
                    connection.commit()
        return 1

    def _insert(self, connection: Any, names: Sequence[str]) -> None:  # noqa: ANN401
        mark = "%s" if self._url else "?"
        for name in names:
            values = [str(uuid4()) if each != "body" else BODY for each in ROWS[name]]
            marks = ", ".join(mark for _ in values)
            connection.execute(f"INSERT INTO {name} VALUES ({marks})", values)


def _bare(engine: str, url: str, args: argparse.Namespace) -> Measure:
    """Return what measures the bare rows, written by as many threads."""
    bare = Bare(engine, url)

    @contextmanager
    def ready() -> Iterator[Callable[[], int]]:
        with closing(bare.connect()) as connection:
            yield lambda: bare.pay(connection)

    return by_threads(ready, clients=args.clients, seconds=args.seconds)


def _latencies(settings: Settings, count: int) -> list[float]:
    """Make one payment after the other; return how many ms each took to its entry."""
    platform = _opened(settings)
    watches = {name: Watch(platform.bare(name), platform.database(name)) for name in SERVICES}
    booked = threading.Event()

    def counted(counts: dict[Any, int]) -> None:
        if any(each.name == "entries_posted" for each in counts):
            booked.set()

    platform.database("ledger").counted = counted  # type: ignore[assignment]
    workers = platform.workers(watches)
    workers.start()
    caller = books.context()
    permitted = caller.permissions | frozenset(PaymentsPermission)
    payments = platform.service("payments").app(
        platform.database("payments"), _as(caller, permitted)
    )
    client, found = payments.test_client(), []
    try:
        for number in range(-20, count):
            booked.clear()
            began = time.perf_counter()
            answer = client.post(PATH, json=CHARGE)
            assert answer.status_code == 201, answer.json
            if not booked.wait(PATIENCE_S):
                raise RuntimeError("a capture was not booked")
            if number >= 0:  # those before warm up
                found.append((time.perf_counter() - began) * 1_000)
            time.sleep(random.uniform(0, 0.03))  # noqa: S311 - not a secret
    finally:
        workers.stop()
        workers.join(PATIENCE_S)
        platform.close()
    return found


def _as(caller: Any, permissions: frozenset[str]) -> Callable[[], Any]:  # noqa: ANN401
    from dataclasses import replace  # noqa: PLC0415

    known = replace(caller, permissions=permissions)
    return lambda: known


def _opened(settings: Settings) -> Platform:
    """Return the platform of *settings*, migrated, with the sample company known everywhere."""
    platform = Platform(settings)
    list(bring_up_to_date(platform, SERVICES))
    for name in SERVICES:
        organizations.make_known(platform.database(name), books.context())
    return platform


def _files(stack: ExitStack) -> Settings:
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="nexafi-payments-"))
    return Settings(data=Path(folder))


def _databases(stack: ExitStack, server: str) -> Settings:
    urls = {name: stack.enter_context(database_on(server)) for name in SERVICES}
    places = {name: Places(database_url=SecretStr(url)) for name, url in urls.items()}
    return _files(stack).model_copy(update={"services": places})


if __name__ == "__main__":
    sys.exit(main())
