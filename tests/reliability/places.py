"""Where a platform of these tests keeps its data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
from sqlalchemy import make_url

from tests.conftest import POSTGRES
from tests.databases import PASSWORD, ROLES, Cluster

SERVICES = ("users", "ledger")


@contextmanager
def settings_on(engine: str) -> Iterator[dict[str, str]]:
    """Return the settings of a platform on *engine*; its databases are dropped at the end."""
    if engine == "sqlite":
        yield {}
        return
    with databases(POSTGRES) as settings:
        yield settings


@contextmanager
def databases(server: str) -> Iterator[dict[str, str]]:
    """Make a database for each service on a PostgreSQL server, and drop them at the end."""
    Cluster(server).close()  # makes the roles, if they are not there
    url = make_url(server)
    admin = url.set(drivername="postgresql").render_as_string(hide_password=False)
    names = {service: f"nexafi_faults_{service}_{uuid4().hex[:12]}" for service in SERVICES}
    settings = {}
    with psycopg.connect(admin, autocommit=True) as connection:
        for service, name in names.items():
            connection.execute(f"CREATE DATABASE {name} OWNER nexafi_owner")
            for role in ROLES:
                what = role.removeprefix("nexafi_")
                middle = "" if what == "app" else f"_{what.upper()}"
                settings[f"NEXAFI_{service.upper()}_DATABASE{middle}_URL"] = url.set(
                    username=role, password=PASSWORD, database=name
                ).render_as_string(hide_password=False)
    try:
        yield settings
    finally:
        try:
            with psycopg.connect(admin, autocommit=True) as connection:
                for name in names.values():
                    connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        except psycopg.OperationalError:
            pass  # a private server that is no more takes them along
