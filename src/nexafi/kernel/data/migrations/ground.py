"""The ground of a database: what it needs before it is migrated."""

from __future__ import annotations

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from nexafi.kernel.data.database import Database
from nexafi.kernel.data.postgres import APP, STEWARD

RIGHTS = {APP: "NOBYPASSRLS", STEWARD: "BYPASSRLS"}


class GroundMissing(Exception):
    """The database lacks what only its administrator can give; the message says the SQL."""


def prepare(database: Database) -> None:
    """Make what migrations take for granted on PostgreSQL: two roles, and the service's schema.

    The roles cannot log in until the administrator lets them. Raises
    GroundMissing where the one who migrates may not make them.
    """
    if database.engine.dialect.name != "postgresql":
        return
    with database.engine.connect() as connection:
        for role, rights in RIGHTS.items():
            _make_role(connection, role, rights)
        schema = connection.exec_driver_sql("SHOW search_path").scalar_one()
        if schema == database.service:
            connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {schema} TO {APP}, {STEWARD}")
        connection.commit()


def _make_role(connection: Connection, role: str, rights: str) -> None:
    found = connection.exec_driver_sql(f"SELECT 1 FROM pg_roles WHERE rolname = '{role}'")
    if found.first():
        return
    statement = f"CREATE ROLE {role} NOLOGIN {rights}"
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(statement)
    except DBAPIError as error:
        again = connection.exec_driver_sql(f"SELECT 1 FROM pg_roles WHERE rolname = '{role}'")
        if not again.first():
            raise GroundMissing(f"The administrator must run: {statement}") from error
