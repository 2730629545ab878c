"""Starting, dying, stopping: real processes on real sockets."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from nexafi.cli.platform import existing
from tests.system.conftest import embedded

PROJECT = Path(__file__).parents[2]
PATIENCE_S = 60.0
pytestmark = pytest.mark.timeout(180)


def free_ports(count: int) -> int:
    """Return the first of *count* ports in a row that nobody listens on."""
    for base in range(22_100 + os.getpid() % 700, 22_990, 7):
        with ExitStack() as stack:
            try:
                for port in range(base, base + count):
                    stack.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
            return base
    raise AssertionError("no ports are free")


@dataclass
class Installation:
    """A data folder and what was started on it."""

    data: Path
    base: int = field(default_factory=lambda: free_ports(4))
    process: subprocess.Popen[str] | None = None
    environment: dict[str, str] = field(default_factory=dict)
    """What it is told to stand on."""
    said: list[str] = field(default_factory=list)

    def command(self, *options: str) -> list[str]:
        program = [sys.executable, "-m", "nexafi.cli.main", "serve"]
        return [*program, "--data", str(self.data), "--port-base", str(self.base), *options]

    def start(self, *options: str, **environment: str) -> None:
        """Start, and wait until it says that it is ready."""
        self.process = subprocess.Popen(
            self.command("--log", "file", *options),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "NEXAFI_BCRYPT_COST": "4", **self.environment, **environment},
            cwd=self.data.parent,
            start_new_session=True,  # no terminal, as under systemd or in a container
        )
        threading.Thread(target=self._listen, daemon=True).start()
        self.hear("is ready")

    def _listen(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        with self.process.stdout as console:
            for line in console:
                self.said.append(line)

    def hear(self, words: str) -> None:
        """Wait until *words* are said on the console."""
        wait_until(lambda: any(words in line for line in self.said), lambda: "".join(self.said))

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*options),
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            env={**os.environ, **self.environment},
            cwd=self.data.parent,
        )

    def get(self, offset: int, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.base + offset, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def is_ready(self, offset: int) -> bool:
        try:
            return self.get(offset, "/readyz")[0] == 200
        except OSError:
            return False

    def stop(self, which: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(which)
        return self.process.wait(PATIENCE_S)


def wait_until(condition, tell) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, tell()
        time.sleep(0.05)


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(each) for each in found.split() if is_alive(int(each))]


def is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z"


@pytest.fixture
def installation(tmp_path, form):
    made = Installation(tmp_path / "data", environment=form)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.terminate()
        made.process.wait(PATIENCE_S)
    made.run("--stop")


def test_all_services_start_answer_and_stop_gently(installation):
    installation.start("--all")

    assert installation.is_ready(0), "the gateway"
    assert installation.is_ready(1), "users"
    assert installation.is_ready(2), "the ledger"
    assert installation.get(0, "/.well-known/jwks.json")[0] == 200
    assert (installation.data / "secret").stat().st_mode & 0o077 == 0

    assert installation.stop() == 0
    with pytest.raises(ConnectionRefusedError):
        installation.get(2, "/healthz")
    assert not (installation.data / "running.json").exists()


def test_a_service_that_is_killed_comes_back_and_that_is_said(installation):
    installation.start("users", "ledger")
    assert installation.process is not None
    before = children(installation.process.pid)

    os.kill(before[1], signal.SIGKILL)

    installation.hear("was killed by signal 9; it is started again in 0.5 s")
    installation.hear("is back.")
    wait_until(lambda: installation.is_ready(1) and installation.is_ready(2), lambda: "not ready")
    after = children(installation.process.pid)
    assert len(after) == 2
    assert before[0] in after


@embedded
def test_pauses_grow_while_a_service_keeps_dying(installation):
    installation.start("users")
    assert installation.process is not None

    for pause in ("0.5 s", "1 s", "2 s"):
        wait_until(lambda: len(children(installation.process.pid)) == 1, lambda: "nobody")
        os.kill(children(installation.process.pid)[0], signal.SIGKILL)
        installation.hear(f"again in {pause}")


def test_a_request_that_has_begun_is_finished_when_told_to_stop(installation):
    installation.start("users", "ledger", NEXAFI_BCRYPT_COST="12")
    answers: list[int] = []
    body = json.dumps(
        {
            "email": "ada@example.com",
            "password": "correct horse battery 9",
            "organization": {"name": "Ada", "country": "US"},
        }
    )

    def register() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", installation.base + 1, timeout=20)
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/api/v1/users/register", body, headers)
        begun.set()
        answers.append(connection.getresponse().status)

    begun = threading.Event()
    caller = threading.Thread(target=register)
    caller.start()
    begun.wait(10)
    time.sleep(0.05)  # a password costs more than that: the request is in the middle

    began = time.monotonic()
    code = installation.stop()
    caller.join(20)

    assert (code, answers) == (0, [201])
    assert time.monotonic() - began < 10


@embedded
def test_control_c_stops_all(installation):
    installation.start("users")
    assert installation.process is not None
    below = children(installation.process.pid)

    assert installation.stop(signal.SIGINT) == 0
    assert not any(is_alive(pid) for pid in below)


@embedded
def test_services_do_not_outlive_a_supervisor_that_was_killed(installation):
    installation.start("users", "ledger")
    assert installation.process is not None
    below = children(installation.process.pid)

    installation.stop(signal.SIGKILL)

    wait_until(lambda: not any(map(is_alive, below)), lambda: "they live on")
    again = replace(installation, process=None, said=[])
    again.start("users")
    assert again.stop() == 0


@embedded
def test_detached_it_goes_on_is_seen_and_is_stopped(installation):
    started = installation.run("--all", "--detach")
    assert started.returncode == 0, started.stderr

    seen = installation.run("--status", "--json")
    states = json.loads(seen.stdout)
    assert seen.returncode == 0
    assert states["states"] == dict.fromkeys(["gateway", *existing()], "ready")
    assert "ready" in installation.run("--status").stdout

    stopped = installation.run("--stop", "--json")
    assert json.loads(stopped.stdout) == {"stopped": states["pid"]}
    assert installation.run("--status").returncode == 1
    assert "Nothing runs" in installation.run("--stop").stdout


def test_all_processes_are_replaced_and_the_ports_never_close(installation):
    installation.start("users", "ledger")
    assert installation.process is not None
    before = children(installation.process.pid)

    done = installation.run("--reload", "--json")

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"reloaded": installation.process.pid}
    after = children(installation.process.pid)
    assert len(after) == 2
    assert not set(before) & set(after)
    assert installation.is_ready(1)
    assert installation.is_ready(2)
    os.kill(after[0], signal.SIGKILL)  # what was replaced is kept going as well
    installation.hear("is back.")
    assert installation.stop() == 0


@embedded
def test_what_does_not_start_takes_nobodys_place(installation):
    installation.start("users", "ledger")
    assert installation.process is not None
    before = children(installation.process.pid)
    settings = installation.data.parent / ".env"
    settings.write_text("NEXAFI_DRAIN_S=never\n", encoding="utf-8")

    os.kill(installation.process.pid, signal.SIGHUP)  # no terminal: the same as --reload
    installation.hear("The new users ended before it was at work; the old one goes on.")
    assert children(installation.process.pid) == before
    assert installation.is_ready(1)

    settings.unlink()
    os.kill(installation.process.pid, signal.SIGHUP)
    installation.hear("ledger is replaced.")
    assert not set(before) & set(children(installation.process.pid))
    assert installation.is_ready(1)


@embedded
def test_where_nothing_runs_there_is_nothing_to_replace(installation):
    done = installation.run("--reload")

    assert done.returncode == 1
    assert "Nothing runs" in done.stdout


@embedded
def test_a_port_that_is_taken_is_said_in_one_line(installation):
    with socket.create_server(("127.0.0.1", installation.base + 1)):
        refused = installation.run("--all")

    assert refused.returncode == 2
    assert refused.stderr.strip() == (
        f"Port {installation.base + 1}, where users would listen, is taken;"
        " choose others by --port-base."
    )


@embedded
def test_one_data_folder_is_for_one_installation(installation):
    installation.start("users")
    other = Installation(installation.data, free_ports(4))

    refused = other.run("users")

    assert refused.returncode == 2
    assert f"already runs on {installation.data}" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    assert installation.is_ready(1)


def test_started_again_it_finds_what_it_had(installation):
    installation.start("users")
    _, keys = installation.get(1, "/.well-known/jwks.json")
    secret = (installation.data / "secret").read_bytes()
    installation.stop()

    again = replace(installation, process=None, said=[])
    again.start("users")

    try:
        assert (again.data / "secret").read_bytes() == secret
        assert not any("up to date" in line for line in again.said), "nothing is migrated twice"
        assert keys
    finally:
        again.stop()


def test_all_together_stay_light(installation):
    installation.start("--all")
    assert installation.process is not None

    total = 0
    for pid in (installation.process.pid, *children(installation.process.pid)):
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
        total += next(int(x.split()[1]) for x in rollup.splitlines() if x.startswith("Pss:"))
    assert total / 1024 < 350, "MiB in all processes together"
