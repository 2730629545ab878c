"""What can be started: each server's name, its usual port, and the packages that have it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final


class Trouble(Exception):
    """It cannot go on; the message says why and what to do, in one line."""


@dataclass(frozen=True)
class Part:
    """One server.

    Args:
        name: as it is chosen on the command line.
        title: as people call it.
        port: where it usually listens.
        offset: of its port when ours are counted from a base.
        package: of Debian and Ubuntu, None if they have none.
        program: finds what is to be run, or returns None.

    """

    name: str
    title: str
    port: int
    offset: int
    package: str | None = None
    program: Callable[[], Path | None] = lambda: None


def _on_path(name: str) -> Callable[[], Path | None]:
    def find() -> Path | None:
        found = shutil.which(name, path="/usr/bin:/usr/sbin:/usr/local/bin:/usr/local/sbin")
        return Path(found) if found else None

    return find


def postgres() -> Path | None:
    """Return the newest PostgreSQL server: Debian keeps them off the path."""
    there = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"),
        key=lambda path: (path.parts[-3].isdecimal(), int("".join(_digits(path.parts[-3])) or 0)),
    )
    return there[-1] if there else _on_path("postgres")()


def rabbitmq() -> Path | None:
    """Return the server's own script: that of Debian on the path would change the user first."""
    there = sorted(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin/rabbitmq-server"))
    return there[-1] if there else None


def _digits(text: str) -> list[str]:
    return [each for each in text if each.isdecimal()]


PARTS: Final = (
    Part("postgres", "PostgreSQL", 5432, 0, "postgresql", postgres),
    Part("redis", "Redis", 6379, 1, "redis-server", _on_path("redis-server")),
    Part("rabbitmq", "RabbitMQ", 5672, 2, "rabbitmq-server", rabbitmq),
    Part("elasticsearch", "Elasticsearch", 9200, 3),
    Part("kibana", "Kibana", 5601, 4),
    Part("prometheus", "Prometheus", 9090, 5, "prometheus", _on_path("prometheus")),
    Part(
        "alertmanager", "Alertmanager", 9093, 6, "prometheus-alertmanager",
        _on_path("prometheus-alertmanager"),
    ),
)  # fmt: skip


def chosen(words: str | None) -> list[Part]:
    """Return the parts that *words* names with commas, all if it names none; raise Trouble."""
    names = [each.strip() for each in (words or "").split(",") if each.strip()]
    known = {part.name: part for part in PARTS}
    if unknown := [name for name in names if name not in known]:
        raise Trouble(f"There is no {', '.join(unknown)}. There are: {', '.join(known)}.")
    return [part for part in PARTS if part.name in names or not names]
