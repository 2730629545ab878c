"""A private PgBouncer in transaction mode, in front of the PostgreSQL of the tests.

    NEXAFI_TEST_PGBOUNCER=1 pytest tests/kernel

Nothing is asked of it that it would have to pass over: a parameter at the start
of a connection that it does not know is refused.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from nexafi.kernel.data.connections import Limits
from tests.postgreses import PATIENCE_S, _whom, free_port

IS_ASKED = bool(os.environ.get("NEXAFI_TEST_PGBOUNCER"))
LIMITS = Limits(wait_s=30, lock_s=30, is_pooled=IS_ASKED)
"""How the tests reach PostgreSQL: patiently, since sixteen at once on a busy machine take long."""

PROGRAM = shutil.which("pgbouncer") or (
    "/usr/sbin/pgbouncer" if Path("/usr/sbin/pgbouncer").exists() else None
)
needs_pgbouncer = pytest.mark.skipif(
    PROGRAM is None and not os.environ.get("CI"), reason="pgbouncer is not installed"
)

INI = """
[databases]
* = host={host} port={to}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users.txt
admin_users = nexafi_app
logfile = {folder}/log
pool_mode = transaction
max_client_conn = 1000
default_pool_size = {size}
max_prepared_statements = 0
server_idle_timeout = 5
server_login_retry = 0.2
"""


@contextmanager
def in_front_of(url: str, passwords: Mapping[str, str], *, size: int = 20) -> Generator[int]:
    """Start one in front of the server at *url*, with *size* connections for each role there.

    Yields the port on which it listens.
    """
    assert PROGRAM is not None, "CI is set, and there is no pgbouncer"
    server = make_url(url)
    with tempfile.TemporaryDirectory(prefix="nexafi-pgbouncer-") as made:
        folder = Path(made)
        port = free_port()
        given = {"host": server.host or "127.0.0.1", "to": server.port or 5432, "port": port}
        told = INI.format(folder=folder, size=size, **given)
        if _version() < (1, 21):
            told = told.replace("max_prepared_statements = 0\n", "")
        (folder / "ini").write_text(told, encoding="utf-8")
        users = "".join(f'"{user}" "{password}"\n' for user, password in passwords.items())
        (folder / "users.txt").write_text(users, encoding="utf-8")
        user = _whom(folder)
        whom = {"user": user} if user else {}
        process = subprocess.Popen(
            [PROGRAM, "-q", str(folder / "ini")], cwd=folder, stderr=subprocess.DEVNULL, **whom
        )
        try:
            _wait(process, port, folder / "log")
            yield port
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def ask(port: int, command: str) -> list[dict[str, object]]:
    """Ask its console, such as ``SHOW POOLS``."""
    with psycopg.connect(
        host="127.0.0.1", port=port, user="nexafi_app", dbname="pgbouncer", autocommit=True,
        cursor_factory=psycopg.ClientCursor,
    ) as connection:  # fmt: skip
        cursor = connection.execute(command)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _version() -> tuple[int, ...]:
    said = subprocess.run([PROGRAM, "--version"], check=True, capture_output=True, text=True).stdout
    return tuple(int(part) for part in said.split()[1].split("."))


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            ask(port, "SHOW VERSION")
        except psycopg.Error:
            said = log.read_text(encoding="utf-8") if log.exists() else ""
            assert process.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.05)
        else:
            return
