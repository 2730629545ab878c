"""Elasticsearch, as far as its published contract goes for those who send it logs.

There is no server here to be had; this one keeps what its reference says of `_bulk` on a data
stream: only `create`, a `@timestamp` in each document, a status for each item in its order, 409
for an id that is there, 429 for what comes too fast; and `X-Elastic-Product`, without which the
official client goes no further. It can be told to be slow, full, strict or another program.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KIND = "application/vnd.elasticsearch+json;compatible-with=9"


class Elastic:
    """A server on the loopback, what it keeps and how it behaves."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.documents: dict[str, dict[str, Any]] = {}
        self.templates: dict[str, Any] = {}
        self.requests: list[tuple[str, str]] = []
        self.conflicts = 0
        self.rejected = 0
        self.is_too_busy: Callable[[int], bool] = lambda _: False
        """Whether the item with this running number is turned away with 429."""
        self.refuses: Callable[[dict[str, Any]], bool] = lambda _: False
        """Whether this document does not fit the mapping."""
        self.status = 200
        """Of every answer: 200, or what is wrong with the server."""
        self.bytes_max = 100 * 2**20
        self.product = "Elasticsearch"
        self.credentials: str | None = None
        self.delay_s = 0.0
        self._items = 0
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def messages(self) -> list[str]:
        return [str(each["message"]) for each in list(self.documents.values())]

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        self.requests.append((method, path))
        if self.status != 200:
            return self.status, _error("not_now_exception", "the server is not well", self.status)
        if len(body) > self.bytes_max:
            return 413, _error("too_large", "the body is too large", 413)
        if path.endswith("/_bulk"):
            return 200, self._bulk(body)
        if path.startswith("/_index_template/"):
            self.templates[path.rpartition("/")[2]] = json.loads(body)
        if method == "HEAD":
            return (200 if self.documents else 404), None
        return 200, {"acknowledged": True}

    def _bulk(self, body: bytes) -> Any:
        lines = body.decode("utf-8").split("\n")
        assert lines.pop() == "", "a bulk ends with a newline"
        items = []
        for head, text in zip(lines[::2], lines[1::2], strict=True):
            ((deed, about),) = json.loads(head).items()
            items.append({deed: self._item(deed, about, json.loads(text))})
        errors = any("error" in item for each in items for item in each.values())
        return {"took": 1, "errors": errors, "items": items}

    def _item(self, deed: str, about: dict[str, Any], document: dict[str, Any]) -> Any:
        self._items += 1
        if deed != "create":
            return {"status": 400, "error": {"type": "illegal_argument_exception",
                    "reason": "only write ops with an op_type of create are allowed"}}  # fmt: skip
        if self.is_too_busy(self._items):
            self.rejected += 1
            return {"status": 429, "error": {"type": "es_rejected_execution_exception",
                    "reason": "rejected execution of coordinating operation"}}  # fmt: skip
        if "@timestamp" not in document or self.refuses(document):
            return {"status": 400, "error": {"type": "document_parsing_exception",
                    "reason": "failed to parse field"}}  # fmt: skip
        if about["_id"] in self.documents:
            self.conflicts += 1
            return {"status": 409, "error": {"type": "version_conflict_engine_exception",
                    "reason": "document already exists"}}  # fmt: skip
        self.documents[about["_id"]] = document
        return {"status": 201, "result": "created"}


def _error(kind: str, reason: str, status: int) -> Any:
    return {"error": {"type": kind, "reason": reason}, "status": status}


def _handler(elastic: Elastic) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if elastic.delay_s:
                time.sleep(elastic.delay_s)
            if elastic.credentials not in {None, self.headers.get("Authorization")}:
                status, answer = 401, _error("security_exception", "unable to authenticate", 401)
            else:
                path = self.path.partition("?")[0]
                status, answer = elastic.answer(self.command, path, body)
            written = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            if elastic.product:
                self.send_header("X-Elastic-Product", elastic.product)
            self.send_header("Content-Type", KIND)
            self.send_header("Content-Length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

        do_GET = do_PUT = do_POST = do_HEAD = _do  # noqa: N815 - called so

        def log_message(self, *_: object) -> None:
            pass

    return Handler
