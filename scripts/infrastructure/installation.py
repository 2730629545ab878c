"""All servers of one data folder: which run, which are started, and what `.env` says of them."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Final

from scripts import environment
from scripts.infrastructure import access, compose, dotenv, servers
from scripts.infrastructure.greetings import ANSWERS
from scripts.infrastructure.parts import Part, Trouble
from scripts.infrastructure.processes import HERE, Room, is_open

OURS, FOUND, ENGINE, AWAY = "ours", "found", "by Docker", "not running"
NOT_IN_DEBIAN: Final = "no package of the distribution has it; with a Docker engine it is started"


class Installation:
    """The servers of one data folder.

    Args:
        folder: where they keep everything.
        env: the file that tells NexaFi where they are.
        port_base: the port of the first of ours; None: their usual ones.
        gateway: the port of the gateway, for Prometheus.
        database: what the database is called.
        is_native: whether to do without Docker.

    """

    def __init__(
        self,
        folder: Path,
        *,
        env: Path,
        port_base: int | None,
        gateway: int,
        database: str,
        is_native: bool,
    ) -> None:
        self._folder = folder
        self._env = env
        self._port_base = port_base
        self._gateway = gateway
        self._database = database
        self._is_native = is_native

    @contextmanager
    def alone(self) -> Generator[None]:
        """Keep others from starting and stopping meanwhile."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @cached_property
    def _engine(self) -> compose.Engine | None:
        command = None if self._is_native else compose.found()
        return compose.Engine(command, self._folder) if command else None

    @cached_property
    def _contained(self) -> set[str]:
        return self._engine.running() if self._engine is not None else set()

    @cached_property
    def _passwords(self) -> dict[str, str]:
        """Return what we protect the servers with, made at the first start."""
        path = self._folder / "passwords.json"
        if not path.exists():
            made = {name: secrets.token_urlsafe(24) for name in ("postgres", "redis", "rabbitmq")}
            path.touch(mode=0o600)
            path.write_text(json.dumps(made), encoding="utf-8")
        return dict(json.loads(path.read_text(encoding="utf-8")))

    def _secret(self) -> str:
        """Return the root of all keys: that of the data folder if there is one, else a new one.

        On a database that several data folders use the secret cannot lie in one of them.
        """
        there = self._folder.parent / "secret"
        return (
            there.read_text(encoding="ascii").strip()
            if there.exists()
            else (secrets.token_urlsafe(32))
        )

    def _room(self, part: Part) -> Room:
        return Room(self._folder / part.name)

    def _port(self, part: Part) -> int:
        return part.port if self._port_base is None else self._port_base + part.offset

    def state(self, part: Part) -> tuple[str, int]:
        """Return whether and how a server runs, and its port."""
        port, _ = self._room(part).noted()
        if port:
            return OURS, port
        if part.name in self._contained:
            return ENGINE, part.port
        if self._port_base is None and is_open(part.port):
            if part.name in ANSWERS and not ANSWERS[part.name](part.port):
                raise Trouble(
                    f"Something listens on port {part.port} that is no {part.title}:"
                    " start ours elsewhere by --port-base."
                )
            return FOUND, part.port
        return AWAY, 0

    def show(self, parts: Sequence[Part]) -> int:
        """Print what runs; return 1 if something does not that can be had here."""
        missing = False
        for part in parts:
            how, port = self.state(part)
            if how == AWAY:
                can_be_had = part.package is not None or self._engine is not None
                missing |= can_be_had
                self._say(part, AWAY if can_be_had else f"{AWAY}: {NOT_IN_DEBIAN}")
            else:
                self._say(part, f"runs on {HERE}:{port} ({how})")
        return 1 if missing else 0

    def start(self, parts: Sequence[Part], *, is_choice: bool) -> None:
        """Start what does not run, and write `.env`; raise Trouble before anything is begun."""
        states = {part.name: self.state(part) for part in parts}
        away = [part for part in parts if states[part.name][0] == AWAY]
        if self._engine is None:
            away = self._that_can_be_had(away, is_choice=is_choice)
        print("Setting up ...", flush=True)
        environment.ensure(dev=False)
        for part in parts:
            how, port = states[part.name]
            if how != AWAY:
                self._say(part, f"runs already on {HERE}:{port} ({how})")
        if self._engine is not None:
            self._contain(away)
            states |= {part.name: (ENGINE, part.port) for part in away}
        else:
            for part in sorted(away, key=lambda part: part.name == "prometheus"):
                states[part.name] = (OURS, self._begin(part, states))
        self._tell(states)

    def stop(self, parts: Sequence[Part]) -> None:
        """Stop what was started here, the last first; what others started is left alone."""
        contained = [part for part in parts if part.name in self._contained]
        if self._engine is not None and contained:
            self._engine.stop(contained)
        for part in reversed(parts):
            if part in contained or servers.stop(self._room(part)):
                self._say(part, "stopped")
            elif self._port_base is None and is_open(part.port):
                self._say(part, f"was not started here: port {part.port} is left alone")
        if dotenv.ours(self._env):
            print(f"{self._env} still names them, for the next start. Its marked part taken out,")
            print("NexaFi is on SQLite again.")

    def _that_can_be_had(self, away: Sequence[Part], *, is_choice: bool) -> list[Part]:
        """Return those that the distribution has, installed; raise Trouble if they are not."""
        if not sys.platform.startswith("linux"):
            raise Trouble("Without a Docker engine this works on Debian and Ubuntu only.")
        without = [part for part in away if part.package is None]
        if without and is_choice:
            names = ", ".join(part.title for part in without)
            raise Trouble(f"{names}: {NOT_IN_DEBIAN}.")
        for part in without:
            self._say(part, f"left out: {NOT_IN_DEBIAN}")
        rest = [part for part in away if part.package is not None]
        packages = [part.package or "" for part in rest if part.program() is None]
        if packages:
            _install(packages)
            for part in rest:
                if part.program() is None:
                    raise Trouble(f"{part.title} is not where its package is said to put it.")
        return rest

    def _begin(self, part: Part, states: dict[str, tuple[str, int]]) -> int:
        print(f"  {part.title:<15} starting ...", end="", flush=True)
        began = time.monotonic()
        program, port = part.program(), self._port(part)
        assert program is not None, "it was looked for before"
        ports = {name: port for name, (_how, port) in states.items() if port}
        try:
            servers.start(
                part,
                self._room(part),
                servers.Given(program, port, self._passwords, ports, self._gateway),
            )
        except Trouble:
            print(flush=True)
            raise
        print(f" ready after {time.monotonic() - began:.1f} s on {HERE}:{port}", flush=True)
        return port

    def _contain(self, away: Sequence[Part]) -> None:
        assert self._engine is not None, "there is an engine"
        if not away:
            return
        names = ", ".join(part.title for part in away)
        print(f"  Docker Compose starts {names} ...", flush=True)
        self._engine.start(away, self._passwords)
        for part in away:
            self._say(part, f"ready on {HERE}:{part.port}")

    def _tell(self, states: dict[str, tuple[str, int]]) -> None:
        """Write into `.env` how NexaFi comes in, except what others wrote there."""
        before, theirs = dotenv.ours(self._env), dotenv.foreign(self._env)
        values = dict(before)
        for name, (how, port) in states.items():
            password = self._passwords.get(name) if how in {OURS, ENGINE} else None
            if how == AWAY or theirs & {f"NEXAFI_{word}_URL" for word in NAMED.get(name, ())}:
                continue
            if name == "postgres":
                values |= access.to_postgres(port, password, before, self._database)
                values.setdefault("NEXAFI_SECRET", self._secret())
            elif name == "redis":
                values |= access.to_redis(port, password)
            elif name == "rabbitmq":
                values |= access.to_rabbitmq(port, password)
            elif name == "elasticsearch":
                values["NEXAFI_ELASTICSEARCH_URL"] = f"http://{HERE}:{port}"
        dotenv.write(self._env, values)
        for name in sorted(theirs):
            if name.removeprefix("NEXAFI_").removesuffix("_URL") in WORDS:
                print(f"  {name} in {self._env} is left as it was set there.")
        if values:
            print(f"\n{self._env} says where they are: go on with ./start_services.sh")

    @staticmethod
    def _say(part: Part, what: str) -> None:
        print(f"  {part.title:<15} {what}", flush=True)


NAMED: Final = {
    "postgres": ("DATABASE",),
    "redis": ("REDIS",),
    "rabbitmq": ("RABBITMQ",),
    "elasticsearch": ("ELASTICSEARCH",),
}
WORDS: Final = {word for words in NAMED.values() for word in words}


def _install(packages: Sequence[str]) -> None:
    """Install packages if we may, else raise Trouble that says which; none of them is started."""
    wanted = f"apt-get install {' '.join(packages)}"
    apt = shutil.which("apt-get")
    if apt is None:
        raise Trouble(
            f"There is neither a Docker engine nor apt-get: install {' '.join(packages)}."
        )
    if os.geteuid() != 0:
        raise Trouble(f"These packages are missing; run once: sudo {wanted}")
    print(f"  {wanted} ...", flush=True)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    command = [apt, "install", "-y", "-q", "--no-install-recommends", *packages]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=env)
    if done.returncode != 0:
        raise Trouble(f"{wanted} failed: {done.stderr.strip()[-300:]}")
