"""What compose.yaml and the manifests start, without containers: two of each, one door, a worker.

With the settings that they give: neither services nor workers come as the owner of the database.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.conftest import LONG, NEEDS_POSTGRES, POSTGRES
from tests.infrastructure.test_start import free_base
from tests.servers import Servers

PATIENCE_S = 90.0
ROUNDS = 2
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
        self.env |= {"NEXAFI_GATEWAY_RATE_PER_S": "10000", "NEXAFI_GATEWAY_BURST": "10000"}
        self.env["NEXAFI_LINGERS"] = "true"
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

    def opened(self) -> dict[str, str]:
        """Return what signs in somebody whose books have two accounts."""
        status, session = self.ask("POST", "/api/v1/users/register", ADA)
        assert status == 201, session
        token = {"Authorization": f"Bearer {session['access_token']}"}
        for code, kind in (("1", "asset"), ("2", "income")):
            account = {"code": code, "name": kind, "type": kind}
            assert self.ask("POST", "/api/v1/ledger/accounts", account, **token)[0] == 201
        return token

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
    if "NEXAFI_REDIS_URL" in containers.env:
        assert 'nexafi_redis_up{service="ledger"} 1.0' in figures
    _, listed = containers.ask("GET", "/api/v1/ledger/accounts", **token)
    assert len(listed["items"]) > 20, "each account once"


@NEEDS_POSTGRES
@pytest.mark.skipif(not LONG, reason="all instances, one after the other: NEXAFI_TEST_LONG=1")
@pytest.mark.timeout(600)
def test_instances_are_rolled_over_one_by_one_and_no_request_fails(containers):
    containers.start_all()
    containers.wait(lambda: whole(containers.state()))
    token = containers.opened()
    answers: Counter[tuple[str, int]] = Counter()
    over = threading.Event()

    def go_on(number: int) -> None:
        """Write with a key, write without one, read: each must go well at the first time."""
        for place in itertools.count():
            if over.is_set():
                return
            own = token | ({"Idempotency-Key": f"{number}/{place}"} if place % 2 else {})
            path = "/api/v1/ledger/entries"
            status, said = containers.ask("POST", path, sale(number, place), **own)
            answers["wrote with a key" if place % 2 else "wrote", status] += 1
            if status != 201:
                print(status, said)  # noqa: T201 - pytest shows it where it failed
            status, _ = containers.ask("GET", "/api/v1/users/me", **token)
            answers["read", status] += 1
            time.sleep(0.02)

    callers = [threading.Thread(target=go_on, args=(number,)) for number in range(4)]
    for each in callers:
        each.start()
    try:
        for _ in range(ROUNDS):
            for name, base, port in (
                ("ledger-1", containers.base, containers.base + 2),
                ("ledger-2", containers.base + 6, containers.base + 8),
                ("users-1", containers.base, containers.base + 1),
                ("users-2", containers.base + 6, containers.base + 7),
            ):
                containers.running[name].send_signal(signal.SIGTERM)
                assert containers.running.pop(name).wait(PATIENCE_S) == 0
                containers.start(name, base, "serve", name.partition("-")[0])
                containers.wait(lambda port=port: ready(port))
                containers.wait(lambda: whole(containers.state()))
    finally:
        over.set()
        for each in callers:
            each.join(60)

    print(dict(answers))  # noqa: T201 - with -s
    assert {status for (_, status) in answers} == {200, 201}, answers
    assert {deed for (deed, _) in answers} == {"wrote", "wrote with a key", "read"}
    wrote = answers["wrote", 201] + answers["wrote with a key", 201]
    _, checked = containers.ask("GET", "/api/v1/ledger/check", **token)
    assert (checked["is_right"], checked["entries"]) == (True, wrote)


def sale(number: int, place: int) -> dict[str, object]:
    """Return an entry of its own."""
    lines = [
        {"account": code, "amount": {"amount": amount, "currency": "EUR"}}
        for code, amount in (("1", "1.00"), ("2", "-1.00"))
    ]
    return {"date": "2026-03-01", "description": f"Sale {number}/{place}", "lines": lines}


def ready(port: int) -> bool:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
