"""How long a statement of 10,000 lines takes: read, deduplicated, suggested, kept.

Through the ledger's own front door, on SQLite and, where NEXAFI_TEST_POSTGRES names one, on
PostgreSQL, with rules and a history to learn from. Beside it, in the same run, what cannot be
beaten: the same rows written raw (executemany on SQLite, one `unnest` on PostgreSQL), and what the
usual libraries take for reading the same file. Memory is what the importing process adds at its
peak, measured in a process of its own.

    python -m benchmarks.imports [--rounds 3] [--lines 10000]
"""

from __future__ import annotations

import argparse
import io
import logging
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from typing import Any, TypeVar, cast
from uuid import uuid4

import mt940
import ofxparse
from flask.testing import FlaskClient
from sqlalchemy import Table, delete, select
from tests.databases import Cluster, Files

from benchmarks.common import machine, table, take_turns, verdict
from nexafi.contracts.ledger.permissions import LedgerPermission
from nexafi.kernel.data.context import Context, Home
from nexafi.kernel.data.database import Database
from nexafi.kernel.data.statements import insert_many
from nexafi.kernel.values.ids import new_id
from nexafi.ledger.app import service
from nexafi.ledger.banking import formats
from nexafi.ledger.tables import Account, StatementLine

SECONDS_MAX = 5.0
MIB_MAX = 300.0
ROOT = "/api/v1/ledger"
NAMES = ["Alpine", "Borealis", "Cobalt", "Delta", "Ember", "Fjord", "Granite", "Harbor", "Indigo"]
SHOPS = [f"{name} {kind}" for name in NAMES for kind in ("Cloud", "Office", "Travel", "Foods")]
CODES = [f"6{number}00" for number in range(10)]
FIRST = date(2025, 1, 1)


