"""A platform of real processes, to be killed, stopped, starved and started again."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2]
PATIENCE_S = 60.0
PORTS = range(26_000, 26_900)
NAMES = ("gateway", "users", "ledger", "payments")
"""In the order of their ports, and of the processes below the supervisor."""

USUAL = {
    "NEXAFI_BCRYPT_COST": "4",
    "NEXAFI_GATEWAY_RATE_PER_S": "100000",
    "NEXAFI_GATEWAY_BURST": "100000",
    "NEXAFI_LOG_LEVEL": "WARNING",
    "NEXAFI_GATEWAY_REST_MAX_S": "1",
    "NEXAFI_POLL_S": "0.1",
}


@dataclass
class Platform:
    """An installation: a data folder, ports, and one group of processes while it runs."""

    data: Path
    settings: dict[str, str] = field(default_factory=dict)
    variant: str = "as it is"
    """What is broken in it; see `program.py`."""
    base: int = field(default_factory=lambda: free_ports(len(NAMES)))
    process: subprocess.Popen[bytes] | None = None
    log: Path = Path()
    """Where it writes what it has to say."""

    def start(self) -> None:
        """Start all, and wait until all are ready."""
        assert self.process is None, "it runs already"
        command = [sys.executable, "-m", "tests.reliability.program", self.variant]
        command += ["serve", "--all", "--data", str(self.data), "--port-base", str(self.base)]
        others = {k: v for k, v in os.environ.items() if not k.startswith("NEXAFI_")}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=PROJECT,
                env=others | USUAL | self.settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # so that all of it can be killed at one blow
            )
        wait_until(self.is_ready, self.said)

    def is_ready(self) -> bool:
        """Return whether every process takes requests; raise if the supervisor is no more."""
        assert self.process is not None
        assert self.process.poll() is None, self.said()
        return all(ask(self.base + n, "/readyz")[0] == 200 for n in range(len(NAMES)))

    def pids(self) -> dict[str, int]:
        """Return the process of each program that runs just now.

        The supervisor forks in the order of NAMES, and the kernel lists children by their age;
        whoever was started again is told by the port on which it listens.
        """
        assert self.process is not None
        found = {}
        for pid in children(self.process.pid):
            for number, name in enumerate(NAMES):
                if self.base + number in listening(pid):
                    found[name] = pid
        return found

    def kill(self, name: str) -> bool:
        """Kill the process of one program; return False if it was not there."""
        pid = self.pids().get(name)
        if pid is None:
            return False
        os.kill(pid, signal.SIGKILL)
        return True

    def kill_all(self) -> None:
        """Kill the supervisor and all that it started, as when the machine is lost."""
        assert self.process is not None
        below = children(self.process.pid)
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None
        wait_until(lambda: not any(is_alive(pid) for pid in below), lambda: "they live on")

    def command(self, *options: str) -> str:
        """Run `nexafi serve` with *options* beside it, and return what it says."""
        given = ["--data", str(self.data), "--port-base", str(self.base), *options]
        done = subprocess.run(
            [sys.executable, "-m", "nexafi.cli.main", "serve", *given],
            cwd=PROJECT,
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S * 5,
        )
        assert done.returncode == 0, done.stderr + self.said()
        return done.stdout

    def stop(self) -> int:
        """Stop it gently; return the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE_S)
        self.process = None
        return code

    def said(self) -> str:
        """Return the end of what it wrote."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-4000:]


@contextmanager
def running(
    data: Path,
    settings: dict[str, str] | None = None,
    variant: str = "as it is",
    *,
    log: Path | None = None,
    base: int | None = None,
) -> Iterator[Platform]:
    """Start a platform on a folder, and leave nothing of it at the end."""
    log = log or data.with_suffix(".log")
    platform = Platform(data, settings or {}, variant, base or free_ports(len(NAMES)), log=log)
    try:
        platform.start()
        yield platform
    finally:
        if platform.process is not None and platform.process.poll() is None:
            platform.kill_all()


def ask(
    port: int,
    path: str,
    method: str = "GET",
    body: Any = None,
    timeout_s: float = 10.0,
    **headers: str,
) -> tuple[int, Any]:
    """Ask once on a connection of its own; 0 and the error where nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    raw = None
    if body is not None:
        raw, given["Content-Type"] = json.dumps(body), "application/json"
    try:
        connection.request(method, path, raw, given)
        answer = connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content) if content else None
    except (OSError, http.client.HTTPException, ValueError) as error:
        return 0, error
    finally:
        connection.close()


def wait_until(condition: Callable[[], bool], tell: Callable[[], object]) -> None:
    """Wait until *condition* holds, or fail with what *tell* says."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, tell()
        time.sleep(0.02)


def children(pid: int) -> list[int]:
    """Return the living processes that *pid* started."""
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except FileNotFoundError:
        return []
    return [int(each) for each in found.split() if is_alive(int(each))]


def is_alive(pid: int) -> bool:
    """Return whether a process runs."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z"


def listening(pid: int) -> set[int]:
    """Return the ports on which a process listens."""
    opened = set()
    try:
        for each in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                opened.add(str(each.readlink()))
        table = Path(f"/proc/{pid}/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return set()
    rows = [line.split() for line in table]
    return {
        int(row[1].split(":")[1], 16)
        for row in rows
        if row[3] == "0A" and f"socket:[{row[9]}]" in opened
    }


def free_ports(count: int) -> int:
    """Return the first of *count* ports in a row that nobody listens on."""
    start = os.getpid() * 13 % len(PORTS)
    for base in (*PORTS[start::5], *PORTS[:start:5]):
        with ExitStack() as stack:
            try:
                for port in range(base, base + count):
                    stack.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
            return base
    raise AssertionError("no ports are free")
