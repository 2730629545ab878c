"""Where a database stands: what it needs before it is migrated, and whether it is up to date."""

from __future__ import annotations

from functools import cache

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from nexafi.kernel.data.database import Database
from nexafi.kernel.data.migrations import BRANCHES
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


def behind(database: Database) -> str | None:
    """Return what is missing until *database* is as the code expects it, or None."""
    wanted = heads(database.service)
    with database.survey() as survey:  # as one who reads: a check must not wait for writers
        migrations = MigrationContext.configure(survey.session.connection())
        found = set(migrations.get_current_heads())
    if found == wanted:
        return None
    if not found:
        return "the database is empty: run `nexafi migrate`"
    missing = ", ".join(sorted(wanted - found)) or "nothing, it is newer than this code"
    return f"migrations are missing ({missing}): run `nexafi migrate`"


@cache
def heads(service: str) -> frozenset[str]:
    """Return the newest revisions that this code has for *service*, one for each branch."""
    config = Config()
    config.set_main_option("script_location", f"nexafi.{service}:migrations")
    config.set_main_option("path_separator", "space")
    config.set_main_option("version_locations", BRANCHES.format(service=service))
    return frozenset(ScriptDirectory.from_config(config).get_heads())


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
