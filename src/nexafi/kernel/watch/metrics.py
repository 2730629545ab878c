"""Metrics: what is counted and timed in one process, as Prometheus reads it.

Labels have few values each: an endpoint is its pattern, never a path with ids.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Seconds; from a light read to what is far too long."""


class Metrics:
    """All meters of one service in one process."""

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        here = self.registry
        each = ["service", "method", "endpoint"]
        self._service = service
        self._requests = Counter(
            "nexafi_requests", "Requests answered.", [*each, "status"], registry=here
        )
        self._duration = Histogram(
            "nexafi_request_duration_seconds",
            "From a request's headers to its answer.",
            each,
            buckets=BUCKETS,
            registry=here,
        )
        self._works = Histogram(
            "nexafi_work_duration_seconds",
            "How long a Work (one transaction) was open.",
            ["service", "kind"],
            buckets=BUCKETS,
            registry=here,
        )
        self._running = self._gauge("nexafi_requests_running", "Requests being answered.")
        self._outbox = self._gauge("nexafi_outbox_waiting", "Events told and not yet carried.")
        self._parked = self._gauge("nexafi_outbox_parked", "Events given up, to be looked at.")
        self._rounds = self._counter("nexafi_worker_deeds", "Events carried and jobs done.")
        self._failures = self._counter("nexafi_worker_failures", "Rounds that failed.")

    def _gauge(self, name: str, meaning: str) -> Gauge:
        return Gauge(name, meaning, ["service"], registry=self.registry).labels(self._service)

    def _counter(self, name: str, meaning: str) -> Counter:
        return Counter(name, meaning, ["service"], registry=self.registry).labels(self._service)

    def begun(self) -> None:
        """Note that a request is being answered."""
        self._running.inc()

    def answered(self, method: str, endpoint: str, status: int, seconds: float) -> None:
        """Note that a request was answered."""
        self._running.dec()
        self._requests.labels(self._service, method, endpoint, str(status)).inc()
        self._duration.labels(self._service, method, endpoint).observe(seconds)

    def worked(self, kind: str, seconds: float) -> None:
        """Note how long a Work was open; *kind* is ``read`` or ``write``."""
        self._works.labels(self._service, kind).observe(seconds)

    def carried(self, count: int) -> None:
        """Note what a round of the worker did."""
        self._rounds.inc(count)

    def failed(self) -> None:
        """Note that a round of the worker failed."""
        self._failures.inc()

    def ask_outbox(self, waiting: Callable[[], float], parked: Callable[[], float]) -> None:
        """Ask these whenever somebody reads the metrics."""
        self._outbox.set_function(waiting)
        self._parked.set_function(parked)

    def ask_connections(self, ask: Callable[[], dict[str, tuple[int, int]]]) -> None:
        """Ask this, by role, whenever somebody reads the metrics."""
        gauge = Gauge(
            "nexafi_database_connections",
            "Connections of the pool, by role and whether they are in use.",
            ["service", "role", "state"],
            registry=self.registry,
        )
        for role in ask():
            for place, state in enumerate(("in_use", "idle")):
                one = gauge.labels(self._service, role, state)
                one.set_function(lambda role=role, place=place: ask()[role][place])  # type: ignore[misc]

    def exposition(self) -> bytes:
        """Return all meters in the text format."""
        return generate_latest(self.registry)
