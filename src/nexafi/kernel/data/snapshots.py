"""Snapshots: what databases hold at one moment, while everybody goes on working.

A moment is pinned in all of them before anything is copied. Databases on one
PostgreSQL share the very same one; files and separate servers are pinned within
milliseconds of each other, and `replay` makes up for the news in between.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

import psycopg
from psycopg import sql

from nexafi.kernel.data.database import Database

PAGES_AT_ONCE: Final = 2_000
Tell = Callable[[str], None]
"""Is told which table, or which part of a file, comes next."""

TABLES: Final = """
SELECT c.relname FROM pg_class AS c
 WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
   AND NOT c.relispartition AND c.relname <> 'alembic_version'
 ORDER BY c.relname
"""
COLUMNS: Final = """
SELECT attname FROM pg_attribute
 WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
 ORDER BY attnum
"""


class Snapshot(Protocol):
    """One database at one moment."""

    service: str

    def revisions(self) -> list[str]:
        """Return which migrations it had."""
        ...

    def write(self, folder: Path, tell: Tell) -> dict[str, int]:
        """Write all that it holds into *folder*; return how many rows each table has."""
        ...


@contextmanager
def taken(databases: Sequence[Database]) -> Generator[list[Snapshot]]:
    """Pin one moment in all of *databases*; it is held until the block ends."""
    with ExitStack() as stack:
        found: list[Snapshot] = []
        shared: dict[tuple[object, ...], str] = {}
        for database in databases:
            if database.engine.dialect.name == "sqlite":
                found.append(stack.enter_context(_file(database)))
            else:
                found.append(stack.enter_context(_server(database, shared)))
        yield found


class _File:
    """A SQLite file."""

    def __init__(self, service: str, connection: sqlite3.Connection) -> None:
        self.service = service
        self._connection = connection

    def revisions(self) -> list[str]:
        return sorted(row[0] for row in self._connection.execute(_VERSIONS))

    def write(self, folder: Path, tell: Tell) -> dict[str, int]:
        path = folder / f"{self.service}.db"
        copy = sqlite3.connect(path)

        def step(_status: int, left: int, pages: int) -> None:
            tell(f"{self.service}: {pages - left:,} of {pages:,} pages")

        try:
            self._connection.backup(copy, pages=PAGES_AT_ONCE, progress=step)
            copy.execute("PRAGMA journal_mode=DELETE")  # no second file beside it
            return rows_of_file(copy)
        finally:
            copy.close()


class _Server:
    """A schema of a PostgreSQL."""

    def __init__(self, service: str, driver: psycopg.Connection[Any]) -> None:
        self.service = service
        self._driver = driver

    def revisions(self) -> list[str]:
        return sorted(row[0] for row in self._driver.execute(_VERSIONS))

    def write(self, folder: Path, tell: Tell) -> dict[str, int]:
        own = folder / self.service
        own.mkdir()
        counts: dict[str, int] = {}
        for (table,) in self._driver.execute(TABLES).fetchall():
            tell(f"{self.service}: {table}")
            names = [row[0] for row in self._driver.execute(COLUMNS, [table])]
            statement = sql.SQL("COPY {} ({}) TO STDOUT").format(
                sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, names))
            )
            with (own / f"{table}.copy").open("wb") as file, self._driver.cursor() as cursor:
                file.write((",".join(names) + "\n").encode())
                with cursor.copy(statement) as rows:
                    for piece in rows:
                        file.write(piece)
                counts[table] = max(cursor.rowcount, 0)
        return counts


_VERSIONS: Final = "SELECT version_num FROM alembic_version"


def rows_of_file(connection: sqlite3.Connection) -> dict[str, int]:
    """Return how many rows each table of a SQLite file has."""
    tables = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        " AND name <> 'alembic_version' ORDER BY name"
    ).fetchall()
    counted = "SELECT count(*) FROM "
    return {name: connection.execute(counted + name).fetchone()[0] for (name,) in tables}


@contextmanager
def _file(database: Database) -> Generator[Snapshot]:
    path = str(database.engine.url.database)
    connection = sqlite3.connect(path, isolation_level=None, timeout=30)
    try:
        connection.execute("BEGIN")
        connection.execute(_VERSIONS).fetchall()  # the first read is what pins the moment
        yield _File(database.service, connection)
    finally:
        connection.close()


@contextmanager
def _server(database: Database, shared: dict[tuple[object, ...], str]) -> Generator[Snapshot]:
    engine = database.steward_engine
    where = (engine.url.host, engine.url.port, engine.url.database)
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection), driver
        driver.autocommit = True  # the transaction is ours to open
        try:
            driver.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            if where in shared:
                name = sql.Literal(shared[where])
                driver.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(name))
            else:
                exported = driver.execute("SELECT pg_export_snapshot()").fetchone()
                shared[where] = exported[0] if exported else ""
            for setting, value in database.each_time.items():
                driver.execute("SELECT set_config(%s, %s, true)", [setting, value])
            yield _Server(database.service, driver)
        finally:
            connection.invalidate()
