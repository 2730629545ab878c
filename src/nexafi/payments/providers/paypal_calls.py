"""Calls of PayPal, and the four ways in which one can end.

It is answered, refused, surely did nothing, or nobody knows. PayPal's official
library is not used: it knows no address but PayPal's own, and so can be held
to nothing (`docs/decisions/0435-paypal-by-its-contract.md`).
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from pyreqwest.client import SyncClient, SyncClientBuilder
from pyreqwest.exceptions import DetailedPyreqwestError, PyreqwestError
from pyreqwest.request import SyncRequestBuilder
from pyreqwest.response import SyncResponse

from nexafi.payments.providers.port import Account, Reason

CONNECT: Final = timedelta(seconds=5)
ANSWER: Final = timedelta(seconds=20)
"""How long we wait for a connection and for an answer: together far less than our patience."""
EARLY_S: Final = 60
"""So long before its end a token is not used any more."""
TOKENS_MAX: Final = 10_000
TOKEN: Final = "/v1/oauth2/token"  # noqa: S105 - a path
NOT_CONNECTED: Final = "client error (Connect)"
"""How the HTTP client calls it among the causes of an error when no connection came about."""

Json = Mapping[str, Any]


class Refused(Exception):
    """PayPal said no; `error` says why, in its words."""

    def __init__(self, status: int, error: Json) -> None:
        super().__init__(f"{status} {error.get('message') or error.get('name') or 'refused'}")
        self.status = status
        self.error = error


class Untouched(Exception):
    """PayPal did nothing, or was not reached."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Unsure(Exception):
    """Nobody knows whether PayPal did it."""


@dataclass(frozen=True, slots=True)
class _Token:
    keys: tuple[str, str]
    text: str
    until: float


class Calls:
    """PayPal at one address. Keeps connections, and a token for each organization."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.url = url
        self._clock = clock
        self._client: SyncClient | None = None
        self._tokens: dict[UUID, _Token] = {}
        self._guard = threading.Lock()

    def get(self, account: Account, path: str, query: Mapping[str, str] | None = None) -> Json:
        """Return what is asked for; raise Refused, Untouched or Unsure otherwise."""

        def build() -> SyncRequestBuilder:
            return self.client.get(self.url + path).query(query or {})

        return self._told(account, build)

    def post(self, account: Account, path: str, body: Json, key: str = "") -> Json:
        """Return what a deed was answered, which is done once for each *key*.

        What is answered is the whole thing, where PayPal has a choice.
        """

        def build() -> SyncRequestBuilder:
            asked = self.client.post(self.url + path).header("Prefer", "return=representation")
            if key:
                asked = asked.header("PayPal-Request-Id", key)
            return asked.body_json(body)

        return self._told(account, build)

    def fetch(self, url: str) -> bytes:
        """Return what stands at an address, which needs no token; raise Unsure otherwise."""
        try:
            response = self.client.get(url).build().send()
            found = bytes(response.bytes())
        except PyreqwestError as error:
            raise Unsure("PayPal is not reached.") from error
        if response.status != 200:
            raise Unsure(f"PayPal answered {response.status}.")
        return found

    @property
    def client(self) -> SyncClient:
        """Return what keeps the connections: opened with the first question, after a fork."""
        with self._guard:
            if self._client is None:
                builder = SyncClientBuilder().connect_timeout(CONNECT).timeout(ANSWER).no_proxy()
                self._client = builder.follow_redirects(enable=False).build()
            return self._client

    def _told(self, account: Account, build: Callable[[], SyncRequestBuilder]) -> Json:
        response = _sent(build().bearer_auth(self._token(account)))
        if response.status == 401:  # a token may be taken back before its time
            response = _sent(build().bearer_auth(self._token(account, is_refused=True)))
        return _read(response)

    # -- tokens ---------------------------------------------------------------------------------

    def _token(self, account: Account, *, is_refused: bool = False) -> str:
        """Return a token, the one that we have if it still counts. Whatever fails did nothing."""
        keys = (account.keys["client_id"], account.keys["client_secret"])
        with self._guard:
            known = self._tokens.get(account.organization_id)
        is_fresh = known is not None and known.keys == keys and self._clock() < known.until
        if known is not None and is_fresh and not is_refused:
            return known.text
        asked = self.client.post(self.url + TOKEN).basic_auth(*keys)
        try:
            told = _read(_sent(asked.form({"grant_type": "client_credentials"})))
        except Refused as error:
            raise Untouched(Reason.CREDENTIALS_REFUSED, "PayPal refuses the keys.") from error
        except Unsure as error:
            raise Untouched(Reason.UNAVAILABLE, f"PayPal gave no token: {error}") from error
        token, lasts_s = told.get("access_token"), told.get("expires_in")
        if not isinstance(token, str) or not isinstance(lasts_s, int):
            raise Untouched(Reason.UNAVAILABLE, "PayPal gave no token that can be read.")
        with self._guard:
            while len(self._tokens) >= TOKENS_MAX:
                del self._tokens[next(iter(self._tokens))]
            until = self._clock() + lasts_s - EARLY_S
            self._tokens[account.organization_id] = _Token(keys, token, until)
        return token


def _sent(asked: SyncRequestBuilder) -> SyncResponse:
    try:
        return asked.build().send()
    except PyreqwestError as error:
        if _was_not_reached(error):
            raise Untouched(Reason.UNAVAILABLE, "PayPal is not reached.") from error
        raise Unsure("The connection to PayPal broke, or its answer took too long.") from error


def _was_not_reached(error: PyreqwestError) -> bool:
    """Return whether not even a connection was made, so that nothing can have been heard.

    The class of the error does not say: ConnectError is also what breaks amid a request.
    """
    causes = error.details["causes"] if isinstance(error, DetailedPyreqwestError) else None
    return any(each["message"] == NOT_CONNECTED for each in causes or ())


def _read(response: SyncResponse) -> Json:
    """Return an answer; raise what it means where it is none."""
    status = response.status
    if status == 204:
        return {}
    body = _body(response)
    if status in {200, 201} and body is not None:
        return body
    words = str((body or {}).get("message") or (body or {}).get("error_description") or "")
    if status in {401, 403}:
        raise Untouched(Reason.CREDENTIALS_REFUSED, f"PayPal says {status}. {words}".strip())
    if status == 429:
        raise Untouched(Reason.LIMITED, "PayPal wants fewer requests.")
    if status in {400, 404, 422} and body is not None:
        raise Refused(status, body)
    raise Unsure(f"PayPal answered {status}, and not what became of it. {words}".strip())


def _body(response: SyncResponse) -> Json | None:
    try:
        body = json.loads(bytes(response.bytes()))
    except PyreqwestError as error:
        raise Unsure("The answer of PayPal broke off.") from error
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
