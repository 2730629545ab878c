"""Restoring: a snapshot into an empty place, as the owner, and the news that it must tell again.

The guards that look at what is posted would refuse old entries in closed periods,
and the wall binds the owner too: both are let down for the one transaction that
loads, and put up as they were. References between rows are checked all the same.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import inspect, select, update

from nexafi.kernel.data.database import Database
from nexafi.kernel.data.snapshots import TABLES, Tell, rows_of_file
from nexafi.kernel.data.tables import WAITING, InboxRow, OutboxRow

BYTES_AT_ONCE: Final = 1 << 20
EVENTS_AT_ONCE: Final = 500


class CannotRestore(Exception):
    """The place is not empty, or the snapshot does not fit it; the message says which."""


def refuse_file(path: Path) -> None:
    """Raise CannotRestore if there is a SQLite file already; it is not opened, nor made."""
    if path.exists():
        raise CannotRestore(f"{path} is there already. Restore into an empty place.")


def refuse_unless_empty(database: Database) -> None:
    """Raise CannotRestore if a PostgreSQL holds anything at all."""
    with database.engine.connect() as connection:
        for (table,) in connection.exec_driver_sql(TABLES).all():
            # the wall hides rows from the owner; what takes up room is not empty
            size = "SELECT pg_relation_size(%(table)s::regclass)"
            if connection.exec_driver_sql(size, {"table": table}).scalar():
                raise CannotRestore(
                    f"The database of {database.service} holds {table} already."
                    " Restore into an empty place."
                )


def load_file(source: Path, target: Path, tables: Mapping[str, int]) -> None:
    """Put the file of a service where its database is looked for, if it is whole."""
    connection = sqlite3.connect(source)
    try:
        faults = [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
        faults += [str(row) for row in connection.execute("PRAGMA foreign_key_check").fetchall()]
        if faults or rows_of_file(connection) != dict(tables):
            raise CannotRestore(f"The copy {source.name} is not whole: {faults[:3]}")
    finally:
        connection.close()
    source.replace(target)


def load_server(database: Database, folder: Path, tables: Mapping[str, int], tell: Tell) -> None:
    """Load the tables of a service from *folder*, all or none of them."""
    with database.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection), driver
        with driver.transaction():
            there = [row[0] for row in driver.execute(TABLES).fetchall()]
            if missing := sorted(set(tables) - set(there)):
                raise CannotRestore(f"{database.service} has no tables {missing} to load into.")
            for table in _in_order(driver, there):
                if table in tables:
                    tell(f"{database.service}: {table}")
                    path = folder / database.service / f"{table}.copy"
                    with _guards_down(driver, table):
                        _copy_in(driver, table, path)
                        _compare(driver, table, tables[table])


def _in_order(driver: psycopg.Connection[Any], tables: Sequence[str]) -> list[str]:
    """Return *tables*, each after those that it refers to."""
    order: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(tables, ()))
    references = driver.execute(
        "SELECT a.relname, b.relname FROM pg_constraint AS c"
        " JOIN pg_class AS a ON a.oid = c.conrelid JOIN pg_class AS b ON b.oid = c.confrelid"
        " WHERE c.contype = 'f' AND c.conrelid <> c.confrelid"
        "   AND a.relnamespace = current_schema()::regnamespace"
    )
    for table, to in references.fetchall():
        order.add(table, to)
    return list(order.static_order())


@contextmanager
def _guards_down(driver: psycopg.Connection[Any], table: str) -> Generator[None]:
    """Let down the wall around *table* and its guards, and put up after what was let down."""
    alter = sql.SQL("ALTER TABLE {} ").format(sql.Identifier(table))
    walled = driver.execute(
        "SELECT 1 FROM pg_class WHERE oid = %s::regclass AND relforcerowsecurity", [table]
    ).fetchone()
    guards = driver.execute(
        "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal"
        " AND tgenabled = 'O'",
        [table],
    ).fetchall()
    if walled:
        driver.execute(alter + sql.SQL("NO FORCE ROW LEVEL SECURITY"))
    for (guard,) in guards:
        driver.execute(alter + sql.SQL("DISABLE TRIGGER {}").format(sql.Identifier(guard)))
    yield
    driver.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with checks to come is not altered
    for (guard,) in guards:
        driver.execute(alter + sql.SQL("ENABLE TRIGGER {}").format(sql.Identifier(guard)))
    if walled:
        driver.execute(alter + sql.SQL("FORCE ROW LEVEL SECURITY"))


def _copy_in(driver: psycopg.Connection[Any], table: str, path: Path) -> None:
    with path.open("rb") as file, driver.cursor() as cursor:
        names = file.readline().decode().strip().split(",")
        columns = sql.SQL(", ").join(map(sql.Identifier, names))
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), columns)
        with cursor.copy(statement) as rows:
            while piece := file.read(BYTES_AT_ONCE):
                rows.write(piece)


def _compare(driver: psycopg.Connection[Any], table: str, wanted: int) -> None:
    """Raise unless *table* holds as many rows as it should."""
    counted = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
    found = driver.execute(counted).fetchone()
    if not found or found[0] != wanted:
        raise CannotRestore(f"{table} should have {wanted:,} rows, and has {found and found[0]}.")


def replay(
    sender: Database, listeners: Mapping[tuple[str, int], Sequence[Database]], since: datetime
) -> int:
    """Let *sender* tell again what it told since a moment, and some listener has not heard.

    What was on its way when the moment was pinned is told again; who has heard
    it knows it by its id. What a relay had claimed is let go, for that relay is no
    more. Returns how many events will be told again.
    """
    now = sender.clock()
    with sender.steward() as session:
        claimed = update(OutboxRow).where(WAITING, OutboxRow.due_at > now)
        session.execute(claimed.values(due_at=now))
    told = select(OutboxRow.id, OutboxRow.name, OutboxRow.version).where(OutboxRow.sent_at >= since)
    with sender.survey() as survey:
        found = [(row.id, row.name, row.version) for row in survey.session.execute(told)]
    lost: set[UUID] = set()
    for key in {(name, version) for _, name, version in found} & listeners.keys():
        ids = [id_ for id_, name, version in found if (name, version) == key]
        for listener in listeners[key]:
            lost |= _unheard(listener, ids)
    gone = list(lost)
    for start in range(0, len(gone), EVENTS_AT_ONCE):
        with sender.steward() as session:
            session.execute(
                update(OutboxRow)
                .where(OutboxRow.id.in_(gone[start : start + EVENTS_AT_ONCE]))
                .values(sent_at=None, tries=0, due_at=now)
            )
    return len(lost)


def _unheard(listener: Database, ids: Sequence[UUID]) -> set[UUID]:
    """Return those of *ids* that *listener* has not handled."""
    left = set(ids)
    with listener.survey() as survey:
        for start in range(0, len(ids), EVENTS_AT_ONCE):
            some = ids[start : start + EVENTS_AT_ONCE]
            heard = select(InboxRow.event_id).where(InboxRow.event_id.in_(some))
            left -= set(survey.session.scalars(heard))
    return left


def revisions(database: Database) -> list[str]:
    """Return which migrations a PostgreSQL has; none if it is empty."""
    with database.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return []
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version")
        return sorted(found.scalars())
