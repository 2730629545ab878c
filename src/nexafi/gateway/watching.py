"""What is seen of each request from outside: one line in the log and figures to be scraped.

The figures tell service, method and status apart, and no path: paths hold ids.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

from nexafi.gateway.access import AccessLog
from nexafi.gateway.reply import Reply
from nexafi.gateway.sharing import Together
from nexafi.kernel.shared.presence import Figures
from nexafi.kernel.watch import traces
from nexafi.kernel.watch.traces import Span

METRICS: Final = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Watching:
    """What is counted and written down of the requests of one process."""

    def __init__(self, *, access_log: bool) -> None:
        self._access = AccessLog() if access_log else None
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "nexafi_gateway_requests",
            "Requests answered.",
            ["service", "method", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "nexafi_gateway_request_duration_seconds",
            "From the head of the request to the end of the answer.",
            ["service"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._cut = Counter(
            "nexafi_gateway_cut_answers",
            "Answers that broke off after they had begun.",
            ["service"],
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "nexafi_gateway_in_flight",
            "Requests that a service works on.",
            ["service"],
            registry=self.registry,
        )
        self.circuit = Gauge(
            "nexafi_gateway_circuit_open",
            "1 while a failing service is left alone.",
            ["service"],
            registry=self.registry,
        )
        self.instances_out = Gauge(
            "nexafi_gateway_instances_out",
            "Instances of a service that get no requests, because they fail or are not ready.",
            ["service"],
            registry=self.registry,
        )
        self.clients = Gauge(
            "nexafi_gateway_clients",
            "Clients whose use is remembered.",
            registry=self.registry,
        )
        self._counting: dict[tuple[str, str, int], Callable[[], None]] = {}
        self._timing: dict[str, Callable[[float], None]] = {}

    def watch(self, together: Together) -> None:
        """Tell, too, whether calls are counted together with other gateways, and how often not."""
        self.registry.register(Figures("gateway", together.presence))
        Gauge(
            "nexafi_gateway_limits_shared",
            "1 while calls are counted together with other gateways, 0 while by this one alone.",
            registry=self.registry,
        ).set_function(lambda: together.is_shared)
        together.counted_alone = Counter(
            "nexafi_gateway_counted_alone",
            "Calls that were counted by this gateway alone although Redis is set.",
            registry=self.registry,
        ).inc

    def note(self, reply: Reply, seconds: float) -> None:
        """Count the request that *reply* answered, and write it down."""
        request = reply.request
        key = (reply.service, request.method, reply.status)
        count = self._counting.get(key)
        if count is None:
            method = request.method if request.method in KNOWN_METHODS else "other"
            count = self._requests.labels(reply.service, method, str(reply.status)).inc
            if method != "other":
                self._counting[key] = count
        count()
        time = self._timing.get(reply.service)
        if time is None:
            time = self._timing[reply.service] = self._seconds.labels(reply.service).observe
        time(seconds)
        if self._access is not None:
            self._access.write(reply, seconds)
        if traces.is_exported() and int(request.trace.flags, 16) & 1:
            traces.hand_over(_span(reply, seconds))

    def cut(self, reply: Reply) -> None:
        """Note that an answer broke off after it had begun."""
        self._cut.labels(reply.service).inc()

    def close(self) -> None:
        """Write what still waits to be written."""
        if self._access is not None:
            self._access.flush()

    def exposition(self) -> bytes:
        """Return all figures as Prometheus reads them."""
        return generate_latest(self.registry)


def _span(reply: Reply, seconds: float) -> Span:
    """Return the part of a trace that went on here; no path in its name: paths hold ids."""
    trace, now = reply.request.trace, time.time_ns()
    said = {
        "http.request.id": trace.id,
        "http.request.method": reply.request.method,
        "http.response.status_code": reply.status,
        "service.target.name": reply.service or None,
        "user.id": reply.user or None,
    }
    return Span(
        name=f"{reply.request.method} {reply.service or 'gateway'}",
        kind="server",
        trace_id=trace.trace,
        span_id=trace.span,
        parent_id=trace.caller,
        began_ns=now - int(seconds * 1e9),
        ended_ns=now,
        said=said,
        is_failed=reply.status >= 500,
    )


KNOWN_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
