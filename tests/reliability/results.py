"""What the runs found, kept for the table of docs/reliability.md when it is asked for.

``NEXAFI_TEST_RESULTS`` names a file to which each run adds a line of JSON;
``python -m tests.reliability.table FILE`` makes the table of it.
"""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.reliability.bank import Bank
from tests.reliability.chance import LONG
from tests.reliability.checker import Verdict


@dataclass(frozen=True)
class Result:
    """What came of one run."""

    fault: str
    on: str
    """The database or server that it happened to, or was about."""
    times: int
    """How often it was done."""
    tried: int
    """How many deeds were asked for."""
    acknowledged: int
    lost: int
    doubled: int
    seed: int
    seconds: float
    note: str = ""


def keep(result: Result) -> None:
    """Add *result* to the file that was asked for, if one was."""
    if path := os.environ.get("NEXAFI_TEST_RESULTS"):
        where = {
            "on_day": f"{datetime.now(UTC):%Y-%m-%d}",
            "is_long": LONG,
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
            "python": platform.python_version(),
        }
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(result) | where) + "\n")


def of(
    fault: str, on: str, times: int, bank: Bank, verdict: Verdict, seconds: float, note: str = ""
) -> None:
    """Keep what came of a run with the bank."""
    keep(
        Result(
            fault=fault,
            on=on,
            times=times,
            tried=bank.history.tries,
            acknowledged=bank.history.acknowledged,
            lost=len(verdict.lost),
            doubled=len(verdict.doubled),
            seed=bank.chance.seed_given,
            seconds=round(seconds, 1),
            note=note,
        )
    )
