"""Whether Redis is there, as one process has found; noticed at once and tried again by itself.

Nothing that matters for money lies in Redis alone, so a process that finds it away goes on without,
at once and for every request, and looks again later: at first after a tenth of a second, at last
every two. It says so once in the log when that begins and once when it ends, and in the metrics.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

REST_S: Final = 0.1
REST_MAX_S: Final = 2.0

log = logging.getLogger(__name__)


class Away(Exception):
    """Redis is not there, or is in no state to be used; whoever asked does without."""


class Presence:
    """What one process knows of the presence of Redis. Safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._guard = threading.Lock()
        self._since: float | None = None
        """When it was found away."""
        self._again_at = 0.0
        self._rest_s = REST_S
        self.failures = 0
        """How often a question was not answered."""
        self.outages = 0

    @property
    def is_there(self) -> bool:
        """Return whether the last question was answered; true before the first."""
        return self._since is None

    def may_ask(self) -> bool:
        """Return whether to ask: always while it is there, else one asks when it is time again."""
        if self._since is None:
            return True
        with self._guard:
            if self._clock() < self._again_at:
                return False
            self._again_at = self._clock() + self._rest_s  # the others go on without meanwhile
            return True

    def rest_s(self) -> float:
        """Return after how many seconds to look again, if it is away."""
        return max(0.0, self._again_at - self._clock()) if self._since is not None else 0.0

    def answered(self) -> None:
        """Note that a question was answered."""
        if self._since is None:
            return
        with self._guard:
            since, self._since = self._since, None
            self._rest_s = REST_S
        if since is not None:
            log.warning("Redis is there again, after %.1f s", self._clock() - since)

    def failed(self, error: BaseException) -> None:
        """Note that a question was not answered, or was refused."""
        with self._guard:
            now = self._clock()
            self.failures += 1
            is_new = self._since is None
            if is_new:
                self._since = now
                self.outages += 1
            else:
                self._rest_s = min(self._rest_s * 2, REST_MAX_S)
            self._again_at = now + self._rest_s
        if is_new:
            log.warning("Redis is away, and we go on without it: %s", describe(error))


def describe(error: BaseException) -> str:
    """Return what is wrong, in one line; never an address, which may carry a password."""
    text = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class Figures(Collector):
    """What the metrics say of the presence of Redis."""

    def __init__(self, service: str, presence: Presence) -> None:
        self._service = service
        self._presence = presence

    @override
    def collect(self) -> Iterator[Metric]:
        """Tell how it is at this moment."""
        there = GaugeMetricFamily(
            "nexafi_redis_up", "1 while Redis answers, 0 while we do without.", labels=["service"]
        )
        there.add_metric([self._service], float(self._presence.is_there))
        yield there
        failures = CounterMetricFamily(
            "nexafi_redis_failures", "Questions that Redis did not answer.", labels=["service"]
        )
        failures.add_metric([self._service], self._presence.failures)
        yield failures
        outages = CounterMetricFamily(
            "nexafi_redis_outages", "How often Redis was found away.", labels=["service"]
        )
        outages.add_metric([self._service], self._presence.outages)
        yield outages
