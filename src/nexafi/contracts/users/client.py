"""Asking the users service from afar: its keys, and what it has revoked."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import AwareDatetime, BaseModel
from pyreqwest.client import SyncClient, SyncClientBuilder
from pyreqwest.exceptions import PyreqwestError

from nexafi.kernel.equipment import Outside
from nexafi.kernel.trust.guard import REVOCATIONS_PERIOD
from nexafi.kernel.trust.tokens import Revocation, Revoked

KEYS: Final = "/.well-known/jwks.json"
REVOCATIONS: Final = "/api/v1/users/revocations"
SIGN_IN: Final = frozenset(
    f"/api/v1/users/{path}" for path in ("register", "login", "refresh", "invitations/accept")
)
"""Where one comes to be given a token: an old one that is sent along must not be in the way."""

TIMEOUT: Final = timedelta(seconds=2)
PAGES_MAX: Final = 100
"""How often one goes on where an answer ended; 5,000 revocations each."""


class _Told(BaseModel):
    as_of: AwareDatetime
    items: list[Revocation]
    is_complete: bool


def read_revoked(document: bytes | str) -> tuple[Revoked, bool]:
    """Return what an answer of REVOCATIONS says, and whether that is all; ValueError if nothing."""
    told = _Told.model_validate_json(document)
    return Revoked(told.as_of, tuple(told.items)), told.is_complete


class Far(Outside):
    """Publishes what the users service at another address publishes.

    Of several addresses the one that answered last is asked, the next one if it does not.
    Its connections are opened when it is first asked: after a fork, not before.
    """

    period: Final = REVOCATIONS_PERIOD

    def __init__(self, *urls: str) -> None:
        self._urls = tuple(url.rstrip("/") for url in urls)
        self._client: SyncClient | None = None
        self._guard = threading.Lock()

    def keys(self) -> Mapping[str, Any]:
        """Return the published keys as a JWKS."""
        found: Mapping[str, Any] = json.loads(self._ask(KEYS))
        return found

    def revoked(self, since: datetime | None) -> Revoked:
        """Return what was revoked since a moment, or all that still matters."""
        found: list[Revocation] = []
        told, is_complete = self._page(since)
        found.extend(told.revocations)
        for _ in range(PAGES_MAX):
            if is_complete:
                break
            told, is_complete = self._page(told.as_of)
            found.extend(told.revocations)
        return Revoked(told.as_of, tuple(found))

    def close(self) -> None:
        """Let go of the connections."""
        if self._client is not None:
            self._client.close()

    def _page(self, since: datetime | None) -> tuple[Revoked, bool]:
        return read_revoked(self._ask(REVOCATIONS, {"since": since.isoformat()} if since else {}))

    def _ask(self, path: str, query: Mapping[str, str] | None = None) -> str:
        with self._guard:
            if self._client is None:
                builder = SyncClientBuilder().timeout(TIMEOUT).no_proxy().error_for_status()
                self._client = builder.build()
        first, *others = self._urls
        try:
            return _ask_at(self._client, first + path, query or {})
        except PyreqwestError:
            for other in others:
                with suppress(PyreqwestError):
                    answer = _ask_at(self._client, other + path, query or {})
                    self._urls = (other, *(each for each in self._urls if each != other))
                    return answer
            raise


def _ask_at(client: SyncClient, url: str, query: Mapping[str, str]) -> str:
    return client.get(url).query(query).build().send().text()
