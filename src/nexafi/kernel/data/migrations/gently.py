"""Gently: changes of tables that others are reading and writing, on PostgreSQL.

A change that needs a lock for itself waits for it briefly and tries again, so
that nobody queues behind it for long. An index is built beside the writers. A
column is filled in batches, each kept at once, and required only when it is
full. On SQLite, where a migration has the file to itself, all of it is plain.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from nexafi.kernel.errors import Unavailable

LOCK_S: Final = 2
"""How long a change waits for its lock; as long may those wait who come after it."""

PAUSES_S: Final = (0.5, 1, 2, 4, 8, 8, 8, 8, 8, 8)
"""How long it then lets the others go on, before it tries again."""

ONE_AT_A_TIME_S: Final = 600.0
"""How long a migrator waits for another."""

BATCH: Final = 5_000
NO_LOCK: Final = "55P03"
DEADLOCK: Final = "40P01"


@contextmanager
def alone(connection: Connection, service: str) -> Generator[None]:
    """Be the only one who migrates the database of *service*, or wait until one is.

    It is tried again and again in place of waiting inside the server: an index
    that the other builds would wait for us in turn.
    """
    if connection.dialect.name != "postgresql":
        yield
        return
    key = {"name": f"nexafi migrate {service}"}
    take = "SELECT pg_try_advisory_lock(hashtextextended(%(name)s, 0))"
    deadline = time.monotonic() + ONE_AT_A_TIME_S
    while not connection.exec_driver_sql(take, key).scalar():
        connection.commit()
        if time.monotonic() > deadline:
            raise Unavailable(f"Somebody else is migrating the database of {service}.")
        time.sleep(0.2)
    connection.exec_driver_sql(f"SET lock_timeout = '{LOCK_S}s'")
    connection.commit()
    try:
        yield
    finally:
        connection.invalidate()  # the lock and what was set go with it


def again(deed: Callable[[], None], rest: Callable[[float], None] = time.sleep) -> None:
    """Do *deed*, and again after a pause while a lock cannot be had; raise at last."""
    for pause in PAUSES_S:
        try:
            return deed()
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) not in {NO_LOCK, DEADLOCK}:
                raise
        rest(pause)
    return deed()


def build_index(name: str, table: str, columns: Sequence[str], **options: Any) -> None:  # noqa: ANN401
    """Build an index beside the writers of *table*. It should be all that its migration does.

    What was left half-built by one that was cut off is taken away first.
    """
    if not _on_postgres():
        op.create_index(name, table, columns, **options)
        return
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")  # it waits for those who began before it, not for a lock
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        op.create_index(name, table, columns, postgresql_concurrently=True, **options)
        op.execute(f"SET lock_timeout = '{LOCK_S}s'")


def fill(table: str, change: str, *, where: str, batch: int = BATCH) -> None:
    """Run ``UPDATE table SET change WHERE where`` in batches, each kept at once.

    It goes through the rows by their key and may be cut off and run again. The
    wall, which binds the owner too, is let down for the owner meanwhile.
    """
    if not _on_postgres():
        op.execute(f"UPDATE {table} SET {change} WHERE {where}")
        return
    keys = sa.inspect(op.get_bind()).get_pk_constraint(table)["constrained_columns"]
    names = ", ".join(keys)
    with op.get_context().autocommit_block(), _wall_down(table):
        connection = op.get_bind()
        low: dict[str, Any] = {}
        while True:
            after = f"({names}) > ({_marks(keys, 'low')})" if low else "true"
            found = connection.execute(
                sa.text(
                    f"SELECT {names} FROM {table} WHERE {after} ORDER BY {names}"
                    f" LIMIT 1 OFFSET {batch - 1}"
                ),
                low,
            ).first()
            high = dict(zip((f"high_{key}" for key in keys), found, strict=True)) if found else {}
            until = f"({names}) <= ({_marks(keys, 'high')})" if found else "true"
            connection.execute(
                sa.text(f"UPDATE {table} SET {change} WHERE ({where}) AND {after} AND {until}"),
                low | high,
            )
            if not found:
                return
            low = {f"low_{key}": value for key, value in zip(keys, found, strict=True)}


def require(table: str, column: str, kind: sa.types.TypeEngine[Any]) -> None:
    """Let *column* be NULL no more, without reading the whole table under a lock."""
    if not _on_postgres():
        triggers = sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE :it")
        if op.get_bind().scalars(triggers, {"it": f"%{table}%"}).all():
            raise NotImplementedError(
                f"Triggers lean on {table}, which SQLite would write anew: give the column a"
                " server_default when it is added."
            )
        with op.batch_alter_table(table) as batch:
            batch.alter_column(column, existing_type=kind, nullable=False)
        return
    name = f"ck_{table}_{column}_is_there"
    with op.get_context().autocommit_block():
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
        op.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID"
        )
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL")
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")


@contextmanager
def _wall_down(table: str) -> Generator[None]:
    """Let the owner see the rows of *table*; for everybody else the wall stands."""
    walled = sa.text("SELECT relforcerowsecurity FROM pg_class WHERE oid = to_regclass(:it)")
    if not op.get_bind().scalar(walled, {"it": table}):
        yield
        return
    op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    try:
        yield
    finally:
        again(lambda: op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"))


def _marks(keys: Sequence[str], end: str) -> str:
    return ", ".join(f":{end}_{key}" for key in keys)


def _on_postgres() -> bool:
    return op.get_bind().dialect.name == "postgresql"
