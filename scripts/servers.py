"""The servers on this machine, as far as tests and the summary of the suite want to know."""

from __future__ import annotations

import re
import socket
import subprocess
from typing import Final

from scripts.environment import PYTHON

HERE: Final = "127.0.0.1"
REDIS: Final = 6379
RABBITMQ: Final = 5672


def is_open(port: int) -> bool:
    """Return whether something listens on *port* of the loopback."""
    try:
        with socket.create_connection((HERE, port), timeout=1):
            return True
    except OSError:
        return False


def versions(postgres: str) -> list[str]:
    """Return which servers there are and of what version; *postgres* is an address, or empty."""
    asked = {
        "PostgreSQL": _postgres(postgres) if postgres else None,
        "Redis": _said(REDIS, b"INFO server\r\n", rb"redis_version:([\d.]+)"),
        "RabbitMQ": _said(RABBITMQ, b"AMQP\0\0\x09\x01", rb"versionS\0\0\0.([\d.]+)"),
    }
    return [f"{name} {version}" for name, version in asked.items() if version]


def _said(port: int, greeting: bytes, pattern: bytes) -> str | None:
    try:
        with socket.create_connection((HERE, port), timeout=2) as connection:
            connection.sendall(greeting)
            found = re.search(pattern, connection.recv(65_536), re.DOTALL)
    except OSError:
        return None
    return found[1].decode() if found else "of an unknown version"


def _postgres(url: str) -> str | None:
    script = (
        "import sys, psycopg; c = psycopg.connect(sys.stdin.read(), connect_timeout=5); "
        "print(c.execute('SHOW server_version').fetchone()[0].split()[0])"
    )
    done = subprocess.run(
        [PYTHON, "-c", script], input=url.replace("+psycopg", ""), check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout.strip() or None
