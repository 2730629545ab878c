"""The guard at a service's door: a verifier that keeps itself informed.

It asks the users service for keys and revocations when a token is to be
judged and what it knows is older than it may be. So no thread of its own runs,
an idle service asks nothing, and the first request after a pause is judged
by fresh knowledge. Several threads judge, one of them asks.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from nexafi.kernel.data.context import Clock
from nexafi.kernel.errors import Unavailable
from nexafi.kernel.trust.tokens import Claims, KeyUnknown, Revoked, Verifier, refused

REVOCATIONS_PERIOD: Final = timedelta(seconds=1)
"""After how long a revocation has reached every service."""

KEYS_PERIOD: Final = timedelta(minutes=1)
"""After how long a key that was withdrawn is trusted by nobody."""

UNKNOWN_PERIOD: Final = timedelta(seconds=1)
"""Forged tokens name keys that nobody knows; so often do we look whether one is new."""

OVERLAP: Final = timedelta(seconds=10)
"""By how much each question reaches back: what was decided first may be written last."""

log = logging.getLogger(__name__)


class Publisher(Protocol):
    """Whoever can tell the keys and revocations: the users service, near or far."""

    @property
    def period(self) -> timedelta:
        """Return how old what it told may be when a token is judged; zero asks each time.

        It may change from one moment to the next.
        """
        ...

    def keys(self) -> Mapping[str, Any]:
        """Return the published keys as a JWKS."""
        ...

    def revoked(self, since: datetime | None) -> Revoked:
        """Return what was revoked since a moment, or all that still matters."""
        ...


class Guard:
    """Judges the tokens that come to one process of a service."""

    def __init__(self, verifier: Verifier, publisher: Publisher, clock: Clock) -> None:
        self._verifier = verifier
        self._publisher = publisher
        self._clock = clock
        self._asking = threading.Lock()
        self._keys_at: datetime | None = None
        self._revoked_at: datetime | None = None
        self._since: datetime | None = None
        self._is_informed = False
        self._is_failing = False
        """Whether the keys could not be had when they were last asked for."""

    def judge(self, token: str) -> Claims:
        """Return what *token* says, or raise NotSignedIn; Unavailable while we know no keys."""
        now = self._clock()
        self._keep_informed(now)
        try:
            return self._verifier.verify(token, now)
        except KeyUnknown:
            self._look_for_new_keys(now)
        try:
            return self._verifier.verify(token, now)
        except KeyUnknown as error:
            raise refused() from error

    def _keep_informed(self, now: datetime) -> None:
        if self._is_informed and not (self._needs_keys(now) or self._needs_revoked(now)):
            return
        if not self._asking.acquire(blocking=not self._is_informed):
            return  # another thread asks; what we know is hardly older than it may be
        try:
            self._ask(now)
        except Exception as error:  # noqa: BLE001 - whatever kept them from answering
            # Carrying on with what we know, if we know anything: tokens run out within
            # minutes by themselves, and one service that is down must not stop all others.
            log.warning("keys and revocations could not be asked for: %r", error)
        finally:
            self._asking.release()
        if not self._is_informed:
            raise _unable()

    def _ask(self, now: datetime) -> None:
        if self._needs_keys(now):
            self._ask_keys(now)
        if self._needs_revoked(now):
            self._revoked_at = now
            told = self._publisher.revoked(self._since)
            self._since = told.as_of - OVERLAP
            self._verifier.keep_revocations(told.revocations, now)
        self._is_informed = not self._is_failing and self._since is not None

    def _ask_keys(self, now: datetime) -> None:
        self._keys_at, self._is_failing = now, True
        self._verifier.keep_keys(self._publisher.keys())
        self._is_failing = False

    def _look_for_new_keys(self, now: datetime) -> None:
        """Ask for the keys once more, unless that was done just now; raise while nobody answers."""
        with self._asking:
            if _is_past(self._keys_at, UNKNOWN_PERIOD, now):
                try:
                    self._ask_keys(now)
                except Exception as error:
                    raise _unable() from error
            if self._is_failing:
                raise _unable()

    def _needs_keys(self, now: datetime) -> bool:
        return _is_past(self._keys_at, UNKNOWN_PERIOD if self._is_failing else KEYS_PERIOD, now)

    def _needs_revoked(self, now: datetime) -> bool:
        return _is_past(self._revoked_at, self._publisher.period, now)


def _unable() -> Unavailable:
    return Unavailable("We cannot tell just now who is calling.")


def _is_past(at: datetime | None, period: timedelta, now: datetime) -> bool:
    """Return whether *period* has gone by since *at*; a clock set back counts as that."""
    return at is None or not timedelta(0) <= now - at < period or period == timedelta(0)
