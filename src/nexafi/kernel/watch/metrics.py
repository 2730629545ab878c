"""Metrics: what is counted and timed in one process, as Prometheus reads it.

Labels have few values each: an endpoint is its pattern, never a path with ids.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
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
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from nexafi.kernel.watch.counts import Count

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Seconds; from a light read to what is far too long."""


log = logging.getLogger(__name__)


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
        self._reports = self._sources()
        self._running = self._gauge("nexafi_requests_running", "Requests being answered.")
        self._relayed = Counter(
            "nexafi_relay_events",
            "Events that the relay carried, by what came of them.",
            ["service", "outcome"],
            registry=here,
        )
        self._consumed = Counter(
            "nexafi_consumer_events",
            "Events that came to this service, by what came of them.",
            ["service", "outcome"],
            registry=here,
        )
        self._latency = Histogram(
            "nexafi_event_latency_seconds",
            "From the moment an event was decided until its effect was kept here.",
            ["service"],
            buckets=BUCKETS,
            registry=here,
        )
        self._broker = Gauge(
            "nexafi_broker_connected",
            "Connections with the broker that stand, by who has them.",
            ["service", "side"],
            registry=here,
        )
        self._rounds = self._counter("nexafi_worker_deeds", "Events carried and jobs done.")
        self._failures = self._counter("nexafi_worker_failures", "Rounds that failed.")
        self._round_at = self._gauge(
            "nexafi_worker_round_timestamp_seconds", "When a round last went well; 0: never yet."
        )
        self._counts: dict[Count, Counter] = {}

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
        self._round_at.set_to_current_time()

    def failed(self) -> None:
        """Note that a round of the worker failed."""
        self._failures.inc()

    def declare(self, counts: Iterable[Count]) -> None:
        """Show these from the start, at nought: a rate begins with the first one, too."""
        for count in counts:
            name = f"nexafi_{self._service}_{count.name}"
            self._counts[count] = self._counter(name, count.meaning)

    def relayed(self, outcome: str, count: int) -> None:
        """Note what came of events that the relay carried."""
        self._relayed.labels(self._service, outcome).inc(count)

    def consumed(self, outcome: str, latency_s: float | None = None) -> None:
        """Note what came of an event that arrived, and how long ago it was decided."""
        self._consumed.labels(self._service, outcome).inc()
        if latency_s is not None:
            self._latency.labels(self._service).observe(latency_s)

    def connected(self, side: str, count: int) -> None:
        """Note that so many connections with the broker came (or went, if negative)."""
        self._broker.labels(self._service, side).inc(count)

    def counted(self, counts: Mapping[Count, int]) -> None:
        """Note what a Work did that was kept, as far as it was declared."""
        for count, number in counts.items():
            if (meter := self._counts.get(count)) is not None:
                meter.inc(number)

    def ask(self, questions: Mapping[str, str], answer: Callable[[], Mapping[str, float]]) -> None:
        """Ask for these, by name and meaning, whenever somebody reads the metrics.

        Should *answer* raise, because a database is away perhaps, all but these are told.
        """
        self.registry.register(Asked(self._service, questions, answer))

    def _sources(self) -> Counter:
        return Counter(
            "nexafi_database_reports",
            "Reports where there is a replica, by what they were read from and why.",
            ["service", "source"],
            registry=self.registry,
        )

    def read_from(self, source: str) -> None:
        """Note from where a report is read, where there is a replica."""
        self._reports.labels(self._service, source).inc()

    def ask_connections(self, ask: Callable[[], dict[str, tuple[int, int, int]]]) -> None:
        """Ask this, by role, whenever somebody reads the metrics."""
        gauge = Gauge(
            "nexafi_database_connections",
            "Connections of the pool, by role; free ones may still be opened.",
            ["service", "role", "state"],
            registry=self.registry,
        )
        for role in ask():
            for place, state in enumerate(("in_use", "idle", "free")):
                one = gauge.labels(self._service, role, state)
                one.set_function(lambda role=role, place=place: ask()[role][place])  # type: ignore[misc]

    def exposition(self) -> bytes:
        """Return all meters in the text format."""
        return generate_latest(self.registry)


class Asked(Collector):
    """Figures that are not kept, but asked for when somebody reads them."""

    def __init__(
        self, service: str, questions: Mapping[str, str], answer: Callable[[], Mapping[str, float]]
    ) -> None:
        self._service = service
        self._questions = questions
        self._answer = answer

    def describe(self) -> list[Metric]:
        """Name nothing beforehand: to be registered must not ask."""
        return []

    @override
    def collect(self) -> Iterator[Metric]:
        """Ask, and tell what was answered."""
        try:
            found = self._answer()
        except Exception as error:  # noqa: BLE001 - carrying on: the other figures matter all the more
            log.warning("figures could not be asked for: %s", type(error).__name__)
            return
        for name, value in found.items():
            kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
            family = kind(name.removesuffix("_total"), self._questions[name], labels=["service"])
            family.add_metric([self._service], value)
            yield family


class Several(Collector):
    """The meters of several services in one process, as one page."""

    def __init__(self, *meters: Metrics) -> None:
        self._meters = meters

    @override
    def collect(self) -> Iterator[Metric]:
        """Tell each meter once, with the samples of all."""
        found: dict[str, Metric] = {}
        for meters in self._meters:
            for family in meters.registry.collect():
                if family.name not in found:
                    found[family.name] = family
                elif family.name.startswith("nexafi_"):  # what the process says, all say alike
                    found[family.name].samples += family.samples
        yield from found.values()

    def exposition(self) -> bytes:
        """Return all meters in the text format."""
        return generate_latest(self)
