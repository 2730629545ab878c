"""Servers that stand in for Stripe: started on the loopback, ended by their process."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from scripts import packages

from nexafi.payments.providers.port import Account
from tests.postgreses import free_port

SECRET = "whsec_of_the_tests"
ORGANIZATION = UUID("01900000-0000-7000-8000-0000000000aa")
ACCOUNT = Account(ORGANIZATION, {"secret_key": "sk_test_12345", "webhook_secret": SECRET})
PATIENCE_S = 60
ROOT = Path(__file__).parents[2]


@dataclass
class Peer:
    """A server in the place of Stripe, as a test speaks to it without our code."""

    url: str

    def ask(self, method: str, path: str, /, **data: Any) -> Any:
        """Ask it directly; return what it answered."""
        body = urlencode(data).encode() if method == "POST" else None
        headers = {"Authorization": "Bearer sk_test_12345"}
        asked = urllib.request.Request(self.url + path, body, headers, method=method)  # noqa: S310
        with urllib.request.urlopen(asked, timeout=PATIENCE_S) as answer:  # noqa: S310
            said = answer.read()
        return json.loads(said) if said else None

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Return all that there is of a kind, such as ``charges``."""
        return self.ask("GET", f"/v1/{kind}?limit=100")["data"]


@contextmanager
def localstripe() -> Iterator[Peer]:
    """Start localstripe."""
    port = free_port()
    command = [sys.executable, "-m", "tests.payments.stripe_peer", str(port)]
    with _run(command, port):
        yield Peer(f"http://127.0.0.1:{port}")


MOCK = """
const {createExpressApp} = require("stripe-stateful-mock");
createExpressApp().listen(Number(process.argv[1]), "127.0.0.1");
"""


@contextmanager
def stateful_mock() -> Iterator[Peer]:
    """Start stripe-stateful-mock of npm, which judges idempotency keys and loses answers."""
    folder = packages.node_modules()
    has_it = (folder / "stripe-stateful-mock").is_dir() and shutil.which("node")
    if not has_it and os.environ.get("CI"):
        pytest.fail("CI is set, and stripe-stateful-mock is not installed.")
    if not has_it:
        pytest.skip("stripe-stateful-mock is not installed; scripts/packages.py does it")
    port = free_port()
    env = {**os.environ, "NODE_PATH": str(folder), "LOG_LEVEL": "silent"}
    with _run(["node", "-e", MOCK, str(port)], port, env):
        yield Peer(f"http://127.0.0.1:{port}")


@contextmanager
def _run(command: Sequence[str], port: int, env: dict[str, str] | None = None) -> Iterator[None]:
    process = subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.PIPE)
    try:
        _wait_for(port, process)
        yield
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE_S)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if process.poll() is not None:
            _, said = process.communicate()
            pytest.fail(f"It did not start: {said.decode()[-2000:]}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"Nobody listens on {port}.")
