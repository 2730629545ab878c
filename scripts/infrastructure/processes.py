"""Processes that outlive who started them: written down, found again, ended by their ids."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from scripts.infrastructure.parts import Trouble

HERE: Final = "127.0.0.1"
END_S: Final = 60.0
"""How long a server may take to put its things in order when it is told to stop."""


@dataclass(frozen=True)
class Process:
    """One process that we started, as it is written down."""

    pid: int
    born: str
    """When it began, in ticks since the machine did: so that a pid used again is not taken for
    it."""

    @classmethod
    def of(cls, pid: int) -> Process:
        """Return the process that has this id now."""
        return cls(pid, _stat(pid)[1])

    @property
    def is_alive(self) -> bool:
        """Return whether it runs: not ended, and not a dead one that nobody has asked about."""
        state, born = _stat(self.pid)
        return born == self.born and state not in {"", "Z", "X"}

    def end(self, how: signal.Signals) -> None:
        """Tell it to stop and wait; one that does not is ended, with all that it started."""
        if not self.is_alive:
            return
        os.kill(self.pid, how)
        deadline = time.monotonic() + END_S
        while self.is_alive and time.monotonic() < deadline:
            time.sleep(0.1)
        if self.is_alive:
            os.killpg(self.pid, signal.SIGKILL)
        while self.is_alive:
            time.sleep(0.1)


def _stat(pid: int) -> tuple[str, str]:
    """Return the state of a process and when it began, or two empty texts."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "", ""
    fields = text.rpartition(")")[2].split()
    return fields[0], fields[19]


@dataclass
class Room:
    """The folder of one server: its data, its log, its configuration, and who runs in it."""

    folder: Path
    account: str | None = None
    """The user as whom its server runs, if we are root."""

    def make(self, *accounts: str) -> None:
        """Make the folder, for the first of *accounts* that exists if we are root."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            self.account = next((each for each in accounts if _is_known(each)), None)
        if self.account is not None:
            self._give(self.folder)
            probe = ["test", "-w", str(self.folder)]
            if subprocess.run(probe, check=False, **self.as_whom).returncode != 0:
                raise Trouble(
                    f"The user {self.account} does not reach {self.folder}, and its server must not"
                    " run as root: name a folder that others may enter by --data."
                )
        self.folder.chmod(0o700)

    def write(self, name: str, text: str) -> Path:
        """Write a configuration that nobody else reads: there are passwords in it."""
        path = self.folder / name
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_text(text, encoding="utf-8")
        self._give(path)
        return path

    def subfolder(self, name: str) -> Path:
        """Make a folder within for its server."""
        path = self.folder / name
        path.mkdir(exist_ok=True)
        self._give(path)
        return path

    @property
    def as_whom(self) -> dict[str, Any]:
        """Return what lets a subprocess run as the account."""
        if self.account is None:
            return {}
        group = pwd.getpwnam(self.account).pw_gid
        return {"user": self.account, "group": group, "extra_groups": []}

    def run(self, command: Sequence[str | Path], **given: Any) -> str:  # noqa: ANN401 - as subprocess
        """Run a command to its end and return what it said; raise Trouble if it failed."""
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, cwd=self.folder,
            **self.as_whom, **given,
        )  # fmt: skip
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip()[-500:]
            raise Trouble(f"{Path(command[0]).name} failed: {said}")
        return done.stdout

    def start(self, command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> Process:
        """Start a server that goes on when we end; it writes to the log of the folder."""
        self.log.touch(mode=0o600)
        with self.log.open("ab") as log:
            begun = subprocess.Popen(
                command, cwd=self.folder, env={"PATH": os.environ["PATH"], **(env or {})},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                **self.as_whom,
            )  # fmt: skip
        return Process.of(begun.pid)

    @property
    def log(self) -> Path:
        """Return where its server writes what it has to say."""
        return self.folder / "server.log"

    @property
    def _note(self) -> Path:
        return self.folder.with_suffix(".json")

    def note(self, port: int, processes: Sequence[Process]) -> None:
        """Write down what runs here; the first process is the server."""
        known = {"port": port, "processes": [asdict(each) for each in processes]}
        self._note.write_text(json.dumps(known), encoding="utf-8")

    def noted(self) -> tuple[int, list[Process]]:
        """Return the port and the processes that still run, the server first; 0 if it does not."""
        try:
            known = json.loads(self._note.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return 0, []
        processes = [Process(**each) for each in known["processes"]]
        alive = [each for each in processes if each.is_alive]
        return (known["port"] if processes and processes[0].is_alive else 0), alive

    def forget(self) -> None:
        """Forget what ran here."""
        self._note.unlink(missing_ok=True)

    def _give(self, path: Path) -> None:
        if self.account is not None:
            shutil.chown(path, self.account, pwd.getpwnam(self.account).pw_gid)


def _is_known(account: str) -> bool:
    try:
        pwd.getpwnam(account)
    except KeyError:
        return False
    return True


def is_open(port: int) -> bool:
    """Return whether something listens on *port* of the loopback."""
    try:
        with socket.create_connection((HERE, port), timeout=1):
            return True
    except OSError:
        return False


def free_port(first: int) -> int:
    """Return the first port from *first* on where nobody listens."""
    for port in range(first, first + 200):
        try:
            socket.create_server((HERE, port)).close()
        except OSError:
            continue
        return port
    raise Trouble(f"No port is free from {first} on.")
