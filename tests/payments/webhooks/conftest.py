"""Receivers of webhooks on this machine, and a payments service that may send to them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from nexafi.payments.settings import PaymentsSettings
from tests.payments.conftest import MakePayments, Payments


@dataclass
class Receiver:
    """Somebody's server: it keeps what it is sent, and answers as it is told."""

    status: int = 204
    text: bytes = b""
    wait_s: float = 0.0
    location: str = ""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.got]


def handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
            time.sleep(receiver.wait_s)
            self.send_response(receiver.status)
            if receiver.location:
                self.send_header("location", receiver.location)
            self.send_header("content-length", str(len(receiver.text)))
            self.end_headers()
            self.wfile.write(receiver.text)

        def log_message(self, *_args: Any) -> None:
            pass

    return Handler


@pytest.fixture
def receivers() -> Iterator[Any]:
    """Return what starts a receiver; all are stopped at the end."""
    servers: list[ThreadingHTTPServer] = []

    def start(**how: Any) -> Receiver:
        receiver = Receiver(**how)
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler(receiver))
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hooks"
        return receiver

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def payments(make_payments: MakePayments) -> Payments:
    """Payments that may send to this machine."""
    return make_payments(settings=PaymentsSettings(takes_private_urls=True))
