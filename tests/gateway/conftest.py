"""A gateway, served by granian on a real socket, before services of our own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from tests.gateway import upstream
from tests.gateway.upstream import Upstream

ROOT = Path(__file__).parents[2]
SETTINGS = {"rate_per_s": 10_000, "burst": 100_000, "idle_timeout_s": 1.0, "body_max_bytes": 2**25}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Answer:
    """What the gateway said."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    is_closed: bool = False

    def all(self, name: str) -> list[str]:
        return [value for found, value in self.headers if found.lower() == name]

    def one(self, name: str) -> str:
        (value,) = self.all(name)
        return value

    @property
    def json(self) -> dict[str, object]:
        return json.loads(self.body)

    @property
    def problem(self) -> str:
        """The type of the problem, which must be whole and say which request it was."""
        assert self.one("content-type") == "application/problem+json"
        assert self.json["status"] == self.status
        assert self.json["request_id"] == self.one("x-request-id")
        assert self.json["title"]
        assert self.json["detail"]
        return str(self.json["type"]).removeprefix("/problems/")


@dataclass
class Door:
    """A running gateway."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """Ask as any client does; in the names of headers _ stands for -."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, given)
        answer = connection.getresponse()
        told = Answer(answer.status, answer.getheaders(), answer.read())
        connection.close()
        return told

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def send(self, raw: bytes, *, then_leave: bool = False) -> list[Answer]:
        """Send these very bytes and return every answer that comes back, until nothing does."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as client:
            client.sendall(raw)
            if then_leave:
                client.shutdown(socket.SHUT_WR)
            return read(client)


def read(client: socket.socket, wait_s: float = 0.3) -> list[Answer]:
    """Return all answers that come; the last says whether the connection was closed after it."""
    got, is_closed = b"", False
    client.settimeout(10)
    while True:
        try:
            piece = client.recv(65536)
        except TimeoutError:
            break
        except ConnectionResetError:
            piece = b""
        if not piece:
            is_closed = True
            break
        got += piece
        client.settimeout(wait_s)
    answers = _split(got)
    if answers:
        answers[-1].is_closed = is_closed
    return answers


class _Bytes:
    """Bytes that HTTPResponse reads as if they came from a socket."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def makefile(self, _mode: str):
        import io  # noqa: PLC0415 - here only

        return io.BytesIO(self.data)


def _split(got: bytes) -> list[Answer]:
    answers = []
    while got.startswith(b"HTTP/1."):
        answer = HTTPResponse(_Bytes(got))  # type: ignore[arg-type]
        answer.begin()
        stream = answer.fp
        body = answer.read()
        answers.append(Answer(answer.status, answer.getheaders(), body))
        got = stream.read() if not stream.closed else _after(got, answer, body)
    return answers


def _after(got: bytes, answer: HTTPResponse, body: bytes) -> bytes:
    """Return what follows an answer whose length was said."""
    head = got.index(b"\r\n\r\n") + 4
    if answer.chunked:
        return got[got.index(b"\r\n0\r\n\r\n", head - 2) + 7 :]
    return got[head + len(body) :]


Start = Callable[..., Door]
Serve = Callable[..., Door]


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Return what serves an application by granian; all are stopped at the end, by their ids."""
    started: list[subprocess.Popen[bytes]] = []

    def serve_one(app: str, interface: str, env: dict[str, str]) -> Door:
        port = free_port()
        log = tmp_path_factory.mktemp("door") / "log"
        command = [sys.executable, "-m", "granian", "--interface", interface, "--factory"]
        command += ["--no-ws", "--http", "1", "--host", "127.0.0.1", "--port", str(port), app]
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, env=os.environ | env, cwd=ROOT, stdout=output, stderr=output
            )
        started.append(process)
        for _ in range(1000):
            assert process.poll() is None, log.read_text()
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.02)
        return Door(port, process, log)

    yield serve_one
    for process in started:
        process.send_signal(signal.SIGTERM)
    for process in started:
        process.wait(20)


@pytest.fixture(scope="session")
def start_door(serve: Serve) -> Start:
    """Return what starts a gateway."""

    def start(
        upstreams: dict[str, str],
        app: str = "tests.gateway.served:app",
        env: dict[str, str] | None = None,
        **more: object,
    ):
        settings = SETTINGS | {"upstreams": upstreams} | more
        env = (env or {}) | {
            f"NEXAFI_GATEWAY_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
            for name, value in settings.items()
        }
        return serve(app, "rsgi", env)

    return start


@pytest.fixture(scope="session")
def running() -> Iterator[Upstream]:
    """A service of our own for the whole session; `service` is the same with nothing seen yet."""
    made = upstream.start()
    yield made
    made.close()


@pytest.fixture
def service(running: Upstream) -> Upstream:
    """The service `one`, which has seen nothing yet."""
    running.rest()
    return running


@pytest.fixture(scope="session")
def common_door(start_door: Start, running: Upstream) -> Door:
    gone = f"http://127.0.0.1:{free_port()}"
    upstreams = {"one": running.origin, "users": running.origin, "gone": gone}
    return start_door(upstreams, failures_max=1_000_000, first_byte_timeout_s=1.0)


@pytest.fixture
def door(common_door: Door, service: Upstream) -> Door:
    """A gateway before the services `one` and `users`, and `gone`, where nobody listens."""
    return common_door
