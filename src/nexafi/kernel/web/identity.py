"""Who calls: the bearer token of a request (RFC 6750), judged."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final
from uuid import UUID

from flask import request

from nexafi.kernel.data import organizations
from nexafi.kernel.data.context import Context, Home
from nexafi.kernel.data.database import Database
from nexafi.kernel.errors import NotSignedIn
from nexafi.kernel.trust.guard import Guard
from nexafi.kernel.web.endpoints import Identify

KNOWN_MAX: Final = 100_000


def by_token(guard: Guard, database: Database) -> Identify:
    """Return what says who calls, and makes the caller's organization known to the service."""
    known = _Known(database)

    def identify() -> Context:
        claims = guard.judge(_bearer())
        context = claims.context(database.clock())
        known.keep(context, claims.home)
        return context

    return identify


def _bearer() -> str:
    """Return the token of the request's one Authorization header."""
    given = request.headers.getlist("Authorization")
    if not given:
        raise NotSignedIn("Sign in: this needs an access token as Authorization: Bearer.")
    scheme, _, token = given[0].partition(" ")
    if len(given) > 1 or scheme.lower() != "bearer" or not token:
        raise NotSignedIn("The Authorization header must be one, and Bearer.")
    return token.strip()


class _Known:
    """The organizations that this process has seen in its database, the latest ones."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ids: OrderedDict[UUID, None] = OrderedDict()
        self._guard = threading.Lock()

    def keep(self, context: Context, home: Home) -> None:
        """Write down what the token says of an organization, if nobody has told us yet.

        What is there already is left: the news is younger than a token may be.
        """
        with self._guard:
            if home.id in self._ids:
                return
        if self._database.context_for(context.actor, home.id).home is None:
            with self._database.work(context) as work:
                organizations.keep(work, home)
        with self._guard:
            self._ids[home.id] = None
            while len(self._ids) > KNOWN_MAX:
                self._ids.popitem(last=False)
