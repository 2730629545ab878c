"""Private PostgreSQL servers for tests that stop, kill, starve or copy one.

Each lives in a folder of its own under the system's temporary folder, listens on
127.0.0.1 only and is ended by its process id. The shared server of the tests is
never touched. As root they run as another user, since PostgreSQL refuses root.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from scripts import environment
from scripts.postgres import WHEEL

PATIENCE_S = 60.0
PORTS = range(23_000, 24_000)
USER = "postgres"
"""The superuser of each server; it needs no password from 127.0.0.1."""

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "shared_buffers": "16MB",
    "wal_level": "replica",
    "max_wal_size": "64MB",
    "min_wal_size": "32MB",
}
"""What dies here is a process and never the power, so nothing waits for the disk."""


def programs() -> Path | None:
    """Return where initdb and its kind are: the newest of the system, else those of the wheel."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    found = [path.parent for path in installed]
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).resolve().parent)
    if not is_root():  # another user could not read them
        wheel = f"lib/python*/site-packages/{WHEEL[0]}/pginstall/bin"
        found += sorted(environment.VENV.glob(wheel))
    return next((path for path in found if (path / "pg_basebackup").exists()), None)


def _version(path: Path) -> float:
    try:
        return -float(path.parts[-3])
    except ValueError:
        return 0.0


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


needs_server = pytest.mark.skipif(
    programs() is None and not os.environ.get("CI"), reason="there is no initdb to start one with"
)
"""Marks a test that starts a private server; with CI set, one without programs fails."""

needs_mount = pytest.mark.skipif(
    not (is_root() and shutil.which("mount")), reason="only root may mount a small disk"
)
"""Marks a test whose server has a disk of its own that can run full."""


@dataclass
class Server:
    """One PostgreSQL: a folder, a port, and a process while it runs."""

    folder: Path
    port: int
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    is_ours_to_run_as: str | None = None
    """The user it runs as, if we are root."""

    @property
    def data(self) -> Path:
        """Where its data is."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What it says."""
        return self.folder / "log"

    def url(
        self, role: str = USER, database: str = "postgres", password: str = "", query: str = ""
    ) -> str:
        """Return its address for SQLAlchemy."""
        whom = f"{role}:{password.replace(' ', '%20')}" if password else role
        end = f"?{query}" if query else ""
        return f"postgresql+psycopg://{whom}@127.0.0.1:{self.port}/{database}{end}"

    def connect(self, database: str = "postgres", **given: object) -> psycopg.Connection:
        """Connect as the superuser, or as *user*, each statement being kept at once."""
        whom = {"user": USER, "host": "127.0.0.1", "port": self.port, "connect_timeout": 10}
        return psycopg.connect(dbname=database, autocommit=True, **(whom | given))

    def ask(self, statement: str, database: str = "postgres") -> object:
        """Run one statement as the superuser; return the first value of what it answers."""
        with self.connect(database) as connection:
            cursor = connection.execute(statement)
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None

    def start(self) -> None:
        """Start it and wait until it takes queries."""
        assert self.process is None, "it runs already"
        given = SETTINGS | {"port": str(self.port)} | self.settings
        options = [part for name, value in given.items() for part in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [_program("postgres"), "-D", self.data, *options],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                **self._as_whom(),
            )
        deadline = time.monotonic() + PATIENCE_S
        while not self.is_up():
            if self.process.poll() is not None:
                self.process = None
                raise AssertionError(f"It did not start: {self.said()}")
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.05)

    def is_up(self) -> bool:
        """Return whether it takes queries."""
        try:
            self.ask("SELECT 1")
        except psycopg.Error:
            return False
        return True

    def said(self) -> str:
        """Return the end of its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-2000:]

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT cuts off those who are connected, SIGTERM waits for them."""
        if self.process is not None:
            self.process.send_signal(how)
            try:
                self.process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    def kill(self) -> None:
        """End it at once and all its processes, as when a machine is lost; nothing is tidied."""
        assert self.process is not None, "it does not run"
        below = _below(self.process.pid)
        for pid in (self.process.pid, *below):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue  # it has just ended by itself
        self.process.wait()
        self.process = None
        deadline = time.monotonic() + PATIENCE_S
        while any(_is_alive(pid) for pid in below):
            assert time.monotonic() < deadline, "its processes live on"
            time.sleep(0.02)

    def restart(self) -> None:
        """End it gently and start it again, on the same port."""
        self.stop()
        self.start()

    def cut_off_all(self) -> int:
        """End the connections of everybody else; return how many there were."""
        return int(
            str(
                self.ask(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                    " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
                )
            )
        )

    def fill(self) -> None:
        """Let its disk run full; only for a server whose disk has a size."""
        with (self.folder / "filler").open("wb") as filler:
            try:
                while True:
                    filler.write(b"\0" * 65_536)
                    filler.flush()
            except OSError:
                pass  # that is what we wanted

    def make_room(self) -> None:
        """Take away what filled its disk."""
        (self.folder / "filler").unlink(missing_ok=True)

    @contextmanager
    def replica(self, **settings: str) -> Generator[Server]:
        """Copy it by pg_basebackup and start the copy, which follows it by streaming."""
        with _folder(None) as folder:
            copy = Server(folder, free_port(), self.settings | settings, None, _whom(folder))
            address = f"host=127.0.0.1 port={self.port} user={USER}"
            copy.run("pg_basebackup", "-D", copy.data, "-d", address, "-R", "-X", "stream")
            try:
                copy.start()
                yield copy
            finally:
                copy.stop()

    def run(self, program: str, *arguments: object) -> str:
        """Run one of PostgreSQL's programs as the user of this server; return what it prints."""
        done = subprocess.run(
            [_program(program), *map(str, arguments)],
            cwd=self.folder,
            check=False,
            capture_output=True,
            text=True,
            **self._as_whom(),
        )
        assert done.returncode == 0, f"{program}: {done.stderr[-1000:]}"
        return done.stdout

    def _as_whom(self) -> dict[str, str]:
        return {"user": self.is_ours_to_run_as} if self.is_ours_to_run_as else {}


