"""Asking the users service for keys and revocations, without waiting in the event loop."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from pyreqwest.client import Client
from pyreqwest.exceptions import PyreqwestError

from nexafi.contracts.users.client import KEYS, PAGES_MAX, REVOCATIONS, read_revoked
from nexafi.kernel.trust.tokens import Revocation, Revoked

PATIENCE: Final = timedelta(seconds=2)


class UsersService:
    """The users service as the gateway asks it.

    Args:
        client: the pooled client.
        origins: where the instances of the service listen; the one that answered last is asked,
            the next one if it does not.

    """

    def __init__(self, client: Client, origins: Sequence[str]) -> None:
        self._client = client
        self._origins = list(origins)

    async def keys(self) -> Mapping[str, Any]:
        """Return the published keys as a JWKS (RFC 7517)."""
        found: Mapping[str, Any] = json.loads(await self._ask(KEYS))
        return found

    async def revoked(self, since: datetime | None) -> Revoked:
        """Return what was revoked since a moment, or all that still matters."""
        found: list[Revocation] = []
        for _ in range(PAGES_MAX):
            query = f"?{urlencode({'since': since.isoformat()})}" if since else ""
            told, is_complete = read_revoked(await self._ask(REVOCATIONS + query))
            found += told.revocations
            if is_complete:
                return Revoked(told.as_of, tuple(found))
            since = told.as_of
        raise ValueError("there is no end to what was revoked")

    async def _ask(self, path: str) -> str:
        first, *others = self._origins
        try:
            return await self._ask_at(first, path)
        except PyreqwestError:
            for other in others:
                with suppress(PyreqwestError):
                    answer = await self._ask_at(other, path)
                    self._origins = [other, *(each for each in self._origins if each != other)]
                    return answer
            raise

    async def _ask_at(self, origin: str, path: str) -> str:
        request = self._client.get(origin + path).timeout(PATIENCE).error_for_status()
        return await (await request.build().send()).text()
