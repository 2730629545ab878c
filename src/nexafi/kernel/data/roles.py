"""Roles: what a fresh PostgreSQL needs before it is migrated, with the least rights that do.

The owner owns the schemas and migrates. The app owns nothing, may not make a
table, not even a temporary one, and sees the rows of one organization at a time.
The steward passes the wall (BYPASSRLS), reads, and changes only what is nobody's.
"""

from __future__ import annotations

import secrets
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from sqlalchemy import URL, Connection, create_engine, make_url
from sqlalchemy.pool import NullPool

from nexafi.kernel.data.postgres import APP, OWNER, STEWARD

ROLES: Final = {OWNER: "LOGIN", APP: "LOGIN", STEWARD: "LOGIN BYPASSRLS"}
"""What each role may do beyond what everybody may; nobody is a superuser."""

PASSWORD_BYTES: Final = 24


def script(database: str, schemas: Sequence[str]) -> str:
    """Return what an administrator runs by psql; the passwords are given as its variables."""
    parts = [
        "-- Run by psql as an administrator, as often as you like:",
        "--   psql -v owner_password=... -v app_password=... -v steward_password=... -f roles.sql",
        "\\set ON_ERROR_STOP on",
    ]
    for role, rights in ROLES.items():
        variable = f"{role.removeprefix('nexafi_')}_password"
        parts.append(_unless_there(f"CREATE ROLE {role} {rights}", "pg_roles", "rolname", role))
        parts.append(f"ALTER ROLE {role} LOGIN PASSWORD :'{variable}';")
    parts.append(f"{_own_it()};")
    make = f"CREATE DATABASE {database} OWNER {OWNER}"
    parts.append(_unless_there(make, "pg_database", "datname", database))
    parts.append(f"\\connect {database}")
    parts += [f"{each};" for each in within(database, schemas)]
    return "\n".join(parts) + "\n"


def _unless_there(make: str, catalog: str, column: str, name: str) -> str:
    """Return what psql runs if the *catalog* has nothing of that *name*."""
    there = f"SELECT FROM {catalog} WHERE {column} = '{name}'"
    return f"SELECT '{make}' WHERE NOT EXISTS ({there}) \\gexec"


def within(database: str, schemas: Sequence[str]) -> Iterator[str]:
    """Yield what is run inside the database: who may connect, and where each may look."""
    yield f"REVOKE ALL ON DATABASE {database} FROM PUBLIC"
    yield f"GRANT CONNECT ON DATABASE {database} TO {APP}, {STEWARD}"
    yield "REVOKE ALL ON SCHEMA public FROM PUBLIC"
    yield f"GRANT USAGE, CREATE ON SCHEMA public TO {OWNER}"
    yield f"GRANT USAGE ON SCHEMA public TO {APP}, {STEWARD}"
    for schema in schemas:
        yield f"CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {OWNER}"
        yield f"GRANT USAGE ON SCHEMA {schema} TO {APP}, {STEWARD}"


def apply(url: str, database: str, schemas: Sequence[str], *, renew: bool) -> dict[str, str]:
    """Make roles, database and schemas as the administrator at *url*.

    Return the addresses of the three roles, by role. A role that was there keeps
    its password, which we do not know (``...``), unless *renew*; one that was made
    by a migration cannot log in yet, and is given one.
    """
    address = make_url(url)
    passwords: dict[str, str] = {}
    with _connected(url) as connection:
        for role, rights in ROLES.items():
            if not _found(connection, "pg_roles", "rolname", role):
                connection.exec_driver_sql(f"CREATE ROLE {role} {rights}")
                passwords[role] = _new_password(connection, role)
            elif renew or not _may_log_in(connection, role):
                passwords[role] = _new_password(connection, role)
        connection.exec_driver_sql(_own_it())
        if not _found(connection, "pg_database", "datname", database):
            connection.exec_driver_sql(f"CREATE DATABASE {database} OWNER {OWNER}")
    inside = address.set(database=database)
    with _connected(inside.render_as_string(hide_password=False)) as connection:
        for statement in within(database, schemas):
            connection.exec_driver_sql(statement)
    return _addresses(inside.set(drivername="postgresql+psycopg"), passwords)


def _new_password(connection: Connection, role: str) -> str:
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    connection.exec_driver_sql(f"ALTER ROLE {role} LOGIN PASSWORD '{password}'")
    return password


def _may_log_in(connection: Connection, role: str) -> bool:
    statement = "SELECT rolcanlogin FROM pg_roles WHERE rolname = %(role)s"
    return bool(connection.exec_driver_sql(statement, {"role": role}).scalar())


def _addresses(inside: URL, passwords: Mapping[str, str]) -> dict[str, str]:
    return {
        role: inside.set(username=role, password=passwords.get(role, "...")).render_as_string(
            hide_password=False
        )
        for role in ROLES
    }


def _own_it() -> str:
    """Return what lets an administrator who is no superuser make something that is the owner's."""
    return f"GRANT {OWNER} TO CURRENT_USER"


@contextmanager
def _connected(url: str) -> Generator[Connection]:
    """Open a connection that keeps each statement at once."""
    address = make_url(url).set(drivername="postgresql+psycopg")
    engine = create_engine(
        address, isolation_level="AUTOCOMMIT", hide_parameters=True, poolclass=NullPool
    )
    with engine.connect() as connection:
        yield connection


def _found(connection: Connection, catalog: str, column: str, name: str) -> bool:
    statement = f"SELECT 1 FROM {catalog} WHERE {column} = %(name)s"  # noqa: S608 - names of ours
    return connection.exec_driver_sql(statement, {"name": name}).first() is not None
