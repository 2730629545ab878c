"""The servers that an installation may stand on: its own database, names and queues on each.

The tests of the platform run twice: embedded, with nothing but files, and on PostgreSQL, Redis and
RabbitMQ as they run on this machine. Where CI is set all three must be there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import psycopg
from scripts.servers import RABBITMQ, REDIS, is_open
from sqlalchemy import make_url

from nexafi.cli.migrate import bring_up_to_date
from nexafi.cli.platform import Platform, existing
from nexafi.kernel.data import roles
from nexafi.kernel.data.postgres import APP, OWNER, STEWARD
from nexafi.kernel.news.rabbitmq import topology
from nexafi.kernel.news.rabbitmq.link import RabbitAt
from nexafi.kernel.settings import SERVICES, Settings
from tests.databases import ONE_AT_A_TIME, PASSWORD, make_roles

VARIABLES = {
    APP: "NEXAFI_DATABASE_URL",
    OWNER: "NEXAFI_DATABASE_OWNER_URL",
    STEWARD: "NEXAFI_DATABASE_STEWARD_URL",
}


@dataclass
class Servers:
    """The servers of this machine.

    Args:
        url: of PostgreSQL, as who may make databases there.

    """

    url: str
    _template: str | None = None
    _names: list[str] = field(default_factory=list)

    @contextmanager
    def place(self) -> Iterator[dict[str, str]]:
        """Give the settings of a new installation, as in the environment; clean up after it."""
        name = f"nexafi_place_{uuid4().hex}"
        self._do(f"CREATE DATABASE {name} TEMPLATE {self._prepared()} OWNER {OWNER}")
        given = self._addresses(name)
        if is_open(REDIS):
            given["NEXAFI_REDIS_URL"] = f"redis://127.0.0.1:{REDIS}/0"
        if is_open(RABBITMQ):
            given["NEXAFI_RABBITMQ_URL"] = f"amqp://guest:guest@127.0.0.1:{RABBITMQ}/"
        given |= named(given, name)
        try:
            yield given
        finally:
            self.drop(name)
            forget(given)

    def close(self) -> None:
        """Drop what places are copied from."""
        if self._template is not None:
            self.drop(self._template)

    def drop(self, name: str) -> None:
        """Take a database away, and whoever still holds it."""
        self._do(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _prepared(self) -> str:
        """Return a database with roles, schemas and tables, made when it is first asked for."""
        if self._template is None:
            name = f"nexafi_place_{uuid4().hex}"
            make_roles(self.url)
            with psycopg.connect(self._admin, autocommit=True) as connection:
                connection.execute("SELECT pg_advisory_lock(%s)", (ONE_AT_A_TIME,))
                roles.apply(self._admin, name, SERVICES, renew=False)
            given = {key.removeprefix("NEXAFI_").lower(): value
                     for key, value in self._addresses(name).items()}  # fmt: skip
            platform = Platform(Settings(**given))
            assert len(list(bring_up_to_date(platform, existing()))) == len(existing())
            platform.close()
            self._template = name
        return self._template

    @property
    def _admin(self) -> str:
        return self.url.replace("postgresql+psycopg:", "postgresql:")

    def _addresses(self, name: str) -> dict[str, str]:
        url = make_url(self.url).set(drivername="postgresql+psycopg", database=name)
        return {
            variable: url.set(username=role, password=PASSWORD).render_as_string(
                hide_password=False
            )
            for role, variable in VARIABLES.items()
        }

    def _do(self, statement: str) -> None:
        with psycopg.connect(self._admin, autocommit=True) as connection:
            connection.execute(statement)


def named(given: dict[str, str], name: str) -> dict[str, str]:
    """Return the settings by which an installation has names of its own on shared servers."""
    found = {}
    if "NEXAFI_REDIS_URL" in given:
        found["NEXAFI_REDIS_PREFIX"] = name
    if "NEXAFI_RABBITMQ_URL" in given:
        found["NEXAFI_RABBITMQ_PREFIX"] = name
    return found


def forget(given: dict[str, str]) -> None:
    """Take what was kept under the names of an installation out of Redis and RabbitMQ."""
    if "NEXAFI_REDIS_URL" in given:
        from redis import Redis  # noqa: PLC0415 - only here

        with Redis.from_url(given["NEXAFI_REDIS_URL"]) as redis:
            for key in redis.scan_iter(match=f"{given['NEXAFI_REDIS_PREFIX']}*", count=1000):
                redis.delete(key)
    if "NEXAFI_RABBITMQ_URL" in given:
        at = RabbitAt(given["NEXAFI_RABBITMQ_URL"], prefix=given["NEXAFI_RABBITMQ_PREFIX"])
        connection = at.connect("tests: removing")
        topology.remove(connection.channel(), topology.Names(at.prefix), SERVICES)
        connection.close()


def missing() -> list[str]:
    """Return what is not there of the servers that must be there where CI is set."""
    if not os.environ.get("CI"):
        return []
    there = {"Redis": is_open(REDIS), "RabbitMQ": is_open(RABBITMQ)}
    return [name for name, is_there in there.items() if not is_there]
