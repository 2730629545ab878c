"""The worker: round after round, in a thread beside the requests or in a process alone."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from nexafi.kernel.watch import traces
from nexafi.kernel.watch.metrics import Metrics
from nexafi.kernel.watch.traces import Trace

PAUSE_MAX_S: Final = 30.0
"""The longest pause after rounds that failed one after the other."""

log = logging.getLogger(__name__)


class Worker:
    """Does rounds until it is stopped; pauses when there was nothing to do."""

    def __init__(self, do_round: Callable[[], int], meters: Metrics, poll_s: float) -> None:
        self._do_round = do_round
        self._meters = meters
        self._poll_s = poll_s
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread = threading.Thread(target=self.run, name="worker", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Begin no further round; what runs is finished."""
        self._stopped.set()

    def join(self, timeout_s: float) -> None:
        """Wait until the round that runs is done."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def run(self) -> None:
        """Do rounds until it is stopped."""
        pause_s = 0.0
        while not self._stopped.wait(pause_s):
            try:
                with traces.within(Trace.of(None)):
                    done = self._do_round()
            except Exception:
                # Carrying on: the database may be away for a while, and comes back.
                log.exception("a round of the worker failed")
                self._meters.failed()
                pause_s = min(max(pause_s * 2, self._poll_s), PAUSE_MAX_S)
            else:
                self._meters.carried(done)
                pause_s = 0.0 if done else self._poll_s
