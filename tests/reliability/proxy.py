"""A line between two programs that misbehaves as it is told: slow, jittery, cut, hanging, reset.

What chance decides comes from the seed of the test. Each connection behaves as the line was told
to when it was made, but for `hang`, which stops those that exist as well.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable
from random import Random

PIECE = 4096
LINGER_NOT = struct.pack("ii", 1, 0)
"""Closing then sends RST in place of FIN."""


class Proxy:
    """Carries connections on a port of its own to another, and spoils them.

    `mode` is one of:

    - ``well``: carried as it comes;
    - ``slow``: each piece after 20 to 120 ms;
    - ``trickle``: a few bytes at a time;
    - ``hang``: nothing comes through until the mode changes;
    - ``cut``: the answer ends in the middle;
    - ``reset``: the connection is reset when the answer begins;
    - ``refuse``: it is reset at once.
    """

    MODES = ("slow", "trickle", "hang", "cut", "reset", "refuse")

    def __init__(self, target: Callable[[], int], chance: Random) -> None:
        self.mode = "well"
        self._target = target
        self._chance = chance
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._is_closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no further connections."""
        self._is_closed = True
        self._listening.close()

    def _accept(self) -> None:
        while not self._is_closed:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        if self.mode == "refuse":
            _reset(near)
            return
        try:
            far = socket.create_connection(("127.0.0.1", self._target()), timeout=10)
        except OSError:
            _reset(near)
            return
        far.settimeout(None)
        for each in (near, far):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=self._pump, args=(near, far, False), daemon=True).start()
        self._pump(far, near, True)  # noqa: FBT003 - whether it is the answer

    def _pump(self, source: socket.socket, sink: socket.socket, is_answer: bool) -> None:  # noqa: FBT001
        try:
            while data := source.recv(PIECE):
                self._pass(data, sink, is_answer=is_answer)
        except OSError:
            pass
        for each in (source, sink):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        if is_answer:
            source.close()
            sink.close()

    def _pass(self, data: bytes, sink: socket.socket, *, is_answer: bool) -> None:
        while self.mode == "hang" and not self._is_closed:
            time.sleep(0.02)
        if self.mode == "slow":
            time.sleep(self._chance.uniform(0.02, 0.12))
        elif self.mode == "trickle":
            for start in range(0, len(data), 97):
                sink.sendall(data[start : start + 97])
                time.sleep(0.002)
            return
        elif self.mode == "cut" and is_answer and self._chance.random() < 0.5:
            sink.sendall(data[: len(data) // 2])
            raise OSError("cut")
        elif self.mode == "reset" and is_answer and self._chance.random() < 0.5:
            _reset(sink)
            raise OSError("reset")
        sink.sendall(data)


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
    connection.close()
