"""The same servers by Docker Compose, where there is an engine."""

from __future__ import annotations

import secrets
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from scripts.environment import ROOT
from scripts.infrastructure.parts import Part, Trouble

FILES: Final = ("compose.yaml", "compose.local.yaml")
"""The platform's own description, and what makes its servers reachable from this machine."""

VARIABLES: Final = (
    "POSTGRES_PASSWORD", "OWNER_PASSWORD", "APP_PASSWORD", "STEWARD_PASSWORD", "REDIS_PASSWORD",
    "RABBITMQ_PASSWORD", "NEXAFI_SECRET",
)  # fmt: skip
"""What the description asks for; of the roles and the secret the servers alone make no use."""


def found() -> list[str] | None:
    """Return the command of Docker Compose, or None if there is no engine that answers."""
    docker = shutil.which("docker")
    if docker is None or _code([docker, "info"]) != 0:
        return None
    if _code([docker, "compose", "version"]) == 0:
        return [docker, "compose"]
    standalone = shutil.which("docker-compose")
    return [standalone] if standalone else None


class Engine:
    """Docker Compose for the servers of one data folder."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self._variables = folder / "compose.env"
        given = [part for name in FILES for part in ("-f", str(ROOT / "infrastructure" / name))]
        env = ["--env-file", str(self._variables)]
        self._command = [*command, "-p", "nexafi-infrastructure", *env, *given]

    def start(self, parts: Iterable[Part], passwords: Mapping[str, str]) -> None:
        """Start *parts* and wait until they are healthy."""
        self._variables.touch(mode=0o600)
        given = {f"{name.upper()}_PASSWORD": value for name, value in passwords.items()}
        lines = [f"{name}={given.get(name) or secrets.token_hex(24)}" for name in VARIABLES]
        self._variables.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self._run("up", "--detach", "--wait", *(part.name for part in parts))

    def stop(self, parts: Iterable[Part]) -> None:
        """Stop *parts*; what they keep stays in its volumes."""
        if self._variables.exists():
            self._run("stop", *(part.name for part in parts))

    def running(self) -> set[str]:
        """Return the names of what runs."""
        if not self._variables.exists():
            return set()
        lines = self._run("ps", "--services", "--filter", "status=running").split()
        return set(lines)

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self._command, *arguments], check=False, capture_output=True, text=True
        )
        if done.returncode != 0:
            raise Trouble(f"docker compose {arguments[0]}: {done.stderr.strip()[-500:]}")
        return done.stdout


def _code(command: list[str]) -> int:
    try:
        return subprocess.run(command, check=False, capture_output=True, timeout=20).returncode
    except (OSError, subprocess.TimeoutExpired):
        return 1
