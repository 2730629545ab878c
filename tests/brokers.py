"""Private RabbitMQ nodes for tests that stop, kill, freeze or lose one.

Each lives in a folder of its own and listens on ports of our range on 127.0.0.1 only; its port
mapper (epmd) is its own as well, so names never meet those of the machine's server. All of it is
ended by process id. A node takes about eight seconds to start: share one between tests.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.redises import certify

PATIENCE_S = 90.0
PORTS = range(21_000, 22_000)
GREETING = b"AMQP\x00\x00\x09\x01"


def _program() -> Path | None:
    """Return the server's own script; that of Debian on the path would change the user first."""
    installed = sorted(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin/rabbitmq-server"))
    if installed:
        return installed[-1]
    found = shutil.which("rabbitmq-server")
    return Path(found) if found else None


PROGRAM = _program()

needs_broker = pytest.mark.skipif(
    PROGRAM is None and not os.environ.get("CI"),
    reason="there is no rabbitmq-server to start one with",
)
"""Marks a test that starts a private node; with CI set, one without the program fails."""


@dataclass
class Mapper:
    """The port mapper by which the nodes of one cluster find each other."""

    port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.process = subprocess.Popen(
            [shutil.which("epmd") or "epmd", "-port", str(self.port), "-address", "127.0.0.1"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + PATIENCE_S
        while not _answers(self.port):
            assert self.process.poll() is None, "epmd does not start"
            assert time.monotonic() < deadline, "epmd does not answer"
            time.sleep(0.02)

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@dataclass
class Node:
    """One RabbitMQ: a folder, its ports, and a process while it runs."""

    folder: Path
    name: str
    port: int
    distribution_port: int
    mapper: Mapper
    members: Sequence[str] = ()
    """All nodes of its cluster, itself among them; empty if it is alone."""
    has_tls: bool = False
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def authority(self) -> Path:
        """The certificate that signed the node's, for a node with TLS."""
        return self.folder / "authority.pem"

    @property
    def url(self) -> str:
        """Return its address as the settings take it."""
        scheme = "amqps" if self.has_tls else "amqp"
        return f"{scheme}://guest:guest@127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.launch()
        self.wait()

    def launch(self) -> None:
        """Start it; the members of a new cluster wait for each other."""
        assert self.process is None, "it runs already"
        assert PROGRAM, "CI is set, and there is no rabbitmq-server"
        self._configure()
        with self._log.open("ab") as output:
            self.process = subprocess.Popen(
                [PROGRAM],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def wait(self) -> None:
        """Wait until it answers."""
        deadline = time.monotonic() + PATIENCE_S
        while not self.is_up():
            assert self.process is not None, "it does not run"
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)

    def said(self) -> str:
        """Return the end of what it wrote to its log."""
        return self._log.read_text(encoding="utf-8", errors="replace")[-3000:]

    def is_up(self, timeout_s: float = 2.0) -> bool:
        """Return whether it speaks AMQP to whoever comes."""
        try:
            with self._connect(timeout_s) as connection:
                connection.sendall(GREETING)
                return connection.recv(1) == b"\x01"  # a method: Connection.Start
        except OSError:
            return False

    def stop(self) -> None:
        """End it gently; clients are refused from then on."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, as when a machine is lost."""
        assert self.process is not None, "it does not run"
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """End it gently and start it again on the same port, with all that is durable."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Let it hang: connections are still taken, and nothing is ever answered (SIGSTOP)."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after a `pause`."""
        self._signal(signal.SIGCONT)

    @property
    def _log(self) -> Path:
        return self.folder / "log"

    def _connect(self, timeout_s: float) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=timeout_s)
        if not self.has_tls:
            return connection
        context = ssl.create_default_context(cafile=self.authority)
        return context.wrap_socket(connection, server_hostname="127.0.0.1")

    def _configure(self) -> None:
        given = {
            "log.file": "false",
            "log.console": "true",
            "log.console.level": "warning",
            "vm_memory_high_watermark.absolute": "400MB",
            "disk_free_limit.absolute": "1MB",
        }
        if self.has_tls:
            given |= {
                "listeners.tcp": "none",
                "listeners.ssl.here": f"127.0.0.1:{self.port}",
                "ssl_options.cacertfile": str(self.authority),
                "ssl_options.certfile": str(self.folder / "server.pem"),
                "ssl_options.keyfile": str(self.folder / "server.key"),
            }
        else:
            given["listeners.tcp.here"] = f"127.0.0.1:{self.port}"
        if self.members:
            given["cluster_formation.peer_discovery_backend"] = "classic_config"
        for place, member in enumerate(self.members, 1):
            given[f"cluster_formation.classic_config.nodes.{place}"] = member
        lines = [f"{name} = {value}\n" for name, value in (given | self.settings).items()]
        (self.folder / "rabbitmq.conf").write_text("".join(lines), encoding="utf-8")
        (self.folder / "enabled_plugins").write_text("[].\n", encoding="utf-8")

    def _environment(self) -> dict[str, str]:
        here = self.folder
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(here),
            "LANG": "C.UTF-8",
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_MNESIA_BASE": str(here / "kept"),
            "RABBITMQ_LOG_BASE": str(here),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_CONFIG_FILE": str(here / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(here / "enabled_plugins"),
            "RABBITMQ_DIST_PORT": str(self.distribution_port),
            "RABBITMQ_PID_FILE": str(here / "pid"),
            "ERL_EPMD_PORT": str(self.mapper.port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "-setcookie ofthetests -kernel inet_dist_use_interface {127,0,0,1} "
                "+S 1:1 +sbwt none"
            ),
        }

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        self._signal(signal.SIGCONT)
        self._signal(how)
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self.process.wait()
        self.process = None

    def _signal(self, which: signal.Signals) -> None:
        """Signal the node and the script that waits for it: they are a session of their own."""
        assert self.process is not None, "it does not run"
        if which is signal.SIGTERM:
            os.kill(int((self.folder / "pid").read_text()), which)
        else:
            os.killpg(self.process.pid, which)


@contextmanager
def private(*, tls: bool = False, **settings: str) -> Generator[Node]:
    """Start a node of one's own, end it at the end and remove it.

    Args:
        tls: speak TLS only, with a certificate for 127.0.0.1 by an authority of its own.
        settings: of its configuration, with ``__`` for ``.``: ``log__console__level="debug"``.

    """
    with _mapped() as mapper, tempfile.TemporaryDirectory(prefix="nexafi-rabbitmq-") as folder:
        given = {name.replace("__", "."): value for name, value in settings.items()}
        node = _node(Path(folder), "one@localhost", mapper, has_tls=tls, settings=given)
        if tls:
            certify(node.folder)
        try:
            node.start()
            yield node
        finally:
            node.stop()


@contextmanager
def cluster(size: int = 3) -> Generator[list[Node]]:
    """Start a cluster of one's own on loopback; all its nodes are there when this returns."""
    names = [f"node{number}@localhost" for number in range(1, size + 1)]
    with _mapped() as mapper, tempfile.TemporaryDirectory(prefix="nexafi-rabbitmq-") as folder:
        nodes = [_node(Path(folder) / name, name, mapper, members=names) for name in names]
        try:
            for node in nodes:
                node.folder.mkdir()
                node.launch()
            for node in nodes:
                node.wait()
            yield nodes
        finally:
            for node in nodes:
                if node.process is not None:
                    node.kill()


@contextmanager
def _mapped() -> Generator[Mapper]:
    mapper = Mapper(free_port())
    try:
        mapper.start()
        yield mapper
    finally:
        mapper.stop()


def _node(
    folder: Path,
    name: str,
    mapper: Mapper,
    *,
    members: Sequence[str] = (),
    has_tls: bool = False,
    settings: dict[str, str] | None = None,
) -> Node:
    return Node(folder, name, free_port(), free_port(), mapper, members, has_tls, settings or {})


def free_port() -> int:
    """Return a port of our range on which nobody listens."""
    start = os.getpid() * 11 % len(PORTS)
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


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
