"""The connection to a client, seen from below: how much has arrived there, and cutting it.

granian tells an application neither. What it is given to send it keeps in memory without a limit,
so a client that asks for much and reads nothing would have us hold all of it; and it ends a chunked
answer in good order whatever becomes of us, so half a list would look like all of it. The kernel
knows the one (TCP_INFO, on Linux) and does the other.
"""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path
from types import TracebackType
from typing import Final, Self

DESCRIPTORS: Final = Path("/dev/fd")
"""The open files of this process, on Linux and macOS."""

ACKED_AT: Final = 120
"""Where ``tcpi_bytes_acked`` stands in ``struct tcp_info`` (linux/tcp.h, since 4.1)."""

INFO_BYTES: Final = 256


class Wire:
    """One connection to a client, by a descriptor of our own; close it soon, it holds it open."""

    def __init__(self, connection: socket.socket | None) -> None:
        self._connection = connection

    @classmethod
    def to(cls, client: str) -> Wire:
        """Return the connection to *client*, ``address:port``, or one that knows nothing."""
        for each in DESCRIPTORS.iterdir() if DESCRIPTORS.exists() else ():
            if found := _connection(int(each.name), client.replace("[", "").replace("]", "")):
                return cls(found)
        return cls(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._connection is not None:
            self._connection.close()

    def acked(self) -> int | None:
        """Return how many bytes the client's side has taken so far, or None if nobody knows."""
        kind = getattr(socket, "TCP_INFO", None)
        if self._connection is None or kind is None:
            return None
        try:
            info = self._connection.getsockopt(socket.IPPROTO_TCP, kind, INFO_BYTES)
            found: int = struct.unpack_from("=Q", info, ACKED_AT)[0]
        except (OSError, struct.error):
            return None
        return found

    def cut(self) -> bool:
        """Break the connection, so that the client sees that the answer is not whole."""
        try:
            if self._connection is not None:
                self._connection.shutdown(socket.SHUT_RDWR)
                return True
        except OSError:
            pass  # it is broken already
        return False


def _connection(descriptor: int, client: str) -> socket.socket | None:
    """Return a copy of *descriptor* if it is the connection to *client*."""
    try:
        mine = os.dup(descriptor)
    except OSError:
        return None  # closed meanwhile
    try:
        connection = socket.socket(fileno=mine)
    except OSError:
        os.close(mine)
        return None  # a file or a pipe
    try:
        host, port, *_ = connection.getpeername()
        if f"{host}:{port}" == client:
            return connection
    except (OSError, ValueError, TypeError):
        pass  # not connected, or of another family
    connection.close()
    return None


class Pace:
    """How far what was sent may run ahead of what has arrived.

    Args:
        client: to whom is sent.
        ahead_max: bytes that may be on their way or in memory.

    """

    def __init__(self, client: str, ahead_max: int) -> None:
        self._client = client
        self._ahead_max = ahead_max
        self._wire: Wire | None = None
        self._acked_before = 0

    def is_ahead(self, sent: int) -> bool:
        """Return whether to wait before more is sent than these bytes.

        Looks for the connection when a good part may have been used up; what had arrived by then
        is counted as if it had not.
        """
        if sent * 4 < self._ahead_max:
            return False
        if self._wire is None:
            self._wire = Wire.to(self._client)
            self._acked_before = self._wire.acked() or 0
        return sent - self.arrived() > self._ahead_max

    def arrived(self) -> int:
        """Return how many bytes arrived since we began to look; all if nobody knows."""
        acked = self._wire.acked() if self._wire is not None else None
        return 2**63 if acked is None else acked - self._acked_before

    def close(self) -> None:
        """Let go of the connection."""
        if self._wire is not None:
            self._wire.__exit__(None, None, None)