def ofx(lines: int, *, seed: int = 1, account: str = "4711000001") -> bytes:
    """Return a statement in OFX 1, its lines over a year, by shops that come again and again."""
    chance = Random(seed)  # noqa: S311 - no secret
    rows = []
    for number in range(lines):
        day = FIRST + timedelta(days=number * 365 // lines)
        cents = chance.randrange(100, 200_000) * chance.choice((1, -1, -1))
        shop = chance.choice(SHOPS)
        rows.append(
            f"<STMTTRN>\n<TRNTYPE>OTHER\n<DTPOSTED>{day:%Y%m%d}\n<TRNAMT>{cents / 100:.2f}\n"
            f"<FITID>{account}{number}\n<NAME>{shop}\n"
            f"<MEMO>Order {chance.randrange(10**6)} {shop}\n</STMTTRN>\n"
        )
    head = (
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nSECURITY:NONE\nENCODING:USASCII\nCHARSET:1252\n"
        "COMPRESSION:NONE\nOLDFILEUID:NONE\nNEWFILEUID:NONE\n\n<OFX>\n<SIGNONMSGSRSV1>\n<SONRS>\n"
        "<STATUS>\n<CODE>0\n<SEVERITY>INFO\n</STATUS>\n<DTSERVER>20260101\n<LANGUAGE>ENG\n</SONRS>\n"
        "</SIGNONMSGSRSV1>\n<BANKMSGSRSV1>\n<STMTTRNRS>\n<TRNUID>1\n<STATUS>\n<CODE>0\n"
        "<SEVERITY>INFO\n</STATUS>\n<STMTRS>\n<CURDEF>EUR\n<BANKACCTFROM>\n<BANKID>1\n<ACCTID>"
        f"{account}\n<ACCTTYPE>CHECKING\n</BANKACCTFROM>\n<BANKTRANLIST>\n<DTSTART>20250101\n"
        "<DTEND>20251231\n"
    )
    tail = (
        "</BANKTRANLIST>\n<LEDGERBAL>\n<BALAMT>0.00\n<DTASOF>20251231\n</LEDGERBAL>\n</STMTRS>\n"
        "</STMTTRNRS>\n</BANKMSGSRSV1>\n</OFX>\n"
    )
    return (head + "".join(rows) + tail).encode()


def sta(lines: int) -> bytes:
    """Return the like in MT940."""
    chance, total = Random(1), 0  # noqa: S311 - no secret
    rows = [":20:X", ":25:4711000001", ":28C:1/1", ":60F:C250101EUR0,00"]
    for number in range(lines):
        day = FIRST + timedelta(days=number * 365 // lines)
        cents = chance.randrange(100, 200_000)
        total += cents
        rows.append(f":61:{day:%y%m%d}{day:%m%d}C{cents // 100},{cents % 100:02}NMSCNONREF")
        rows.append(f":86:{chance.choice(SHOPS)} order {number}")
    rows.append(f":62F:C251231EUR{total // 100},{total % 100:02}")
    return "\r\n".join([*rows, "-", ""]).encode()


@dataclass
class Ledger:
    """A ledger on an empty database, and someone who may do everything in it."""

    database: Database
    context: Context

    @property
    def client(self) -> FlaskClient:
        """Return what speaks to it."""
        return service.app(self.database, lambda: self.context).test_client()

    def call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Post a body, which must be taken."""
        answer = self.client.post(f"{ROOT}{path}", json=body)
        assert answer.status_code < 300, answer.json
        return cast("dict[str, Any]", answer.json)

    def give(self, raw: bytes) -> dict[str, Any]:
        """Hand in a file, which must be taken."""
        data = {"file": (io.BytesIO(raw), "statement.ofx")}
        answer = self.client.post(f"{ROOT}/statements?create_missing=true", data=data)
        assert answer.status_code == 201, answer.json
        return cast("dict[str, Any]", answer.get_json()["statements"][0])


def fresh(place: Files | Cluster) -> Ledger:
    """Return a ledger with a chart, 20 rules, and 200 decisions to learn from."""
    home = Home(uuid4(), "Bench", "DE", "Europe/Berlin", "EUR", "01-01")
    context = Context("bench", datetime.now(UTC), home.id, home, frozenset(LedgerPermission))
    ledger = Ledger(place.open(service, lambda: datetime.now(UTC)), context)
    with ledger.database.work(context) as work:
        work.session.add_all(
            Account(code=code, name=code, type="expense", normal_side="debit") for code in CODES
        )
    ledger.give(ofx(200, seed=9, account="4711999999"))
    for number, shop in enumerate(SHOPS):
        ledger.call("/rules", rule(f"{shop}", CODES[number % 10]))
    done = ledger.call("/statement-lines/accept", {"min_confidence": 0.5})
    assert done["accepted"] == 200, done["results"][:2]
    for each in ledger.client.get(f"{ROOT}/rules?limit=200").get_json()["items"]:
        ledger.client.delete(f"{ROOT}/rules/{each['id']}")
    for number in range(20):
        ledger.call("/rules", rule(f"^{SHOPS[number]}.*order [0-9]*{number}$", CODES[number % 10]))
    return ledger


def rule(pattern: str, account: str) -> dict[str, Any]:
    """Return a rule of one pattern."""
    return {
        "name": pattern,
        "conditions": [{"kind": "regex", "pattern": pattern}],
        "outcome": {"account": account},
    }


class Contest:
    """What is measured on one engine, a new bank account in each round."""

    def __init__(self, ledger: Ledger, lines: int) -> None:
        self.ledger, self.lines = ledger, lines
        self.raw, self.round = b"", 0
        self.suggested = 0
        self.processor: list[float] = []

    def first(self) -> float:
        """Import a statement of a new bank account."""
        self.round += 1
        self.raw = ofx(self.lines, seed=self.round, account=f"4711{self.round:06}")
        busy = time.process_time()
        seconds, brought = timed(lambda: self.ledger.give(self.raw))
        self.processor.append(time.process_time() - busy)
        assert brought["added"] == self.lines, brought
        self.suggested = brought["suggested"]
        return seconds

    def again(self) -> float:
        """Import the same file a second time."""
        if not self.raw:
            self.first()
        seconds, brought = timed(lambda: self.ledger.give(self.raw))
        assert (brought["added"], brought["duplicates"]) == (0, self.lines), brought
        return seconds

    def written_raw(self) -> float:
        """Write as many rows as are there already, and nothing else."""
        lines = cast("Table", StatementLine.__table__)
        with self.ledger.database.work(self.ledger.context) as work:
            own = lines.c.organization_id == work.organization_id
            found = work.session.connection().execute(select(lines).where(own).limit(self.lines))
            rows = [
                {**row, "id": new_id(), "fingerprint": new_id().hex} for row in found.mappings()
            ]

        def write() -> None:
            with self.ledger.database.work(self.ledger.context) as work:
                for start in range(0, len(rows), 5000):
                    insert_many(work.session, lines, rows[start : start + 5000])

        seconds, _ = timed(write)
        with self.ledger.database.work(self.ledger.context) as work:
            ids = [row["id"] for row in rows]
            for start in range(0, len(ids), 5000):
                gone = lines.c.id.in_(ids[start : start + 5000])
                work.session.connection().execute(
                    delete(lines).where(lines.c.organization_id == work.organization_id, gone)
                )
        return seconds


T = TypeVar("T")


def timed(deed: Callable[[], T]) -> tuple[float, T]:
    """Do *deed* and return how many seconds it took, and what it gave."""
    started = time.perf_counter()
    given = deed()
    return time.perf_counter() - started, given


def readers(lines: int) -> dict[str, Callable[[], float]]:
    """Return what reads the same statement: ours and the usual libraries."""
    one, two = ofx(lines), sta(lines)

    def with_ofxparse() -> object:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it leans on what beautifulsoup is to drop
            return ofxparse.OfxParser.parse(io.BytesIO(one))

    return {
        "OFX, ours": lambda: timed(lambda: formats.read(one))[0],
        "OFX, ofxparse": lambda: timed(with_ofxparse)[0],
        "MT940, ours": lambda: timed(lambda: formats.read(two))[0],
        "MT940, mt-940": lambda: timed(lambda: mt940.parse(two.decode()))[0],
    }


@contextmanager
def places() -> Iterator[dict[str, Files | Cluster]]:
    """Give the engines that there are."""
    with tempfile.TemporaryDirectory() as folder:
        found: dict[str, Files | Cluster] = {"SQLite": Files(Path(folder))}
        if url := os.environ.get("NEXAFI_TEST_POSTGRES"):
            found["PostgreSQL"] = Cluster(url)
        try:
            yield found
        finally:
            for place in found.values():
                place.close()


def once(lines: int) -> None:
    """Import one statement in this process, and print its peak of memory in MiB."""
    with places() as found:
        ledger = fresh(found["SQLite"])
        ledger.give(ofx(lines, account="4711000001"))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        ledger.database.close()


def main() -> int:
    """Measure, print the tables, and return 0 if the promises were kept."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--rounds", type=int, default=3)
    given.add_argument("--lines", type=int, default=10_000)
    given.add_argument("--once", action="store_true", help="print the peak of one import, in MiB")
    asked = given.parse_args()
    logging.disable(logging.WARNING)
    if asked.once:
        once(asked.lines)
        return 0
    print(f"{machine()}\n")
    kept = True
    with places() as found:
        for name, place in found.items():
            ledger = fresh(place)
            contest = Contest(ledger, asked.lines)
            figures = take_turns(
                {
                    "imported through the API": contest.first,
                    "the same file again": contest.again,
                    "the same rows written raw": contest.written_raw,
                },
                asked.rounds,
            )
            title = f"{asked.lines:,} lines on {name}"
            print(table(title, figures, unit="seconds", reference="the same rows written raw"))
            busy = median(contest.processor)
            print(f"\n{contest.suggested:,} lines suggested; {busy:.2f} s of our processor time")
            took = figures["imported through the API"].median
            kept &= verdict(f"{title} in {SECONDS_MAX:.0f} s", kept=took <= SECONDS_MAX)
            ledger.database.close()
    read = take_turns(readers(asked.lines), asked.rounds)
    print("\n" + table("Reading alone", read, unit="seconds", reference="OFX, ofxparse"))
    command = [sys.executable, "-m", "benchmarks.imports", "--once", "--lines", str(asked.lines)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    peak = float(out.split()[-1])
    promise = f"one process with the whole ledger under {MIB_MAX:.0f} MiB: {peak:.0f} MiB"
    kept &= verdict(promise, kept=peak <= MIB_MAX)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
