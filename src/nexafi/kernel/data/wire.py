"""The short way to PostgreSQL: what every request sends, given to libpq without a layer between.

Opening a transaction for an organization, calling a function that posts, and writing what a Work
keeps for its end are three exchanges and nearly no time of ours. All else goes through SQLAlchemy.
Errors arrive as its errors, so nobody above can tell the two ways apart.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NoReturn

from sqlalchemy import Connection, Table
from sqlalchemy.exc import DBAPIError

from nexafi.kernel.errors import Unavailable

if TYPE_CHECKING:  # on SQLite the driver is not loaded at all
    from psycopg.pq.abc import PGconn, PGresult

Rows = Sequence[Mapping[str, Any]]
Default = Callable[[], object]

COMMAND_OK, TUPLES_OK, CONNECTION_BAD = 1, 2, 1
"""What libpq says of a result, and of a connection."""
FINE: Final = frozenset({COMMAND_OK, TUPLES_OK})


class Lost(Exception):
    """The connection was lost while it lay in the pool; nothing has been done on it."""


def begin(connection: Connection, script: bytes) -> None:
    """Send what opens a transaction; raise Lost if the server had let go of the connection."""
    pgconn = _libpq(connection)
    result = pgconn.exec_(script)
    if result.status not in FINE:
        if pgconn.status == CONNECTION_BAD:
            raise Lost
        _fail(connection, script, result)


def call(connection: Connection, statement: bytes, values: Sequence[str | None]) -> None:
    """Send one statement with its values (``$1`` and on, as text), whose result nobody reads."""
    given = [None if value is None else value.encode() for value in values]
    result = _libpq(connection).exec_params(statement, given)
    if result.status not in FINE:
        _fail(connection, statement, result)


def commit(connection: Connection, last: Mapping[Table, Rows]) -> None:
    """Insert the *last* rows and commit, in one exchange."""
    from psycopg.pq import Escaping  # noqa: PLC0415

    pgconn = _libpq(connection)
    quote = Escaping(pgconn).escape_literal
    inserts = [_insert(table, rows, quote) for table, rows in last.items()]
    script = b";".join([*inserts, b"COMMIT"])
    result = pgconn.exec_(script)
    if result.status not in FINE:
        _fail(connection, b"COMMIT", result)
    if result.command_status != b"COMMIT":
        raise Unavailable("The database had given up the transaction.")


def _libpq(connection: Connection) -> PGconn:
    driver: Any = connection.connection.driver_connection
    found: PGconn = driver.pgconn
    return found


def _fail(connection: Connection, statement: bytes, result: PGresult) -> NoReturn:
    """Raise what SQLAlchemy raises for *result*, and let its pool know of a lost connection."""
    import psycopg  # noqa: PLC0415

    if _libpq(connection).status == CONNECTION_BAD:
        connection.exec_driver_sql("SELECT")  # finds it lost, and says so as it always does
    error = psycopg.errors.error_from_result(result)
    raise DBAPIError.instance(
        statement.decode(), None, error, psycopg.Error, hide_parameters=True
    ) from error


def _insert(table: Table, rows: Rows, quote: Callable[[bytes], Any]) -> bytes:
    """Return the statement that writes *rows*, with what their table gives by default."""
    names, defaults = _columns(table)
    values = [
        b"(%s)"
        % b",".join(
            _literal(row[name] if name in row else default(), quote)
            for name, default in zip(names, defaults, strict=True)
        )
        for row in rows
    ]
    head = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES "  # noqa: S608 - names of ours
    return head.encode() + b",".join(values)


@lru_cache
def _columns(table: Table) -> tuple[list[str], list[Default]]:
    """Return the names of the columns, and what each holds where a row does not say."""
    return [column.name for column in table.c], [_default(column.default) for column in table.c]


def _default(declared: Any) -> Default:  # noqa: ANN401 - a default of SQLAlchemy, or none
    if declared is None:
        return lambda: None
    if declared.is_callable:
        return lambda: declared.arg(None)
    return lambda: declared.arg


def _literal(value: object, quote: Callable[[bytes], Any]) -> bytes:
    """Return *value* as it stands in a statement; the server reads it as what its column is."""
    if value is None:
        return b"NULL"
    if isinstance(value, (dict, list)):
        value = json.dumps(value)
    elif isinstance(value, datetime):
        assert value.tzinfo is not None, value
        value = value.isoformat()
    elif isinstance(value, bytes):
        value = f"\\x{value.hex()}"
    return bytes(quote(str(value).encode()))
