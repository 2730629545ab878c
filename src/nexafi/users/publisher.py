"""Keys and revocations for the guard at our own door: straight from our database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from nexafi.kernel.data.context import Context
from nexafi.kernel.data.database import Database
from nexafi.kernel.trust.tokens import Revoked
from nexafi.users.keys import queries as keys
from nexafi.users.sessions import queries as sessions
from nexafi.users.settings import UsersSettings


class Near:
    """Publishes from the database of users to whoever is in the same process.

    Asked each time: who has just signed out of users is out at once.
    """

    def __init__(
        self, database: Database, settings: UsersSettings, *, period: timedelta = timedelta(0)
    ) -> None:
        self.period = period
        self._begin = database.begin_as(Context("service:users", database.clock()), writes=False)
        self._settings = settings

    def keys(self) -> Mapping[str, Any]:
        """Return the published keys as a JWKS."""
        with self._begin() as work:
            return {"keys": keys.published(work, self._settings)}

    def revoked(self, since: datetime | None) -> Revoked:
        """Return what was revoked since a moment, or all that still matters."""
        with self._begin() as work:
            return sessions.revoked(work, since, self._settings)
