"""The wall clock of a platform, set forward and back while it runs.

The process that `program.py` starts, and all that it forks, read from a file by how much their
clock is wrong: `utc_now`, of which all of the house has the time, and the clock that ids are made
by. Time that only passes (the monotonic clock) goes on, as it does when somebody sets the clock of
a machine. libfaketime does the same from outside, but its `clock_nanosleep` (0.9.10) refuses what
Python's `time.sleep` asks for, so that threads die which would not.
"""

from __future__ import annotations

import datetime as dt
import os
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from nexafi.kernel.data import context
from nexafi.kernel.values import ids

VARIABLE = "NEXAFI_TEST_CLOCK"


@dataclass(frozen=True)
class WallClock:
    """What the processes with these settings believe that the time is: the true one, shifted."""

    file: Path

    def settings(self) -> dict[str, str]:
        """Return what makes a process believe it."""
        self.shift(0)
        return {VARIABLE: str(self.file)}

    def shift(self, seconds: int) -> None:
        """Let it be so many seconds later than it is; earlier, if negative."""
        draft = self.file.with_suffix(".draft")
        draft.write_text(str(seconds), encoding="ascii")
        draft.replace(self.file)


def believe() -> None:
    """Let this process have its time from the file, if one was given."""
    if (given := os.environ.get(VARIABLE)) is None:
        return
    file = Path(given)

    def wrong_by() -> int:
        return int(file.read_text(encoding="ascii"))

    class Shifted(dt.datetime):
        @classmethod
        def now(cls, tz=None):
            return dt.datetime.now(tz) + dt.timedelta(seconds=wrong_by())

    context.datetime = Shifted
    ids.time = SimpleNamespace(time_ns=lambda: time.time_ns() + wrong_by() * 10**9)
