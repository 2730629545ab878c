"""The worker: round after round, in a thread beside the requests or in a process alone."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from nexafi.kernel.watch import traces
from nexafi.kernel.watch.metrics import Metrics
from nexafi.kernel.watch.traces import Trace

PAUSE_MAX_S: Final = 30.0
"""The longest pause after rounds that failed one after the other."""

LINGER_S: Final = 0.002
"""How long one that was woken lets others come who would wake it next."""

log = logging.getLogger(__name__)


class Worker:
    """Does rounds until it is stopped; pauses when there was nothing to do, unless it is woken."""

    def __init__(
        self,
        do_round: Callable[[], int],
        meters: Metrics,
        poll_s: float,
        *,
        name: str = "worker",
        pause_max_s: float = PAUSE_MAX_S,
    ) -> None:
        self._do_round = do_round
        self._meters = meters
        self._poll_s = poll_s
        self._name = name
        self._pause_max_s = pause_max_s
        self._woken = threading.Event()
        self._is_stopped = False
        self.has_failed = False
        """Whether the last round did: a pause that it brought is kept by one who is woken."""
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread = threading.Thread(target=self.run, name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Begin no further round; what runs is finished."""
        self._is_stopped = True
        self._woken.set()

    def wake(self) -> None:
        """End the pause: there is something to do. One after a failure is kept."""
        if not self.has_failed:
            self._woken.set()

    def join(self, timeout_s: float) -> None:
        """Wait until the round that runs is done."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def run(self) -> None:
        """Do rounds until it is stopped."""
        pause_s = 0.0
        while True:
            was_woken = self._woken.wait(pause_s)
            if self._is_stopped:
                return
            if was_woken and pause_s:
                time.sleep(LINGER_S)
            self._woken.clear()
            try:
                with traces.within(Trace.of(None)):
                    done = self._do_round()
            except Exception:
                # Carrying on: the database may be away for a while, and comes back.
                log.exception("a round of the worker failed")
                self._meters.failed()
                self.has_failed = True
                pause_s = min(max(pause_s * 2, self._poll_s), self._pause_max_s)
            else:
                self._meters.carried(done)
                self.has_failed = False
                pause_s = 0.0 if done else self._poll_s
