"""A proxy before a provider that loses, delays and repeats what it is told to.

    with Faults.before("http://127.0.0.1:8420") as faults:
        faults.script(Fault.CUT_AFTER)

Each POST takes the next fault of the script; without one, and with all else, it passes on what it
gets. What it saw is kept, so that a test can count what reached the provider.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

PASSED_ON = {"authorization", "content-type", "idempotency-key", "stripe-version", "accept"}
PATIENCE_S = 20


class Fault(StrEnum):
    """What happens to a request on its way."""

    NONE = "none"
    CUT_BEFORE = "cut before"
    """The connection breaks, and the provider hears nothing."""
    CUT_AFTER = "cut after"
    """The provider does it, and the connection breaks."""
    CUT_AMID = "cut amid"
    """The provider does it, and half of its answer arrives."""
    DELAY = "delay"
    """The provider does it, and its answer takes longer than anybody waits."""
    REPEAT = "repeat"
    """The provider hears it twice."""
    ERROR_BEFORE = "500 before"
    """The provider hears nothing, and 500 is answered."""
    ERROR_AFTER = "500 after"
    """The provider does it, and 500 is answered."""
    LIMITED = "429"
    """The provider hears nothing, and 429 is answered."""
    GARBAGE = "garbage"
    """The provider does it, and what arrives cannot be read."""


UNHEARD = {Fault.CUT_BEFORE, Fault.ERROR_BEFORE, Fault.LIMITED}
ERROR = b'{"error": {"type": "api_error", "message": "An error occurred."}}'
LIMIT = b'{"error": {"type": "invalid_request_error", "code": "rate_limit", "message": "Slower."}}'


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Faults:
    """The proxy, seen from a test."""

    target: str
    url: str = ""
    delay_s: float = 1.5
    keeps_errors: bool = False
    """Whether what was answered with 500 is so again under the same key, as Stripe does it."""
    seen: list[tuple[str, str, str]] = field(default_factory=list)
    """Method, path and idempotency key of all that came in, in its order."""
    reached: int = 0
    """How many POSTs the provider was sent."""
    _script: deque[Fault] = field(default_factory=deque)
    _kept: dict[str, Answer] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    @contextmanager
    def before(cls, target: str, **given: object) -> Iterator[Faults]:
        """Start one on a free port of the loopback."""
        faults = cls(target, **given)  # type: ignore[arg-type]
        handler = type("Bound", (_Handler,), {"faults": faults})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        faults.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield faults
        finally:
            server.shutdown()
            server.server_close()
            thread.join(PATIENCE_S)

    def script(self, *faults: Fault) -> None:
        """Let the next POSTs have these faults, one each."""
        with self._guard:
            self._script.clear()
            self._script.extend(faults)

    def next_fault(self, method: str) -> Fault:
        with self._guard:
            return self._script.popleft() if method == "POST" and self._script else Fault.NONE

    def kept(self, key: str) -> Answer | None:
        with self._guard:
            return self._kept.get(key)

    def pass_on(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Ask the provider."""
        place = urlsplit(self.target)
        connection = http.client.HTTPConnection(
            place.hostname or "", place.port, timeout=PATIENCE_S
        )
        with self._guard:
            self.reached += method == "POST"
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            kept = {"content-type", "idempotent-replayed", "request-id"}
            told = {k.lower(): v for k, v in answer.getheaders() if k.lower() in kept}
            return Answer(answer.status, told, answer.read())
        finally:
            connection.close()

    def refuse(self, status: int, key: str) -> Answer:
        """Answer an error in the place of the provider; keep it under the key where that is so."""
        told = {"content-type": "application/json"}
        if self.keeps_errors and status == 500 and key:
            with self._guard:
                replayed = told | {"idempotent-replayed": "true"}
                self._kept[key] = Answer(status, replayed, ERROR)
        return Answer(status, told, ERROR if status == 500 else LIMIT)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    faults: Faults

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def do_DELETE(self) -> None:
        self._serve("DELETE")

    def log_message(self, *_args: object) -> None:
        """Say nothing: a test counts what was seen."""

    def _serve(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        key = self.headers.get("idempotency-key", "")
        self.faults.seen.append((method, self.path.partition("?")[0], key))
        if (kept := self.faults.kept(key)) is not None:
            self._say(kept)
            return
        fault = self.faults.next_fault(method)
        headers = {k: v for k, v in self.headers.items() if k.lower() in PASSED_ON}
        answer = None
        for _ in range({Fault.REPEAT: 2}.get(fault, fault not in UNHEARD)):
            answer = self.faults.pass_on(method, self.path, headers, body)
        self._end(fault, answer, key)

    def _end(self, fault: Fault, answer: Answer | None, key: str) -> None:
        match fault:
            case Fault.CUT_BEFORE | Fault.CUT_AFTER:
                self.close_connection = True
            case Fault.ERROR_BEFORE | Fault.ERROR_AFTER:
                self._say(self.faults.refuse(500, key))
            case Fault.LIMITED:
                self._say(self.faults.refuse(429, key))
            case _:
                assert answer is not None, "it was passed on"
                if fault is Fault.DELAY:
                    time.sleep(self.faults.delay_s)
                if fault is Fault.GARBAGE:
                    answer = Answer(200, answer.headers, b"<html>It is not what it was.</html>")
                self._say(answer, whole=fault is not Fault.CUT_AMID)

    def _say(self, answer: Answer, *, whole: bool = True) -> None:
        try:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body if whole else answer.body[: len(answer.body) // 2])
            self.wfile.flush()
        except OSError:
            pass  # carrying on: who asked did not wait
        self.close_connection = not whole
