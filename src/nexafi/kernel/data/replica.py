"""The replica: reports are read from a copy, and never see less than was kept before they began.

Before a report is read there, the primary is asked how far its log is on disk,
and the replica is waited for until it has replayed as much. So whoever has just
written reads what they wrote, from whatever process, and carries nothing along.
A replica that is late, away or no replica any more is passed by.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from nexafi.kernel.data import connections
from nexafi.kernel.data.connections import Limits

CONNECT_S: Final = 2
AWAY_S: Final = 5.0
"""How long a replica that failed is left alone."""

LOOK_S: Final = (0.002, 0.005, 0.01, 0.02, 0.05)
"""Pauses between two looks at a replica that is not there yet; the last one repeats."""

WRITTEN: Final = (
    "SELECT CASE WHEN current_setting('synchronous_commit') = 'off'"
    " THEN pg_current_wal_insert_lsn() ELSE pg_current_wal_flush_lsn() END::text"
)
"""Up to where the primary's log holds what anybody was told is kept."""

REPLAYED: Final = (
    "SELECT pg_is_in_recovery(),"
    " COALESCE(pg_last_wal_replay_lsn() >= CAST(%(position)s AS pg_lsn), false)"
)

log = logging.getLogger(__name__)


class Source(StrEnum):
    """From where a report was read, and if from the primary, why."""

    REPLICA = "replica"
    BEHIND = "primary, the replica was behind"
    AWAY = "primary, the replica was away"


class Replica:
    """A PostgreSQL that follows the primary by streaming."""

    def __init__(self, url: str, limits: Limits, name: str, told: Callable[[Source], None]) -> None:
        quick = replace(limits, wait_s=min(limits.wait_s, 1.0))
        self.engine = connections.engine(
            url, quick, name=f"nexafi-{name}-replica", connect_s=CONNECT_S
        )
        self.each_time = connections.each_time(url, limits)
        self._wait_s = limits.replica_wait_s
        self._told = told
        self._away_until = 0.0

    def choose(self, primary: Engine) -> Engine:
        """Return from where a report is to be read now."""
        source = self._source(primary)
        self._told(source)
        return self.engine if source is Source.REPLICA else primary

    @contextmanager
    def watched(self) -> Generator[None]:
        """Leave the replica alone for a while if it fails a report; the primary is asked then."""
        try:
            yield
        except (DBAPIError, PoolTimeout):
            self._away_until = time.monotonic() + AWAY_S
            raise

    def _source(self, primary: Engine) -> Source:
        if time.monotonic() < self._away_until:
            return Source.AWAY
        with primary.connect() as connection:
            position = connection.exec_driver_sql(WRITTEN).scalar_one()
        try:
            with self.watched(), self.engine.connect() as connection:
                return self._wait(connection, str(position))
        except (DBAPIError, PoolTimeout) as error:
            log.warning("the replica is away", exc_info=error)
            return Source.AWAY

    def _wait(self, connection: Connection, position: str) -> Source:
        """Wait until the replica has replayed up to *position*, but not for ever."""
        deadline = time.monotonic() + self._wait_s
        pauses = iter(LOOK_S)
        while True:
            follows, is_level = connection.exec_driver_sql(REPLAYED, {"position": position}).one()
            connection.rollback()
            if not follows:
                log.warning("the replica follows nobody: it is the primary, or was promoted")
                self._away_until = time.monotonic() + AWAY_S
                return Source.AWAY
            if is_level:
                return Source.REPLICA
            if time.monotonic() >= deadline:
                return Source.BEHIND
            time.sleep(next(pauses, LOOK_S[-1]))

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()
