"""The metrics of a process that serves nobody else: a worker, a shipper of logs."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from typing_extensions import override

from nexafi.kernel.watch.metrics import CONTENT_TYPE

BACKLOG: Final = 16
TIMEOUT_S: Final = 10
STATES: Final = {"/healthz": b'{"status": "ok"}', "/readyz": b'{"status": "ready"}'}


def show(listening: socket.socket, exposition: Callable[[], bytes]) -> None:
    """Answer `/metrics` and `/healthz` on a socket from now on, in a thread beside the work."""

    class Page(BaseHTTPRequestHandler):
        timeout = TIMEOUT_S

        def do_GET(self) -> None:
            if self.path == "/metrics":
                body, kind = exposition(), CONTENT_TYPE
            elif self.path in STATES:
                body, kind = STATES[self.path], "application/json"
            else:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        @override
        def log_message(self, *_: object) -> None:
            """Write nothing down: it is asked every few seconds."""

    listening.setblocking(True)  # noqa: FBT003 - the name of the standard library
    server = ThreadingHTTPServer(("", 0), Page, bind_and_activate=False)
    server.socket.close()
    server.socket = listening
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
