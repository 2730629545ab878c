"""A connection with RabbitMQ: where it is, who we are, and what it is when it is away."""

from __future__ import annotations

import contextlib
import random
import ssl
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import amqp
from amqp import method_framing

CONNECT_S: Final = 5.0
ANSWER_S: Final = 30.0
"""How long the broker may take for an answer before we hold it to be away."""

GATHERED_BYTES: Final = 64 * 1024
PORTS: Final = {"amqp": 5672, "amqps": 5671}
FAULTS: Final = (amqp.AMQPError, amqp.exceptions.MessageNacked, OSError, EOFError)
"""What is raised while the broker is away, or will not have us."""


class BrokerAway(Exception):
    """RabbitMQ cannot be reached, or hung up; what was not confirmed is told again."""


@dataclass(frozen=True, slots=True)
class RabbitAt:
    """Where the RabbitMQ of an installation is, and how it is used.

    Args:
        url: ``amqp://user:password@host:5672/vhost``; of a cluster name all nodes, with commas
            between them; ``amqps://`` is TLS.
        prefix: begins the name of each exchange and queue, so that installations may share one.
        ca: who must have signed its certificate; None for whom the system trusts.
        heartbeat_s: how often both sides say that they are there.
        prefetch: how many messages a consumer is sent before it has done the first.

    """

    url: str
    prefix: str = "nexafi"
    ca: Path | None = None
    heartbeat_s: int = 30
    prefetch: int = 20

    def connect(self, name: str) -> Any:  # noqa: ANN401 - py-amqp has no types
        """Return a connection to one of the nodes; the broker shows *name* to the operator.

        Raises:
            BrokerAway: none of them takes us; the message says why, without the password.

        """
        parts = urlsplit(self.url)
        account, _, nodes = parts.netloc.rpartition("@")
        user, _, password = account.partition(":")
        hosts = nodes.split(",")
        random.shuffle(hosts)  # a cluster shares its clients among its nodes
        reasons = []
        for node in hosts:
            host, port = _place(node, PORTS[parts.scheme])
            connection = amqp.Connection(
                f"{host}:{port}",
                userid=unquote(user) or "guest",
                password=unquote(password) or "guest",
                virtual_host=unquote(parts.path[1:]) or "/",
                ssl=self._tls(host) if parts.scheme == "amqps" else False,
                heartbeat=self.heartbeat_s,
                connect_timeout=CONNECT_S,
                read_timeout=ANSWER_S,
                write_timeout=ANSWER_S,
                client_properties={"connection_name": name, "product": "nexafi"},
                frame_writer=_writer,
            )
            try:
                connection.connect()
            except FAULTS as error:
                reasons.append(f"{host}:{port}: {error}")
                connection.collect()
            else:
                return connection
        raise BrokerAway(f"RabbitMQ cannot be reached ({'; '.join(reasons)}).")

    def _tls(self, host: str) -> dict[str, Any]:
        return {
            "ca_certs": str(self.ca) if self.ca else None,
            "cert_reqs": ssl.CERT_REQUIRED,
            "server_hostname": host,
        }


class Gate:
    """What stands before a socket: lets frames through one by one, or many in one go."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._held: bytearray | None = None

    def write(self, frame: bytes) -> None:
        """Send a frame, or keep it until it goes with others."""
        if self._held is None:
            self._write(frame)
            return
        self._held += frame
        if len(self._held) >= GATHERED_BYTES:
            self._write(bytes(self._held))
            self._held.clear()

    @contextlib.contextmanager
    def gathering(self) -> Generator[None]:
        """Let all frames that the block writes go together: a call of the system for hundreds."""
        self._held = held = bytearray()
        try:
            yield
        finally:
            self._held = None
        if held:
            self._write(bytes(held))


def gathering(connection: Any) -> contextlib.AbstractContextManager[None]:  # noqa: ANN401
    """Return the block in which all that is sent on *connection* goes together."""
    gate: Gate = connection.gate
    return gate.gathering()


def _writer(connection: Any, transport: Any) -> Any:  # noqa: ANN401
    """Return what writes frames to a connection, through a gate."""
    connection.gate = Gate(transport.write)
    return method_framing.frame_writer(connection, connection.gate)


def listen_for(connection: Any, seconds: float) -> None:  # noqa: ANN401
    """Take in what the broker sends, for so long at most; say that we are there."""
    with contextlib.suppress(TimeoutError):
        connection.drain_events(timeout=seconds)
    connection.heartbeat_tick()


def hang_up(connection: Any) -> None:  # noqa: ANN401
    """Close a connection, whatever state it is in."""
    try:
        connection.close()
    except Exception:  # noqa: BLE001 - carrying on: there is nothing left to close
        connection.collect()


def _place(node: str, port: int) -> tuple[str, int]:
    found = urlsplit(f"//{node}")
    return found.hostname or "127.0.0.1", found.port or port
