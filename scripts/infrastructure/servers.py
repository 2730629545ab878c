"""How each server is set up and started from the programs of the distribution.

All listen on 127.0.0.1 alone, ask for a password where they know such a thing, and keep what they
are told: a machine of a developer holds books too.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.environment import ROOT
from scripts.infrastructure.greetings import ANSWERS
from scripts.infrastructure.parts import Part, Trouble
from scripts.infrastructure.processes import HERE, Process, Room, free_port

READY_S: Final = 120.0
RULES: Final = ROOT / "infrastructure" / "prometheus" / "rules"


@dataclass(frozen=True)
class Given:
    """What a server is started with.

    Args:
        program: what is run.
        port: where it is to listen.
        passwords: of all servers, by their names.
        ports: of the other servers that run, by their names.
        gateway: the port of the gateway; the services follow it.

    """

    program: Path
    port: int
    passwords: dict[str, str]
    ports: dict[str, int]
    gateway: int = 5000


Start = Callable[[Room, Given], list[Process]]


def start(part: Part, room: Room, given: Given) -> None:
    """Start a server and wait until it answers; raise Trouble with the end of its log if not."""
    room.make(*ACCOUNTS[part.name])
    processes = STARTS[part.name](room, given)
    room.note(given.port, processes)
    deadline = time.monotonic() + READY_S
    while not ANSWERS[part.name](given.port):
        if not processes[0].is_alive or time.monotonic() > deadline:
            stop(room)
            said = room.log.read_text(encoding="utf-8", errors="replace").strip()[-600:]
            raise Trouble(f"{part.title} did not start; {room.log} ends with: {said}")
        time.sleep(0.1)


def stop(room: Room) -> bool:
    """End what runs in a folder; return whether anything did."""
    _port, alive = room.noted()
    for process in alive:
        process.end(HOW_ENDED.get(room.folder.name, signal.SIGTERM))
    room.forget()
    return bool(alive)


def _postgres(room: Room, given: Given) -> list[Process]:
    data = room.folder / "data"
    if not (data / "PG_VERSION").exists():
        secret = room.write("superuser", given.passwords["postgres"])
        try:
            room.run(
                [given.program.with_name("initdb"), "-D", data, "-U", "postgres", "-E", "UTF8",
                 "--locale=C.UTF-8", "--auth=scram-sha-256", f"--pwfile={secret}"]
            )  # fmt: skip
        finally:
            secret.unlink()
    settings = {"listen_addresses": HERE, "port": given.port, "unix_socket_directories": ""}
    command: list[str | Path] = [given.program, "-D", data]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    return [room.start(command)]


def _redis(room: Room, given: Given) -> list[Process]:
    lines = {
        "bind": HERE,
        "port": given.port,
        "dir": room.subfolder("data"),
        "requirepass": given.passwords["redis"],
        "appendonly": "yes",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    text = "".join(f"{name} {value}\n" for name, value in lines.items())
    return [room.start([given.program, room.write("redis.conf", text)])]


def _rabbitmq(room: Room, given: Given) -> list[Process]:
    """Start a node and the port mapper that Erlang wants, which is its own and ends with it."""
    mapper, distribution = free_port(given.port + 6), free_port(given.port + 7)
    lines = {
        "listeners.tcp.here": f"{HERE}:{given.port}",
        "default_user": "nexafi",
        "default_pass": given.passwords["rabbitmq"],
        "default_vhost": "nexafi",
        "log.file": "false",
        "log.console": "true",
        "log.console.level": "warning",
    }
    room.write("rabbitmq.conf", "".join(f"{name} = {value}\n" for name, value in lines.items()))
    room.write("enabled_plugins", "[].\n")
    erlang = {
        "HOME": str(room.folder),
        "LANG": "C.UTF-8",
        "ERL_EPMD_PORT": str(mapper),
        "ERL_EPMD_ADDRESS": HERE,
    }
    epmd = room.start(["epmd", "-port", str(mapper), "-address", HERE], erlang)
    here = {
        "RABBITMQ_NODENAME": f"nexafi{given.port}@localhost",
        "RABBITMQ_MNESIA_BASE": str(room.subfolder("data")),
        "RABBITMQ_LOG_BASE": str(room.subfolder("log")),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_CONFIG_FILE": str(room.folder / "rabbitmq"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(room.folder / "enabled_plugins"),
        "RABBITMQ_PID_FILE": str(room.folder / "node.pid"),
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
            "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none"
        ),
    }
    return [room.start([given.program], erlang | here), epmd]


def _prometheus(room: Room, given: Given) -> list[Process]:
    targets = ", ".join(f'"{HERE}:{given.gateway + offset}"' for offset in range(1, 8))
    lines = [
        "global: {scrape_interval: 15s, evaluation_interval: 15s}",
        f'rule_files: ["{RULES}/*.yaml", "{RULES}/*.yml"]',
        "scrape_configs:",
        "  - job_name: nexafi-gateway",
        f'    static_configs: [{{targets: ["{HERE}:{given.gateway}"]}}]',
        "  - job_name: nexafi-services",
        f"    static_configs: [{{targets: [{targets}]}}]",
    ]
    if port := given.ports.get("alertmanager"):
        where = f'[{{targets: ["{HERE}:{port}"]}}]'
        lines.append(f"alerting: {{alertmanagers: [{{static_configs: {where}}}]}}")
    config = room.write("prometheus.yml", "\n".join(lines) + "\n")
    return [
        room.start(
            [given.program, f"--config.file={config}",
             f"--storage.tsdb.path={room.subfolder('data')}",
             f"--web.listen-address={HERE}:{given.port}"]
        )
    ]  # fmt: skip


def _alertmanager(room: Room, given: Given) -> list[Process]:
    own = ROOT / "infrastructure" / "alertmanager" / "alertmanager.yml"
    text = 'route: {receiver: nobody}\nreceivers: [{name: "nobody"}]\n'
    config = room.write("alertmanager.yml", own.read_text() if own.exists() else text)
    return [
        room.start(
            [given.program, f"--config.file={config}",
             f"--storage.path={room.subfolder('data')}", "--cluster.listen-address=",
             f"--web.listen-address={HERE}:{given.port}"]
        )
    ]  # fmt: skip


STARTS: Final[dict[str, Start]] = {
    "postgres": _postgres,
    "redis": _redis,
    "rabbitmq": _rabbitmq,
    "prometheus": _prometheus,
    "alertmanager": _alertmanager,
}

HOW_ENDED: Final = {"postgres": signal.SIGINT}
"""PostgreSQL told by SIGTERM waits until its clients have left; by SIGINT it sends them away."""

ACCOUNTS: Final = {
    "postgres": ("postgres", "nobody"),
    "redis": ("redis", "nobody"),
    "rabbitmq": ("rabbitmq", "nobody"),
    "prometheus": ("prometheus", "nobody"),
    "alertmanager": ("prometheus", "nobody"),
}
"""As whom each runs if we are root: the users that the packages bring; PostgreSQL refuses root."""
