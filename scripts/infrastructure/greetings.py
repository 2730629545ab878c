"""Speaking a first word to a server, to hear whether it is the one we mean and takes us.

A port that is open says nothing: another program may have it, or the server may still be starting.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Final

from scripts.infrastructure.processes import HERE


def _says(port: int, greeting: bytes, answer: bytes) -> bool:
    """Return whether what listens on *port* answers *greeting* with what begins with *answer*."""
    try:
        with socket.create_connection((HERE, port), timeout=2) as connection:
            connection.sendall(greeting)
            return connection.recv(len(answer)) == answer
    except OSError:
        return False


def _http(port: int) -> bool:
    asked = f"GET /-/ready HTTP/1.0\r\nHost: {HERE}\r\n\r\n".encode()
    return _says(port, asked, b"HTTP/1.0 200")


def _postgres_answers(port: int) -> bool:
    """Return whether it takes sessions: it asks for a password (R), or says why not (E)."""
    parameters = b"user\0postgres\0database\0postgres\0\0"
    startup = (196_608).to_bytes(4) + parameters
    return _says(port, (len(startup) + 4).to_bytes(4) + startup, b"R")


ANSWERS: Final[dict[str, Callable[[int], bool]]] = {
    "postgres": _postgres_answers,
    "redis": lambda port: any(_says(port, b"PING\r\n", each) for each in (b"+PONG", b"-NOAUTH")),
    "rabbitmq": lambda port: _says(port, b"AMQP\x00\x00\x09\x01", b"\x01"),
    "prometheus": _http,
    "alertmanager": _http,
}


def redis_is_open(port: int) -> bool:
    """Return whether a Redis takes commands without a password."""
    return _says(port, b"PING\r\n", b"+PONG")


def rabbitmq_takes(port: int, user: str, password: str) -> bool:
    """Return whether a RabbitMQ lets *user* in (AMQP 0-9-1: start, start-ok, then tune)."""
    plain = f"\0{user}\0{password}".encode()
    start_ok = (
        (10).to_bytes(2) + (11).to_bytes(2) + (0).to_bytes(4)
        + b"\x05PLAIN" + len(plain).to_bytes(4) + plain + b"\x05en_US"
    )  # fmt: skip
    frame = b"\x01\0\0" + len(start_ok).to_bytes(4) + start_ok + b"\xce"
    try:
        with socket.create_connection((HERE, port), timeout=3) as connection:
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            connection.recv(65_536)
            connection.sendall(frame)
            told = connection.recv(64)
    except OSError:
        return False
    return told[7:11] == b"\0\x0a\0\x1e"  # connection.tune: let in