@contextmanager
def private(*, disk_mib: int | None = None, **settings: str) -> Generator[Server]:
    """Make and start a server of one's own; with *disk_mib* on a disk of that size (root only)."""
    with _folder(disk_mib) as folder:
        server = Server(folder, free_port(), settings, None, _whom(folder))
        server.run(
            "initdb", "-D", server.data, "-U", USER, "-E", "UTF8",
            "--locale=C", "--auth=trust", "--no-sync",
        )  # fmt: skip
        try:
            server.start()
            yield server
        finally:
            server.stop()


def free_port() -> int:
    """Return a port of our range on which nobody listens."""
    start = os.getpid() * 7 % len(PORTS)
    for port in (*PORTS[start:], *PORTS[:start]):
        if port in _given:
            continue
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        _given.add(port)
        return port
    raise AssertionError("no ports are free")


_given: set[int] = set()


@contextmanager
def _folder(disk_mib: int | None) -> Generator[Path]:
    """Make a folder that the server's user can reach, which pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="nexafi-pg-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        if disk_mib is None:
            yield folder
            return
        size = f"size={disk_mib}m,mode=0700"
        mount, umount = shutil.which("mount") or "mount", shutil.which("umount") or "umount"
        subprocess.run([mount, "-t", "tmpfs", "-o", size, "tmpfs", made], check=True)
        try:
            yield folder
        finally:
            subprocess.run([umount, "--lazy", made], check=True)


def _whom(folder: Path) -> str | None:
    """Return the user to run as, if we are root, and give the folder to that user."""
    if not is_root():
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    user = "postgres" if "postgres" in known else "nobody"
    shutil.chown(folder, user)
    return user


def _program(name: str) -> Path:
    found = programs()
    assert found is not None, "CI is set, and there is no PostgreSQL to start"
    return found / name


def _below(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(each) for each in found.read_text(encoding="ascii").split()]


def _is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z"
