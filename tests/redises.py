"""Private Redis servers for tests that stop, kill, freeze, flush or fail one over.

Each lives in a folder of its own, listens on a port of our range on 127.0.0.1 only and is ended by
its process id; the shared server of the tests is never touched. They are asked over a socket of
our own, so that the client which the platform uses is not its own judge.
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
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PATIENCE_S = 20.0
PORTS = range(22_000, 23_000)
PROGRAM = "redis-server"

needs_server = pytest.mark.skipif(
    shutil.which(PROGRAM) is None and not os.environ.get("CI"),
    reason=f"there is no {PROGRAM} to start one with",
)
"""Marks a test that starts a private server; with CI set, one without the program fails."""


class RedisError(Exception):
    """What the server said instead of an answer."""


@dataclass
class Server:
    """One Redis: a folder, a port, and a process while it runs."""

    folder: Path
    port: int
    password: str | None = None
    has_tls: bool = False
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def authority(self) -> Path:
        """The certificate that signed the server's, for a server with TLS."""
        return self.folder / "authority.pem"

    def url(self, database: int = 0) -> str:
        """Return its address as the settings take it."""
        scheme = "rediss" if self.has_tls else "redis"
        whom = f":{self.password}@" if self.password else ""
        return f"{scheme}://{whom}127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        assert self.process is None, "it runs already"
        assert shutil.which(PROGRAM), f"CI is set, and there is no {PROGRAM}"
        log = self.folder / "log"
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [PROGRAM, *self._options()], cwd=self.folder, stdout=output, stderr=output
            )
        deadline = time.monotonic() + PATIENCE_S
        while not self.is_up():
            assert self.process.poll() is None, log.read_text(encoding="utf-8")[-2000:]
            assert time.monotonic() < deadline, log.read_text(encoding="utf-8")[-2000:]
            time.sleep(0.02)

    def _options(self) -> list[str]:
        given = {
            "port": "0" if self.has_tls else str(self.port),
            "bind": "127.0.0.1",
            "dir": str(self.folder),
            "save": "",
            "appendonly": "no",
            "daemonize": "no",
            "repl-diskless-sync-delay": "0",
        }
        if self.password:
            given |= {"requirepass": self.password, "masterauth": self.password}
        if self.has_tls:
            given |= {
                "tls-port": str(self.port),
                "tls-cert-file": str(self.folder / "server.pem"),
                "tls-key-file": str(self.folder / "server.key"),
                "tls-ca-cert-file": str(self.authority),
                "tls-auth-clients": "no",
            }
        return [
            part for name, value in (given | self.settings).items() for part in (f"--{name}", value)
        ]

    def is_up(self, timeout_s: float = 1.0) -> bool:
        """Return whether it answers."""
        try:
            return self.ask("PING", timeout_s=timeout_s) == "PONG"
        except (OSError, EOFError, RedisError):
            return False

    def ask(self, *words: object, timeout_s: float = 5.0) -> object:
        """Send one command on a connection of its own and return the answer, text as str."""
        with self._connect(timeout_s) as connection, connection.makefile("rwb") as stream:
            if self.password:
                _say(stream, "AUTH", self.password)
            _say(stream, *words)
            stream.flush()
            if self.password:
                _answer(stream)
            return _answer(stream)

    def _connect(self, timeout_s: float) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=timeout_s)
        if not self.has_tls:
            return connection
        context = ssl.create_default_context(cafile=self.authority)
        return context.wrap_socket(connection, server_hostname="127.0.0.1")

    def stop(self) -> None:
        """End it gently; clients are refused from then on."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, as when a machine is lost."""
        assert self.process is not None, "it does not run"
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        self.resume()
        self.process.send_signal(how)
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def restart(self) -> None:
        """End it gently and start it again on the same port, empty unless `settings` persist."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Let it hang: connections are still taken, and nothing is ever answered (SIGSTOP)."""
        assert self.process is not None, "it does not run"
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after a `pause`."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)

    def flush(self) -> None:
        """Let it forget everything."""
        self.ask("FLUSHALL")

    def follow(self, other: Server) -> None:
        """Become a replica of *other*, and wait until all that it has is here."""
        self.ask("REPLICAOF", "127.0.0.1", other.port)
        deadline = time.monotonic() + PATIENCE_S
        while "master_link_status:up" not in str(self.ask("INFO", "replication")):
            assert time.monotonic() < deadline, "it does not catch up"
            time.sleep(0.02)

    def lead(self) -> None:
        """Be a replica no longer: take writes."""
        self.ask("REPLICAOF", "NO", "ONE")


@contextmanager
def private(
    *, password: str | None = None, tls: bool = False, **settings: str
) -> Generator[Server]:
    """Start a Redis of one's own, end it at the end and remove it.

    Args:
        password: asked of whoever comes.
        tls: speak TLS only, with a certificate for 127.0.0.1 by an authority of its own.
        settings: of its configuration, with ``_`` for ``-``: ``appendonly="yes"``.

    """
    given = {name.replace("_", "-"): value for name, value in settings.items()}
    with tempfile.TemporaryDirectory(prefix="nexafi-redis-") as folder:
        server = Server(Path(folder), free_port(), password, tls, given)
        if tls:
            certify(server.folder)
        try:
            server.start()
            yield server
        finally:
            server.stop()


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


def certify(folder: Path) -> None:
    """Write an authority, and a key and certificate of 127.0.0.1 that it signed."""
    now = datetime.now(UTC)
    root, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name, own_name = _name("an authority of the tests"), _name("127.0.0.1")

    def certificate(subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(root_name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
        )

    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    authority = (
        certificate(root_name, root)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(root.public_key()), critical=False)
        .sign(root, hashes.SHA256())
    )
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key())
    server = (
        certificate(own_name, own)
        .add_extension(address, critical=False)
        .add_extension(issuer, critical=False)
        .sign(root, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "authority.pem").write_bytes(authority.public_bytes(pem))
    (folder / "server.pem").write_bytes(server.public_bytes(pem))
    (folder / "server.key").write_bytes(
        own.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)])


def _say(stream, *words: object) -> None:
    """Write a command in RESP, the protocol of Redis."""
    parts = [str(word).encode() for word in words]
    stream.write(b"*%d\r\n" % len(parts))
    for part in parts:
        stream.write(b"$%d\r\n%s\r\n" % (len(part), part))


def _answer(stream) -> object:
    """Read one answer in RESP."""
    line = stream.readline()
    if not line.endswith(b"\r\n"):
        raise EOFError("the server hung up")
    kind, rest = line[:1], line[1:-2].decode()
    if kind == b"-":
        raise RedisError(rest)
    if kind == b":":
        return int(rest)
    if kind == b"$":
        return None if rest == "-1" else stream.read(int(rest) + 2)[:-2].decode(errors="replace")
    if kind == b"*":
        return [_answer(stream) for _ in range(int(rest))]
    return rest
