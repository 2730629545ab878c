"""Connections to PostgreSQL: how many there are, and how long anything may take.

The pool is SQLAlchemy's. A connection is not tried before it is used: what opens a
transaction is sent anyway, and one that turns out to be lost then is replaced. When
a server forgets us (a restart, a failover), the whole pool is renewed.

Behind a pooler in transaction mode (PgBouncer) a session is not ours: nothing is
asked for at its start, nothing is prepared, and each transaction begins with what
it needs set for itself alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import URL, Engine, create_engine, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

CONNECT_S: Final = 5
KEEPALIVE: Final = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""A server that is gone without a word is missed after a minute, not after two hours."""

_OPTION = re.compile(r"(?:-c\s*|--)([\w.]+)=([\w.,]+)")
CLASHES: Final = {"40001", "40P01"}
"""SQLSTATE of what fails because others were there at the same time: it may be done again."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How one process uses the connections of one database, for each of its roles."""

    size: int = 5
    """Connections that are kept."""
    overflow: int = 5
    """Connections that are opened beyond those while many are asked for, and closed after."""
    wait_s: float = 3
    """How long one waits for a connection before it is said that there is none."""
    recycle_s: int = 1800
    """How old a connection gets."""
    statement_s: float = 30
    """How long a statement may take."""
    report_s: float = 300
    """How long a statement of a report may take."""
    lock_s: float = 5
    """How long one waits for a lock of somebody else."""
    idle_s: float = 60
    """How long a transaction may be open without doing anything."""
    replica_wait_s: float = 1
    """How long a report waits for the replica to catch up before it is read from the primary."""
    is_pooled: bool = False
    """Whether a pooler in transaction mode stands between us and the server."""

    def settings(self) -> dict[str, str]:
        """Return what the server is told of it, in milliseconds; 0 is no limit."""
        return {
            "statement_timeout": _ms(self.statement_s),
            "lock_timeout": _ms(self.lock_s),
            "idle_in_transaction_session_timeout": _ms(self.idle_s),
        }

    def settings_of_reports(self) -> dict[str, str]:
        """Return what is told beyond that for the transaction of a report."""
        return {"statement_timeout": _ms(self.report_s)}


PATIENT = replace(Limits(), size=1, statement_s=0, lock_s=0, idle_s=0)
"""For who migrates, backs up or restores: what takes long takes long."""


def engine(url: str, limits: Limits, *, name: str, connect_s: int = CONNECT_S) -> Engine:
    """Return an engine that reaches *url* within *limits*; the server knows us by *name*.

    What the address itself says (``sslmode``, ``options``, ``application_name``) wins.
    """
    address, own = _address(url)
    to_driver: dict[str, Any] = {"connect_timeout": connect_s, "client_encoding": "utf8"}
    to_driver |= KEEPALIVE | {"fallback_application_name": name}
    if limits.is_pooled:
        to_driver["prepare_threshold"] = None
    else:
        ours = " ".join(f"-c {key}={value}" for key, value in limits.settings().items())
        to_driver["options"] = f"{ours} {own}".strip()
    return create_engine(
        address,
        hide_parameters=True,
        pool_size=limits.size,
        max_overflow=limits.overflow,
        pool_timeout=limits.wait_s,
        pool_recycle=limits.recycle_s,
        pool_use_lifo=True,  # those that are not needed grow old and are let go
        connect_args={k: v for k, v in to_driver.items() if k not in address.query},
    )


def each_time(url: str, limits: Limits) -> dict[str, str]:
    """Return what each transaction must set for itself: all of it, behind a pooler."""
    _, own = _address(url)
    return limits.settings() | dict(_OPTION.findall(own)) if limits.is_pooled else {}


def is_clash(error: DBAPIError) -> bool:
    """Return whether the same transaction may well succeed when it is done once more."""
    return getattr(error.orig, "sqlstate", None) in CLASHES


def in_use(made: Engine) -> tuple[int, int, int]:
    """Return how many connections of an engine are in use, lie idle, and may still be opened."""
    pool = made.pool
    if not isinstance(pool, QueuePool):
        return 0, 0, 0
    taken, idle = pool.checkedout(), pool.checkedin()
    most = pool.size() + max(0, pool._max_overflow)  # noqa: SLF001 - told in no other way
    return taken, idle, max(0, most - taken - idle)


def _address(url: str) -> tuple[URL, str]:
    """Return an address without its options, and those."""
    address = make_url(url)
    asked = address.query.get("options", "")
    own = asked if isinstance(asked, str) else " ".join(asked)
    return address.difference_update_query(["options"]), own


def _ms(seconds: float) -> str:
    return str(round(seconds * 1000))
