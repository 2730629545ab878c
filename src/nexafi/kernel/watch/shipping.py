"""Shipping: carries the log to Elasticsearch, and never makes anybody wait.

It reads the files that the processes write; nothing waits in their memory, so an
Elasticsearch that is away for hours loses nothing while the files are kept. A line
has an id of its own and is created under it: told twice, it is there once. What is
refused for now (429, 5xx) is told again after pauses that grow; what is refused for
good is counted and passed over.
"""

from __future__ import annotations

import json
import logging
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from nexafi.kernel.watch.tailing import Batch, Raw, Tail

LINES_MAX: Final = 1_000
BYTES_MAX: Final = 4 * 2**20
POLL_S: Final = 1.0
PAUSE_S: Final = 0.5
PAUSE_MAX_S: Final = 30.0
REASONS_MAX: Final = 3
"""Refusals of one batch that are written down; the others are alike."""

QUESTIONS: Final = {
    "nexafi_shipper_up": "1 while Elasticsearch takes lines, 0 while it does not.",
    "nexafi_shipper_behind_bytes": "What was written to the log and is not there yet.",
    "nexafi_shipper_lines_shipped_total": "Lines that Elasticsearch has taken.",
    "nexafi_shipper_lines_repeated_total": "Lines that it had already.",
    "nexafi_shipper_lines_dropped_total": "Lines that it refused for good, or that are no JSON.",
    "nexafi_shipper_retries_total": "How often a batch or a part of it was told again.",
    "nexafi_shipper_bytes_missed_total": "Bytes of files that were removed before they were read.",
}

log = logging.getLogger(__name__)


class Away(Exception):
    """Elasticsearch cannot be reached or takes nothing now; the message says why in one line."""


class TooLarge(Exception):
    """The request has more bytes than it takes at once."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one line."""

    status: int
    reason: str = ""

    @property
    def is_for_now(self) -> bool:
        """Return whether it may be taken later."""
        return self.status == 429 or self.status >= 500


Create = Callable[[Sequence[tuple[str, str]]], Sequence[Verdict]]
"""Creates documents, each an id and its JSON; answers for each, in order. Raises Away, TooLarge."""


class Shipper:
    """Carries the log at a place to whoever creates documents.

    Args:
        tail: where the lines come from.
        create: where they go to.

    """

    def __init__(self, tail: Tail, create: Create) -> None:
        self._tail = tail
        self._create = create
        self._stopped = threading.Event()
        self._bytes_max = BYTES_MAX
        self._is_up = True
        self._counts = {name: 0 for name in QUESTIONS if name.endswith("_total")}

    def stop(self) -> None:
        """Begin nothing new; what is not yet taken is read again at the next start."""
        self._stopped.set()

    def is_stopped(self, wait_s: float) -> bool:
        """Return whether it was stopped, after waiting for that for a while."""
        return self._stopped.wait(wait_s)

    def run(self) -> None:
        """Ship until it is stopped."""
        while not self._stopped.is_set():
            if not self.round():
                self._stopped.wait(POLL_S)

    def round(self) -> int:
        """Ship one batch; return how many lines it had, 0 if there was nothing to do."""
        batch = self._tail.next(LINES_MAX, self._bytes_max)
        if batch is None or not self._ship(batch):
            return 0
        self._tail.done(batch)
        return max(1, len(batch.lines))

    def figures(self) -> Mapping[str, float]:
        """Return how it is, for `/metrics`."""
        return {
            **self._counts,
            "nexafi_shipper_up": float(self._is_up),
            "nexafi_shipper_behind_bytes": float(self._tail.behind_bytes()),
            "nexafi_shipper_bytes_missed_total": float(self._tail.missed_bytes),
        }

    def _ship(self, batch: Batch) -> bool:
        """Tell it until all of it is taken or refused for good; False if stopped before."""
        waiting = [(raw.id, text) for raw in batch.lines if (text := self._json(raw))]
        pause_s = 0.0
        while waiting:
            if self._stopped.wait(pause_s):
                return False
            try:
                verdicts = self._create(waiting)
            except TooLarge:
                if len(waiting) == 1:
                    self._drop([Verdict(413, "the line is too large")])
                    return True
                self._bytes_max = max(self._bytes_max // 2, 2**16)
                return self._halved(batch)
            except Away as error:
                self._note_away(str(error))
                pause_s = self._longer(pause_s)
                continue
            self._note_up()
            waiting = self._sort(waiting, verdicts)
            pause_s = self._longer(pause_s) if waiting else 0.0
        return True

    def _halved(self, batch: Batch) -> bool:
        """Ship the two halves of a batch that was too large."""
        middle = len(batch.lines) // 2
        halves = (batch.lines[:middle], batch.lines[middle:])
        return all(self._ship(Batch(batch.file, batch.end, half)) for half in halves)

    def _sort(
        self, told: list[tuple[str, str]], verdicts: Sequence[Verdict]
    ) -> list[tuple[str, str]]:
        """Count what was taken and what was refused; return what is to be told again."""
        again, refused = [], []
        for line, verdict in zip(told, verdicts, strict=True):
            if verdict.status < 300:
                self._counts["nexafi_shipper_lines_shipped_total"] += 1
            elif verdict.status == 409:
                self._counts["nexafi_shipper_lines_repeated_total"] += 1
            elif verdict.is_for_now:
                again.append(line)
            else:
                refused.append(verdict)
        if refused:
            self._drop(refused)
        return again

    def _drop(self, refused: Sequence[Verdict]) -> None:
        self._counts["nexafi_shipper_lines_dropped_total"] += len(refused)
        for verdict in refused[:REASONS_MAX]:
            log.warning("a line of the log was refused: %s %s", verdict.status, verdict.reason)

    def _json(self, raw: Raw) -> str | None:
        """Return a line as text if it is one of ours, and count it else."""
        try:
            line = json.loads(raw.text)
            if isinstance(line, dict) and "@timestamp" in line:
                return raw.text.decode("utf-8")
        except ValueError:
            pass
        self._counts["nexafi_shipper_lines_dropped_total"] += 1
        return None

    def _longer(self, pause_s: float) -> float:
        """Return a longer pause, by chance up to a quarter shorter: not all shall come at once."""
        self._counts["nexafi_shipper_retries_total"] += 1
        longer = min(max(pause_s * 2, PAUSE_S), PAUSE_MAX_S)
        return longer * random.uniform(0.75, 1.0)  # noqa: S311 - to spread load

    def _note_away(self, reason: str) -> None:
        if self._is_up:
            log.warning("Elasticsearch takes no lines, which wait in the files: %s", reason)
        self._is_up = False

    def _note_up(self) -> None:
        if not self._is_up:
            log.info("Elasticsearch takes lines again")
        self._is_up = True
