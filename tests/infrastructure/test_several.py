"""What compose.yaml and the manifests start, without containers: two of each, one door, a worker.

With the settings that they give: neither services nor workers come as the owner of the database.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.conftest import NEEDS_POSTGRES, POSTGRES
from tests.infrastructure.test_start import free_base
from tests.servers import Servers

PATIENCE_S = 90.0
ADA = {
    "email": "ada@example.com",
    "password": "a long and quiet river",
    "organization": {"name": "Engines", "country": "DE"},
}


class Containers:
    """Programs with a data folder and ports of their own, as if each were a machine."""

    def __init__(self, folder: Path, given: dict[str, str]) -> None:
        self.folder = folder
        self.base = free_base()
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        clean = {k: v for k, v in os.environ.items() if not k.startswith("NEXAFI_")}
        self.env = clean | given | {"NEXAFI_BCRYPT_COST": "4", "NEXAFI_SECRET": "s" * 40}
        for name, offset in (("USERS", 1), ("LEDGER", 2)):
            ports = (self.base + offset, self.base + 6 + offset)
            self.env[f"NEXAFI_{name}_URL"] = ",".join(f"http://127.0.0.1:{port}" for port in ports)

    def start(self, name: str, base: int, *arguments: str) -> None:
        own = {"NEXAFI_DATA": str(self.folder / name), "NEXAFI_PORT_BASE": str(base)}
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", "nexafi.cli.main", *arguments],
                env=self.env | own, cwd=self.folder, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def start_all(self) -> None:
        for number, base in ((1, self.base), (2, self.base + 6)):
            self.start(f"users-{number}", base, "serve", "users")
            self.start(f"ledger-{number}", base, "serve", "ledger")
        self.start("worker-1", self.base, "worker", "--metrics-port", str(self.base + 15))
        self.start("gateway", self.base, "serve", "gateway")

    def said(self) -> str:
        return "\n".join(each.read_text()[-2000:] for each in self.folder.glob("*.log"))

    def ask(self, method: str, path: str, body: object = None, port: int | None = None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", port or self.base, timeout=30)
        given = {"Content-Type": "application/json", **headers}
        connection.request(method, path, json.dumps(body) if body else None, given)
        answer = connection.getresponse()
        told = answer.read()
        connection.close()
        return answer.status, json.loads(told) if told.startswith(b"{") else told.decode()

    def state(self) -> object:
        try:
            return self.ask("GET", "/readyz")[1]
        except OSError:
            return None

    def wait(self, condition) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, (self.state(), self.said())
            time.sleep(0.1)

    def stop(self) -> None:
        for process in self.running.values():
            process.send_signal(signal.SIGTERM)
        for process in self.running.values():
            process.wait(PATIENCE_S)


@pytest.fixture
def containers(tmp_path: Path) -> Iterator[Containers]:
    if not POSTGRES:
        pytest.fail("CI is set, and NEXAFI_TEST_POSTGRES names no database.")
    with ExitStack() as stack:
        servers = Servers(POSTGRES)
        stack.callback(servers.close)
        given = stack.enter_context(servers.place())
        del given["NEXAFI_DATABASE_OWNER_URL"]
        made = Containers(tmp_path, given | {"NEXAFI_WORKER": "separate"})
        stack.callback(made.stop)
        yield made


def whole(state: object) -> bool:
    return isinstance(state, dict) and state["status"] == "ready"


@NEEDS_POSTGRES
@pytest.mark.timeout(240)
def test_two_of_each_serve_together_and_one_that_leaves_or_dies_is_not_missed(containers):
    containers.start_all()
    containers.wait(lambda: whole(containers.state()))
    status, session = containers.ask("POST", "/api/v1/users/register", ADA)
    assert status == 201, session
    token = {"Authorization": f"Bearer {session['access_token']}"}
    template = {"template": "ifrs"}
    assert containers.ask("POST", "/api/v1/ledger/accounts/template", template, **token)[0] < 300

    answers: list[int] = []
    over = threading.Event()

    def go_on() -> None:
        while not over.is_set():
            answers.append(containers.ask("GET", "/api/v1/ledger/accounts", **token)[0])
            answers.append(containers.ask("GET", "/api/v1/users/me", **token)[0])
            time.sleep(0.1)

    caller = threading.Thread(target=go_on)
    caller.start()
    try:
        for name in ("users-1", "ledger-2"):
            before = len(answers)
            containers.wait(lambda before=before: len(answers) > before + 10)
            containers.running[name].send_signal(signal.SIGTERM)
            assert containers.running.pop(name).wait(PATIENCE_S) == 0
        containers.wait(lambda: not whole(containers.state()))
        before = len(answers)
        containers.wait(lambda: len(answers) > before + 20)
        os.killpg(containers.running["ledger-1"].pid, signal.SIGKILL)
        containers.running.pop("ledger-1").wait()
        containers.start("ledger-2", containers.base + 6, "serve", "ledger")
        containers.wait(lambda: ready(containers.base + 8))
    finally:
        over.set()
        caller.join(60)

    leaving = answers[: before + 20]
    assert set(leaving) == {200}, "an instance that leaves is not missed"
    containers.wait(lambda: containers.ask("GET", "/api/v1/ledger/accounts", **token)[0] == 200)
    status, figures = containers.ask("GET", "/metrics", port=containers.base + 15)
    assert status == 200
    assert "nexafi_outbox_waiting" in figures
    _, listed = containers.ask("GET", "/api/v1/ledger/accounts", **token)
    assert len(listed["items"]) > 20, "each account once"


def ready(port: int) -> bool:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
