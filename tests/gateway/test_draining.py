"""Told to stop, the door takes nobody in any more and finishes what it has begun."""

from __future__ import annotations

import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest


@pytest.mark.parametrize("path", ["slow", "pieces"])
def test_what_was_begun_is_finished_and_nobody_else_comes_in(start_door, service, path):
    door = start_door({"one": service.origin}, first_byte_timeout_s=10)

    with ThreadPoolExecutor(1) as others:
        waiting = others.submit(door.get, f"/api/v1/one/{path}")
        while not service.seen:
            time.sleep(0.01)
        door.process.send_signal(signal.SIGTERM)
        answer = waiting.result(10)
        assert answer.status == 200
        assert answer.body in {b'{"said": true}', b"first,second"}
    assert door.process.wait(10) == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", door.port))


def test_a_connection_that_says_nothing_does_not_keep_the_door_open(start_door, service):
    door = start_door({"one": service.origin})

    with socket.create_connection(("127.0.0.1", door.port)) as idle:
        idle.sendall(b"GET /api/v1/one/x HTTP/1.1\r\nHost: a\r\n\r\n")
        assert idle.recv(4096)
        began = time.monotonic()
        door.process.send_signal(signal.SIGTERM)
        assert door.process.wait(10) == 0
        assert time.monotonic() - began < 5
