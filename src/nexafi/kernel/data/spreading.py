"""Spreading: the plan of `distribution`, made for a database as it stands and run there."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from nexafi.kernel.data import distribution
from nexafi.kernel.data.database import Database

MIGRATIONS = "SELECT citus_add_local_table_to_metadata('alembic_version')"


class NoCitus(Exception):
    """The server has no Citus, or refused; the message says what."""


def planned(database: Database) -> tuple[str, str, list[str]]:
    """Return the schema, the database and the statements that spread *database*."""
    with database.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection), driver
        row = driver.execute("SELECT current_schema(), current_database()").fetchone()
        assert row is not None, "a SELECT without FROM has one row"
        found = distribution.functions(driver)
    return row[0], row[1], [*distribution.plan(database, found), MIGRATIONS]


def run(database: Database, statements: Sequence[str]) -> None:
    """Run *statements* in one transaction; raise NoCitus if one is refused, and keep nothing."""
    with database.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection), driver
        try:
            with driver.transaction():
                for statement in statements:
                    driver.execute(statement)
        except psycopg.errors.UndefinedFunction as error:
            raise NoCitus("This server has no Citus, or it is not in this database.") from error
        except psycopg.Error as error:
            raise NoCitus(f"Citus refused: {str(error).splitlines()[0]}.") from error
