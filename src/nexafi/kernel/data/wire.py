"""The short way to PostgreSQL: what every request sends, given to libpq without a layer between.

Opening a transaction for an organization, calling a function that posts, and writing what a Work
keeps for its end need no answer of their own. So each is laid aside and sent with whatever asks
next, at the latest with the COMMIT: a posting is one exchange. All else goes through SQLAlchemy.
Errors arrive as its errors, so nobody above can tell the two ways apart.
"""

from __future__ import annotations

import json
import select
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NoReturn

from sqlalchemy import Connection, Engine, Table, event
from sqlalchemy.exc import DBAPIError

from nexafi.kernel.errors import Unavailable

if TYPE_CHECKING:  # on SQLite the driver is not loaded at all
    from psycopg.pq.abc import PGconn, PGresult

Rows = Sequence[Mapping[str, Any]]
Default = Callable[[], object]

COMMAND_OK, TUPLES_OK, CONNECTION_BAD, IDLE = 1, 2, 1, 0
"""What libpq says of a result, of a connection, and of its transaction."""
FINE: Final = frozenset({COMMAND_OK, TUPLES_OK})

LAID_ASIDE: Final = "nexafi.laid_aside"
"""Where a connection keeps what is to be sent with the next thing that is."""


class Lost(Exception):
    """The connection was lost while it lay in the pool; nothing has been done on it."""


def listen(engine: Engine) -> None:
    """Send what is laid aside on a connection of *engine* before any other statement of it."""

    @event.listens_for(engine, "before_cursor_execute")
    def _before(connection: Connection, *_: object) -> None:
        settle(connection)


def begin(connection: Connection, script: bytes) -> None:
    """Lay aside what opens a transaction; raise Lost if the server has let go of the connection."""
    if _is_lost(_libpq(connection)):
        raise Lost
    connection.info[LAID_ASIDE] = [script]


def end(connection: Connection) -> None:
    """Forget what was never sent; for whoever gives a connection back."""
    if not connection.invalidated:
        connection.info.pop(LAID_ASIDE, None)


def call(connection: Connection, function: str, values: Sequence[object]) -> None:
    """Call a function whose result nobody reads, with the next thing that is sent."""
    quote = _quote(connection)
    given = b", ".join(_literal(value, quote) for value in values)
    connection.info[LAID_ASIDE].append(b"SELECT %s(%s)" % (function.encode(), given))


def settle(connection: Connection) -> None:
    """Send what is laid aside, if anything is: from here on it stands, or its error was raised."""
    if scripts := connection.info.get(LAID_ASIDE):
        connection.info[LAID_ASIDE] = []
        _send(connection, b"; ".join(scripts))


def commit(connection: Connection, last: Mapping[Table, Rows]) -> None:
    """Insert the *last* rows and commit, together with what is laid aside, in one exchange."""
    pgconn = _libpq(connection)
    scripts: list[bytes] = connection.info[LAID_ASIDE]
    if not last and len(scripts) == 1 and pgconn.transaction_status == IDLE:
        return  # it was opened, and nothing was done
    quote = _quote(connection)
    connection.info[LAID_ASIDE] = []
    inserts = [_insert(table, rows, quote) for table, rows in last.items() if rows]
    result = _send(connection, b"; ".join([*scripts, *inserts, b"COMMIT"]))
    if result.command_status != b"COMMIT":
        raise Unavailable("The database had given up the transaction.")


def _send(connection: Connection, script: bytes) -> PGresult:
    """Send *script*, whose statements hold their values; return what came of the last."""
    result = _libpq(connection).exec_(script)
    if result.status not in FINE:
        _fail(connection, result)
    return result


def _is_lost(pgconn: PGconn) -> bool:
    """Return whether the server has hung up on an idle connection; it costs no exchange."""
    waiting = select.poll()
    waiting.register(pgconn.socket, select.POLLIN)
    while waiting.poll(0):  # a farewell, then the end; or only a notice
        try:
            pgconn.consume_input()
        except Exception:  # noqa: BLE001 - of the driver, which is not loaded here
            return True
    return False


def _quote(connection: Connection) -> Callable[[bytes], Any]:
    from psycopg.pq import Escaping  # noqa: PLC0415

    return Escaping(_libpq(connection)).escape_literal


def _libpq(connection: Connection) -> PGconn:
    driver: Any = connection.connection.driver_connection
    found: PGconn = driver.pgconn
    return found


def _fail(connection: Connection, result: PGresult) -> NoReturn:
    """Raise what SQLAlchemy raises for *result*, and let its pool know of a lost connection.

    What was sent is not shown: it holds the values.
    """
    import psycopg  # noqa: PLC0415

    if _libpq(connection).status == CONNECTION_BAD:
        connection.exec_driver_sql("SELECT")  # finds it lost, and says so as it always does
    error = psycopg.errors.error_from_result(result)
    raise DBAPIError.instance("(sent together)", None, error, psycopg.Error) from error


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
