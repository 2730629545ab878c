"""What runs on a data folder: one installation at a time, and everybody can see which."""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Final
from urllib.parse import urlsplit

from nexafi.cli.failures import CommandFailed
from nexafi.kernel.server.signals import RELOAD
from nexafi.kernel.watch import logfile

PATIENCE_S: Final = 2.0
STOP_S: Final = 30.0
RELOAD_S: Final = 300.0


@dataclass(frozen=True)
class Running:
    """A supervisor, and where its programs listen."""

    pid: int
    addresses: Mapping[str, str]
    """``http://host:port`` by the name of the program."""
    started: float
    """Seconds since 1970."""
    reloads: int = 0
    """How often its processes were replaced, or that was tried."""
    failure: str = ""
    """What kept the last time from replacing all of them."""


class Place:
    """The data folder, as far as it tells what runs on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._note = folder / "running.json"
        self._lock = folder / "running.lock"

    @property
    def log(self) -> Path:
        """Return where the log goes that is not for the console."""
        return self.folder / logfile.NAME

    @property
    def console(self) -> Path:
        """Return where that goes which has no console to go to."""
        return self.folder / "console.log"

    def take(self) -> IO[str]:
        """Take the folder for this process and all that it forks; raise if somebody has it.

        The lock is the operating system's: it cannot outlive who holds it.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            held = self._lock.open("w", encoding="utf-8")
        except OSError as error:
            raise CommandFailed(f"{self.folder} cannot be used: {error.strerror}.") from error
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held.close()
            raise CommandFailed(self._who()) from None
        os.set_inheritable(held.fileno(), True)  # noqa: FBT003 - who replaces others holds it too
        return held

    def note(self, running: Running) -> None:
        """Write down what runs here now."""
        draft = self._note.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(running)), encoding="utf-8")
        draft.replace(self._note)

    def forget(self) -> None:
        """Write down that nothing runs here any more."""
        self._note.unlink(missing_ok=True)

    def running(self) -> Running | None:
        """Return what runs here, or None."""
        if not self._is_held():
            return None
        try:
            return Running(**json.loads(self._note.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def stop(self) -> int | None:
        """Stop what runs here and wait until it has; return its process id, None if none ran."""
        if (running := self.running()) is None:
            return None
        os.kill(running.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_S
        while self._is_held():
            if time.monotonic() > deadline:
                raise CommandFailed(f"Process {running.pid} has not stopped after {STOP_S:g} s.")
            time.sleep(0.05)
        return running.pid

    def reload(self) -> int | None:
        """Replace the processes that run here; return the supervisor's id, None if none ran."""
        if (before := self.running()) is None:
            return None
        os.kill(before.pid, RELOAD)
        deadline = time.monotonic() + RELOAD_S
        while (now := self.running()) is not None and now.reloads == before.reloads:
            if time.monotonic() > deadline:
                raise CommandFailed(f"Process {before.pid} still replaces after {RELOAD_S:g} s.")
            time.sleep(0.05)
        if now is None or now.failure:
            raise CommandFailed(now.failure if now else "It has been stopped meanwhile.")
        return before.pid

    def _is_held(self) -> bool:
        try:
            with self._lock.open("r", encoding="utf-8") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def _who(self) -> str:
        known = self.running()
        who = f" (process {known.pid}, {next(iter(known.addresses.values()))})" if known else ""
        return (
            f"NexaFi already runs on {self.folder}{who}."
            " Stop it with --stop, or name another folder with --data."
        )


def readiness(address: str) -> str:
    """Return what a program at *address* says of itself: ``ready``, ``degraded`` and so on."""
    where = urlsplit(address)
    assert where.hostname is not None, "an address has a host"
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=PATIENCE_S)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return str(json.loads(answer.read()).get("status", answer.status))
    except (OSError, http.client.HTTPException, ValueError):
        return "no answer"
    finally:
        connection.close()
