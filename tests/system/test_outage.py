"""A platform that is watched: its log in Elasticsearch, its outage at a webhook, and its end."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import threading
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from typer.testing import CliRunner

from nexafi.cli.main import app
from nexafi.cli.platform import GATEWAY_PORT, SHIPPER_PORT
from nexafi.kernel.watch.fields import FIELDS
from tests.collector import Collector, Received
from tests.elastic import Elastic
from tests.house.test_alerts import INFRASTRUCTURE, LATER, RULES, metrics
from tests.system.test_start import PATIENCE_S, Installation, children, wait_until
from tests.tools import needs

pytestmark = [pytest.mark.timeout(240), needs("prometheus", "prometheus-alertmanager")]

UNSET = {"nexafi_redis_up"}
"""Told only where that which they speak of is set."""


def free_ports(count: int) -> list[int]:
    """Return some ports of ours that nobody listens on."""
    found: list[int] = []
    with ExitStack() as stack:
        for port in range(24_000 + os.getpid() % 900, 24_990):
            try:
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
            found.append(port)
            if len(found) == count:
                return found
    raise AssertionError("no ports are free")


class Webhook:
    """Somebody who is told of alerts."""

    def __init__(self, port: int) -> None:
        self.heard: list[dict[str, str]] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                hook.heard += [
                    {**each["labels"], **each["annotations"], "status": each["status"]}
                    for each in body["alerts"]
                ]
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def was_told(self, name: str, status: str) -> bool:
        return any(e["alertname"] == name and e["status"] == status for e in self.heard)


def certificate(path: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=90))
    ).sign(key, hashes.SHA256())
    path.write_bytes(made.public_bytes(Encoding.PEM))
    return path


@pytest.fixture(scope="module")
def platform(tmp_path_factory, elastic, collector):
    """A whole platform; its metrics and its deaths are watched."""
    folder = tmp_path_factory.mktemp("outage")
    made = Installation(folder / "data", base=free_ports(1)[0])
    made.start(
        "--all",
        NEXAFI_CERTIFICATES=json.dumps([str(certificate(folder / "certificate.pem"))]),
        NEXAFI_ELASTICSEARCH_URL=elastic.url,
        NEXAFI_OTLP_URL=collector.url,
        NEXAFI_OTLP_RATIO="1",
    )
    yield made
    made.stop()


@pytest.fixture(scope="module")
def elastic():
    made = Elastic(free_ports(50)[-1])
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def collector():
    made = Collector(free_ports(60)[-1])
    yield made
    made.stop()


@pytest.fixture
def watched(platform, tmp_path):
    """Return who is told of the alerts of the platform, by the rules as they are, only sooner."""
    prometheus, alertmanager, hook = free_ports(3)
    webhook = Webhook(hook)
    sooner = tmp_path / "rules"
    sooner.mkdir()
    for file in RULES.glob("*.yml"):
        rules = re.sub(r"^(\s+for:) \w+$", r"\1 1s", file.read_text(), flags=re.MULTILINE)
        (sooner / file.name).write_text(rules)
    config = yaml.safe_load((INFRASTRUCTURE / "prometheus" / "prometheus.yml").read_text())
    config["global"] = dict.fromkeys(config["global"], "500ms")
    config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [
        f"127.0.0.1:{alertmanager}"
    ]
    text = yaml.safe_dump(config)
    for offset in range(4):
        text = text.replace(f"127.0.0.1:{5000 + offset}", f"127.0.0.1:{platform.base + offset}")
    (tmp_path / "prometheus.yml").write_text(text)
    told = (INFRASTRUCTURE / "alertmanager" / "alertmanager.yml").read_text()
    told = told.replace("127.0.0.1:8060", f"127.0.0.1:{hook}")
    told = re.sub(r"(group_wait|group_interval): \w+", r"\1: 1s", told)
    (tmp_path / "alertmanager.yml").write_text(told)
    commands = [
        ["prometheus", f"--config.file={tmp_path}/prometheus.yml",
         f"--storage.tsdb.path={tmp_path}/series", f"--web.listen-address=127.0.0.1:{prometheus}"],
        ["prometheus-alertmanager", f"--config.file={tmp_path}/alertmanager.yml",
         f"--storage.path={tmp_path}/alerts", f"--web.listen-address=127.0.0.1:{alertmanager}",
         "--cluster.listen-address="],
    ]  # fmt: skip
    with (tmp_path / "log").open("wb") as log:
        started = [subprocess.Popen(each, stdout=log, stderr=log) for each in commands]
    yield webhook
    for each in started:
        each.terminate()
        each.wait(PATIENCE_S)
    webhook.server.shutdown()
    webhook.server.server_close()


def exposition(platform: Installation) -> str:
    offsets = (0, 1, 2, 3, SHIPPER_PORT - GATEWAY_PORT)
    return "".join(platform.get(offset, "/metrics")[1].decode() for offset in offsets)


def call(platform: Installation, path: str, body: object, token: str = "") -> tuple[int, dict]:
    connection = http.client.HTTPConnection("127.0.0.1", platform.base, timeout=20)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    if not token:
        del headers["Authorization"]
    connection.request("POST", f"/api/v1/{path}", json.dumps(body), headers)
    answer = connection.getresponse()
    said = json.loads(answer.read())
    connection.close()
    return answer.status, {**said, "request_id": answer.headers["X-Request-Id"]}


def entry(amount: str) -> dict[str, object]:
    lines = [
        {"account": account, "amount": {"amount": value, "currency": "EUR"}}
        for account, value in (("1810", amount), ("3000", f"-{amount}"))
    ]
    return {"date": "2026-06-30", "description": "Capital paid in", "lines": lines}


def test_what_people_do_is_found_in_elasticsearch_by_the_id_they_were_given(platform, elastic):
    elastic.is_too_busy = lambda number: number % 5 == 0
    person = {"email": "ada@example.com", "password": "correct horse battery 9"}
    home = {"name": "Ada", "country": "DE"}
    _, ada = call(platform, "users/register", {**person, "organization": home})
    call(platform, "users/login", {**person, "password": "a wrong one, again"})
    call(platform, "ledger/accounts/template", {"template": "ifrs"}, ada["access_token"])
    status, posted = call(platform, "ledger/entries", entry("100.00"), ada["access_token"])
    assert status == 201, posted

    def lines() -> list[dict]:
        every = list(elastic.documents.values())
        return [each for each in every if each.get("http.request.id") == posted["request_id"]]

    wait_until(lambda: len(lines()) >= 2, lambda: str(elastic.messages()))
    by_service = {each["service.name"]: each for each in lines()}
    assert set(by_service) >= {"nexafi-gateway", "nexafi-ledger"}
    line = by_service["nexafi-ledger"]
    assert line["nexafi.entries_posted"] == 1
    assert line["event.outcome"] == "success"
    assert line["organization.id"] == ada["organization"]["id"]
    assert by_service["nexafi-gateway"]["trace.id"] == line["trace.id"]
    deeds = {deed for each in elastic.documents.values() for deed in each.get("event.action", [])}
    assert {"users:organization:register", "users:login:fail"} <= deeds
    assert {name for each in elastic.documents.values() for name in each} <= set(FIELDS)


def test_a_trace_goes_through_gateway_service_and_event_to_the_collector(platform, collector):
    person = {"email": "grace@example.com", "password": "correct horse battery 9"}
    home = {"name": "Grace", "country": "US"}
    status, grace = call(platform, "users/register", {**person, "organization": home})
    assert status == 201
    trace_id = grace["request_id"]  # an id that we made is that of the trace

    def spans() -> dict[str, Received]:
        return {each.name: each for each in collector.spans if each.trace_id == trace_id}

    handled = "handle users.organization_changed"

    def handlers() -> list[Received]:
        mine = [each for each in collector.spans if each.trace_id == trace_id]
        return [each for each in mine if each.name == handled]

    wait_until(lambda: len(handlers()) == 2, lambda: str(sorted(spans())))  # ledger and payments
    wait_until(lambda: len(spans()) >= 4, lambda: str(sorted(spans())))
    found = spans()
    door, served = found["POST users"], found["POST /api/v1/users/register"]
    assert (door.service, door.kind, door.parent_id) == ("nexafi-gateway", "server", "")
    assert (served.service, served.parent_id) == ("nexafi-users", door.span_id)
    within = {served.span_id, *(each.span_id for each in handlers())}
    assert found["work write"].parent_id in within
    for each in handlers():
        assert (each.kind, each.parent_id) == ("consumer", served.span_id)
    assert door.seconds >= served.seconds > 0
    # The same way is told without any collector, by what the request left behind.
    told = CliRunner().invoke(
        app, ["trace", trace_id, "--data", str(platform.data), "--json"], catch_exceptions=False
    )
    (way,) = json.loads(told.stdout)["steps"]
    assert (way["service"], way["kind"]) == ("gateway", "request")
    (below,) = way["steps"]
    assert below["service"] == "users"
    assert below["ms"] <= way["ms"]
    kinds = {step["kind"]: step for step in below["steps"]}
    assert kinds["deed"]["what"] == "did users:organization:register"
    assert kinds["event"]["what"] == "told users.organization_changed, carried"
    heard = kinds["event"]["steps"]
    assert {(each["service"], each["kind"]) for each in heard} == {
        ("ledger", "handled"), ("payments", "handled"),
    }  # fmt: skip
    assert all(each["ms"] > 0 for each in heard)


def test_all_that_rules_ask_for_is_told_by_a_platform_that_runs(platform):
    platform.get(0, "/api/v1/ledger/accounts")  # a counter with labels begins with the first
    words = ["backup", str(platform.data.parent), "--data", str(platform.data)]
    assert CliRunner().invoke(app, words).exit_code == 0
    told = set(re.findall(r"^# TYPE (\S+) ", exposition(platform), re.MULTILINE))

    assert metrics() - told == LATER | UNSET


def test_metrics_are_named_by_the_rules_of_the_guide(platform):
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", exposition(platform), re.MULTILINE):
        if name.endswith("_created") or not name.startswith("nexafi_"):
            continue  # what the client library tells of itself and of the process
        assert re.fullmatch(r"nexafi(_[a-z0-9]+)+", name), name
        assert (kind == "counter") == name.endswith("_total"), name
        if kind == "histogram":
            assert name.endswith(("_seconds", "_bytes")), f"{name}: the unit comes last"


def test_an_outage_reaches_the_webhook_and_so_does_its_end(platform, watched):
    assert platform.process is not None
    pid = platform.process.pid
    gateway, users, _, *others = children(pid)  # in the order in which they were started
    all_of_them = len(children(pid))

    for _ in range(5):  # killed again and again it is started after pauses that grow
        wait_until(
            lambda: len(children(pid)) == all_of_them, lambda: "the ledger is not started again"
        )
        (ledger,) = set(children(pid)) - {gateway, users, *others}
        os.kill(ledger, signal.SIGKILL)
        wait_until(lambda: len(children(pid)) < all_of_them, lambda: "the ledger lives")

    wait_until(lambda: watched.was_told("ServiceDown", "firing"), lambda: str(watched.heard))
    (first, *_) = [each for each in watched.heard if each["alertname"] == "ServiceDown"]
    assert first["program"] == "ledger"
    assert first["severity"] == "critical"
    assert first["summary"] == "ledger cannot be reached"
    assert first["runbook"] == "docs/runbooks/ServiceDown.md"
    wait_until(lambda: platform.is_ready(2), lambda: "the ledger is not back")
    wait_until(lambda: watched.was_told("ServiceDown", "resolved"), lambda: str(watched.heard))
