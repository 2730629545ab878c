"""Two machines that share a Redis: who signs out is out on both, and without Redis both go on."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.redises import needs_server, private
from tests.system.test_start import Installation, wait_until

pytestmark = [needs_server, pytest.mark.timeout(180)]

GATEWAY, USERS, LEDGER = range(3)
API = "/api/v1/ledger"
SECRET = "a secret that both machines have been given"


@dataclass
class Machine:
    """What runs on one machine, and asking it."""

    installation: Installation

    def ask(
        self, offset: int, method: str, path: str, token: str = "", body: object = None
    ) -> tuple[int, dict[str, object]]:
        connection = HTTPConnection("127.0.0.1", self.installation.base + offset, timeout=20)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        is_json = (answer.getheader("content-type") or "").endswith("json")
        return answer.status, json.loads(text) if is_json else {"text": text.decode()}

    def metric(self, offset: int, name: str) -> float:
        lines = str(self.ask(offset, "GET", "/metrics")[1]["text"]).splitlines()
        found = [line.rpartition(" ")[2] for line in lines if line.startswith(name)]
        return sum(map(float, found))

    def said(self) -> str:
        folder = self.installation.data
        return "".join(path.read_text() for path in Path(folder).rglob("*.log*"))


@pytest.fixture
def machines(tmp_path):
    """Start two machines on one Redis: the first with users, each with a gateway and a ledger."""
    with private(password="of-the-tests") as redis:
        environment = {
            "NEXAFI_REDIS_URL": redis.url(),
            "NEXAFI_REDIS_TIMEOUT_MS": "1000",  # the machine is busy with other tests
            "NEXAFI_SECRET": SECRET,
            "NEXAFI_GATEWAY_RATE_PER_S": "10000",
            "NEXAFI_GATEWAY_BURST": "10000",
        }
        started: list[Installation] = []

        def start(name: str, *services: str, **more: str) -> Machine:
            (tmp_path / name).mkdir()
            started.append(Installation(tmp_path / name / "data"))
            started[-1].start(*services, **environment, **more)
            return Machine(started[-1])

        try:
            first = start("first", "gateway", "users", "ledger")
            users = f"http://127.0.0.1:{first.installation.base + USERS}"
            yield redis, first, start("second", "gateway", "ledger", NEXAFI_USERS_URL=users)
        finally:
            for each in started:
                if each.process is not None and each.process.poll() is None:
                    each.stop()


def sign_up(machine: Machine, email: str) -> dict[str, object]:
    status, tokens = machine.ask(
        GATEWAY,
        "POST",
        "/api/v1/users/register",
        body={
            "email": email,
            "password": "correct horse battery 9",
            "organization": {"name": "Engines", "country": "US"},
        },
    )
    assert status == 201, tokens
    return tokens


def test_who_signs_out_is_out_everywhere_and_redis_may_go_and_come(machines):
    redis, first, second = machines
    token = str(sign_up(first, "ada@example.com")["access_token"])
    places = [(first, GATEWAY), (first, LEDGER), (second, GATEWAY), (second, LEDGER)]

    def statuses() -> list[int]:
        path = f"{API}/accounts"
        return [machine.ask(offset, "GET", path, token)[0] for machine, offset in places]

    def all_hear() -> bool:
        before = first.metric(USERS, REVOCATIONS_ASKED)
        for _ in range(6):
            assert statuses() == [200] * 4
            time.sleep(0.25)
        return first.metric(USERS, REVOCATIONS_ASKED) == before

    # 1. everybody hears, so nobody asks users, although tokens are judged all the time
    wait_until(all_hear, lambda: "users are asked again and again")

    # 2. who signs out at one machine is out at both, by what was heard
    asked_before = first.metric(USERS, REVOCATIONS_ASKED)
    assert first.ask(GATEWAY, "POST", "/api/v1/users/logout", token)[0] in {200, 204}
    left = time.monotonic()
    wait_until(lambda: statuses() == [401] * 4, lambda: str(statuses()))
    print(f"refused everywhere after {time.monotonic() - left:.2f} s")  # noqa: T201 - with -s
    assert first.metric(USERS, REVOCATIONS_ASKED) <= asked_before + 3, "once in 20 s is calm"

    # 3. Redis hangs: money moves once and is seen at once, through either machine
    redis.pause()
    token = str(sign_up(first, "cleo@example.com")["access_token"])
    for code, kind in (("1000", "asset"), ("4000", "income")):
        account = {"code": code, "name": kind, "type": kind}
        assert first.ask(LEDGER, "POST", f"{API}/accounts", token, account)[0] == 201
    for cents in (1, 2, 3):
        sale = {"date": "2026-03-01", "description": "Sale", "source": f"sale/{cents}"}
        sale["lines"] = [
            {"account": code, "amount": {"amount": f"{sign}0.0{cents}", "currency": "USD"}}
            for code, sign in (("1000", ""), ("4000", "-"))
        ]
        assert first.ask(GATEWAY, "POST", f"{API}/entries", token, sale)[0] == 201
        assert first.ask(GATEWAY, "POST", f"{API}/entries", token, sale)[0] == 409
        told = first.ask(GATEWAY, "GET", f"{API}/reports/trial-balance?as_of=2026-12-31", token)[1]
        balances = [row["balance"]["amount"] for row in told["rows"]]
        assert balances == [f"0.0{sum(range(cents + 1))}", f"-0.0{sum(range(cents + 1))}"]
    redis.resume()

    # 4. Redis dies: all goes on, and says that it lacks something
    redis.kill()
    token = str(sign_up(second, "bob@example.com")["access_token"])
    assert statuses() == [200] * 4
    for machine, offset in [*places, (first, USERS)]:
        status, told = machine.ask(offset, "GET", "/readyz")
        assert (status, told["status"]) == (200, "degraded"), told
        assert machine.metric(offset, "nexafi_redis_up") == 0
    left = time.monotonic()
    assert second.ask(GATEWAY, "POST", "/api/v1/users/logout", token)[0] in {200, 204}
    wait_until(lambda: statuses() == [401] * 4, lambda: str(statuses()))
    print(f"without Redis after {time.monotonic() - left:.2f} s")  # noqa: T201 - with -s

    # 5. it comes back, and so do we
    redis.start()
    for machine, offset in [*places, (first, USERS)]:
        wait_until(
            lambda machine=machine, offset=offset: (
                machine.ask(offset, "GET", "/readyz")[1]["status"] == "ready"
            ),
            lambda: "it stays away",
        )
    token = str(sign_up(first, "eve@example.com")["access_token"])
    wait_until(all_hear, lambda: "users are asked again and again")

    # 6. each process said it once, or once more where it hung, and nobody said the password
    for machine, processes in ((first, 3), (second, 2)):
        said = machine.said()
        assert 1 <= said.count("Redis is away") <= 3 * processes
        assert 1 <= said.count("Redis is there again") <= 3 * processes
        assert "of-the-tests" not in said


REVOCATIONS_ASKED = (
    'nexafi_requests_total{endpoint="/api/v1/users/revocations",method="GET",service="users"'
)
