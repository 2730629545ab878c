"""A small service of our own on a real socket, which notes what reaches it and behaves as told."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from typing_extensions import override


@dataclass
class Seen:
    """One request that reached the service."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    is_whole: bool

    def all(self, name: str) -> list[str]:
        return [value for found, value in self.headers if found.lower() == name]

    def one(self, name: str) -> str:
        (value,) = self.all(name)
        return value


@dataclass
class Upstream:
    """What is running; `seen` is what has reached it."""

    server: ThreadingHTTPServer
    seen: list[Seen] = field(default_factory=list)
    busy: list[object] = field(default_factory=list)
    """Requests that are being read or answered."""
    is_draining: bool = False
    """Whether it says that it is not ready."""

    def rest(self) -> None:
        """Wait until nothing is being read or answered, then forget what was seen."""
        for _ in range(1000):
            if not self.busy:
                break
            time.sleep(0.01)
        self.seen.clear()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def start(port: int = 0) -> Upstream:
    class Handler(_Handler):
        upstream: Upstream

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    Handler.upstream = Upstream(server)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return Handler.upstream


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    upstream: Upstream

    @override
    def log_message(self, format: str, *args: object) -> None:
        pass

    def _body(self) -> tuple[bytes, bool]:
        if self.headers.get("Transfer-Encoding") != "chunked":
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            return body, len(body) == length
        body = b""
        while line := self.rfile.readline():
            size = int(line, 16)
            piece = self.rfile.read(size)
            body += piece
            if len(piece) < size:
                break
            self.rfile.readline()
            if size == 0:
                return body, True
        return body, False

    def _answer(self) -> None:
        self.upstream.busy.append(self)
        try:
            self._read_and_answer()
        finally:
            self.upstream.busy.remove(self)

    def _read_and_answer(self) -> None:
        body, is_whole = self._body()
        seen = Seen(self.command, self.path, self.headers.items(), body, is_whole)
        self.upstream.seen.append(seen)
        if not is_whole:
            self.close_connection = True
            return
        doing = self.path.partition("?")[0].rsplit("/", 1)[-1]
        getattr(self, f"do_{doing.replace('.', '_')}", self.say)()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer  # noqa: N815

    def say(self, status: int = 200, body: bytes = b'{"said": true}', **headers: str) -> None:
        self.send_response(status)
        given = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        for name, value in (given | {n.replace("_", "-"): v for n, v in headers.items()}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_readyz(self) -> None:
        self.say(503 if self.upstream.is_draining else 200, b'{"status": "ready"}')

    def do_openapi_json(self) -> None:
        things = {"get": {"operationId": "things", "responses": {}}}
        document = {
            "openapi": "3.1.0",
            "info": {"title": "one", "version": "1"},
            "paths": {"/api/v1/one/things": things, "/readyz": things},
        }
        self.say(body=json.dumps(document).encode())

    def do_teapot(self) -> None:
        self.say(418, b"short and stout", Content_Type="text/plain", X_Kind="teapot")

    def do_hop(self) -> None:
        hop = {"Keep_Alive": "timeout=5", "Proxy_Authenticate": "Basic", "X_Request_Id": "mine"}
        self.say(**hop, Set_Cookie="a=1")

    def do_empty(self) -> None:
        self.send_response(204)
        self.end_headers()

    def do_unchanged(self) -> None:
        self.send_response(304)
        self.send_header("ETag", '"a"')
        self.end_headers()

    def do_away(self) -> None:
        self.say(302, b"", Location="/api/v1/one/elsewhere")

    def do_broken(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"half of it")
        self.close_connection = True

    def do_nonsense(self) -> None:
        self.wfile.write(b"this is no HTTP\r\n\r\n")
        self.close_connection = True

    def do_slam(self) -> None:
        self.close_connection = True

    def do_slow(self) -> None:
        time.sleep(1.5)
        self.say()

    def _chunk(self, piece: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.flush()

    def _chunked(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def do_pieces(self) -> None:
        """Two pieces, some time apart."""
        self._chunked()
        self._chunk(b"first,")
        time.sleep(0.7)
        self._chunk(b"second")
        self.wfile.write(b"0\r\n\r\n")

    def do_torn(self) -> None:
        """A list that breaks off."""
        self._chunked()
        self._chunk(b"row 1\n" * 1000)
        time.sleep(0.2)
        self.close_connection = True

    def do_stuck(self) -> None:
        """A list that stops without an end."""
        self._chunked()
        self._chunk(b"row 1\n")
        time.sleep(3)

    def do_large(self) -> None:
        """24 MiB of known length."""
        self.send_response(200)
        self.send_header("Content-Length", str(24 * 2**20))
        self.end_headers()
        for _ in range(24):
            self.wfile.write(b"x" * 2**20)
