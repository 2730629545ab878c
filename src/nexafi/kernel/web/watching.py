"""Watching: each request is traced, timed and written down; three pages say how we are.

It stands between the frame and Flask, so that unknown paths and defects are
seen as well. Of a request it writes the path and never the query, a header or
the body: those may hold what is secret.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from flask import Flask, request

from nexafi.kernel.watch import metrics, traces
from nexafi.kernel.watch.health import Health
from nexafi.kernel.watch.metrics import Metrics
from nexafi.kernel.watch.traces import Trace
from nexafi.kernel.web.frame import REQUEST_ID, Application, Environ, Headers
from nexafi.kernel.web.problems import PROBLEM

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import StartResponse

ENDPOINT = "nexafi.endpoint"
"""Where the pattern of the endpoint lies in the WSGI environment, once it is known."""

UNKNOWN = "unknown"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SLOW_S = 1.0
"""What takes longer is worth a warning."""

log = logging.getLogger("nexafi.requests")


class Watching:
    """A WSGI application that watches over another."""

    def __init__(self, application: Application, meters: Metrics, health: Health) -> None:
        self._application = application
        self._meters = meters
        self._pages: dict[str, Callable[[], tuple[str, str, bytes]]] = {
            "/healthz": _alive,
            "/readyz": lambda: _ready(health),
            "/metrics": lambda: ("200 OK", metrics.CONTENT_TYPE, meters.exposition()),
        }

    @classmethod
    def mount(cls, app: Flask, meters: Metrics, health: Health) -> None:
        """Watch over *app*."""
        app.before_request(_note_endpoint)
        app.wsgi_app = cls(app.wsgi_app, meters, health).answer  # type: ignore[method-assign]

    def answer(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the application does, or with a page of our own."""
        if page := self._pages.get(environ.get("PATH_INFO", "")):
            return _show(page, environ, start_response)
        statuses: list[str] = ["500"]

        def start(
            status: str, headers: Headers, exc_info: OptExcInfo | None = None
        ) -> Callable[[bytes], object]:
            statuses[0] = status
            return start_response(status, headers, exc_info)

        trace = Trace.of(environ.get("HTTP_TRACEPARENT"))
        trace.said["http.request.id"] = environ.get(REQUEST_ID)
        trace.kind = "server"
        began = time.perf_counter()
        self._meters.begun()
        with traces.within(trace):
            try:
                return self._application(environ, start)
            finally:
                status = int(statuses[0][:3])
                self._note(environ, status, time.perf_counter() - began)
                trace.is_failed = status >= 500
                trace.said["http.response.status_code"] = status
                trace.name = f"{_method(environ)} {environ.get(ENDPOINT, UNKNOWN)}"

    def _note(self, environ: Environ, status: int, seconds: float) -> None:
        method = _method(environ)
        endpoint = environ.get(ENDPOINT, UNKNOWN)
        self._meters.answered(method, endpoint, status, seconds)
        level = logging.WARNING if status >= 500 or seconds > SLOW_S else logging.INFO
        if not log.isEnabledFor(level):
            return
        log.log(
            level,
            "%s %s %s in %.1f ms",
            method,
            endpoint,
            status,
            seconds * 1_000,
            extra={
                "ecs": {
                    "http.request.method": method,
                    "http.response.status_code": status,
                    "url.path": environ.get("PATH_INFO", ""),
                    "url.route": endpoint,
                    "event.outcome": "success" if status < 400 else "failure",
                    "client.ip": environ.get("REMOTE_ADDR"),
                    "event.duration": int(seconds * 1_000_000_000),
                }
            },
        )


def _method(environ: Environ) -> str:
    method = str(environ.get("REQUEST_METHOD", ""))
    return method if method in METHODS else "OTHER"


def _note_endpoint() -> None:
    if request.url_rule is not None:
        request.environ[ENDPOINT] = request.url_rule.rule


def _alive() -> tuple[str, str, bytes]:
    return "200 OK", "application/json", b'{"status": "ok"}'


def _ready(health: Health) -> tuple[str, str, bytes]:
    verdict = health.ask()
    status = "200 OK" if verdict.is_ready else "503 Service Unavailable"
    return status, "application/json", json.dumps(verdict.as_json()).encode()


def _show(
    page: Callable[[], tuple[str, str, bytes]], environ: Environ, start_response: StartResponse
) -> list[bytes]:
    """Answer with a page of our own, to those who only read."""
    if environ.get("REQUEST_METHOD") not in {"GET", "HEAD"}:
        refused = {"type": "about:blank", "title": "Method Not Allowed", "status": 405}
        start_response(
            "405 Method Not Allowed", [("Content-Type", PROBLEM), ("Allow", "GET, HEAD")]
        )
        return [json.dumps(refused).encode()]
    status, kind, body = page()
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [b""] if environ["REQUEST_METHOD"] == "HEAD" else [body]
