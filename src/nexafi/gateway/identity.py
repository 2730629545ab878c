"""Who calls: the token is judged at the door by what the users service last told us.

The verifier is the one that every service uses; here it is kept informed without ever holding up
the event loop. Knowledge that is a little old is used while newer is being fetched; without any, or
with knowledge that is much too old, a request with a token waits for the answer, or hears 503.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

from nexafi.kernel.errors import Unavailable
from nexafi.kernel.trust.guard import OVERLAP
from nexafi.kernel.trust.revocations import CALM, Hearer
from nexafi.kernel.trust.tokens import KeyUnknown, Revoked, Verifier, refused


class Caller(NamedTuple):
    """Who calls, and for which organization."""

    user: str
    organization: str | None = None


Judge = Callable[[str], Awaitable[Caller]]
"""Return who it is that calls with this token, or raise NotSignedIn or Unavailable."""

REVOCATIONS_PERIOD_S: Final = 1.0
HEARD_PERIOD_S: Final = CALM.total_seconds()
"""How often users are asked all the same while every revocation is heard through Redis."""

KEYS_PERIOD_S: Final = 60.0
UNKNOWN_PERIOD_S: Final = 1.0
"""How often at most we look whether a key that nobody knows is a new one."""

STALE_S: Final = 30.0
"""Knowledge older than this is no longer used while newer can be had."""

log = logging.getLogger(__name__)


class Publisher(Protocol):
    """The users service, seen from afar."""

    async def keys(self) -> Mapping[str, Any]:
        """Return the published keys as a JWKS (RFC 7517)."""
        ...

    async def revoked(self, since: datetime | None) -> Revoked:
        """Return what was revoked since a moment, or all that still matters."""
        ...


class Identity:
    """Judges tokens in one event loop.

    Args:
        verifier: what judges by the keys and revocations that it is told.
        publisher: who tells them.
        clock: the present moment, in UTC.
        hearer: who hears what was revoked, so that it need hardly be asked.

    """

    def __init__(
        self,
        verifier: Verifier,
        publisher: Publisher,
        clock: Callable[[], datetime],
        hearer: Hearer | None = None,
    ) -> None:
        self._verifier = verifier
        self._publisher = publisher
        self._clock = clock
        self._hearer = hearer
        if hearer is not None:
            hearer.inform(verifier)
        self._asking: asyncio.Task[None] | None = None
        self._keys_at = self._revoked_at = self._tried_at = -float("inf")
        self._since: datetime | None = None
        self._is_failing = False
        """Whether the last question was not answered: what is known is then all there is."""

    async def judge(self, token: str) -> Caller:
        """Return whom *token* speaks for, or raise NotSignedIn or Unavailable."""
        at = time.monotonic()
        if at - self._revoked_at >= self._period_s() or at - self._keys_at >= KEYS_PERIOD_S:
            await self._keep_informed(at)
        try:
            return self._verify(token)
        except KeyUnknown:
            await self._look_again(at)
        try:
            return self._verify(token)
        except KeyUnknown as error:
            raise refused() from error

    def _period_s(self) -> float:
        """Return how old what users told of revocations may be."""
        hears_all = self._hearer is not None and self._hearer.is_informed
        return HEARD_PERIOD_S if hears_all else REVOCATIONS_PERIOD_S

    def _verify(self, token: str) -> Caller:
        claims = self._verifier.verify(token, self._clock())
        return Caller(str(claims.user_id), str(claims.home.id))

    async def _keep_informed(self, at: float) -> None:
        """See that somebody asks, and wait for the answer only if what we know is of no use."""
        age_s = at - min(self._keys_at + KEYS_PERIOD_S, self._revoked_at)
        if self._asking is None and at - self._tried_at >= REVOCATIONS_PERIOD_S / 2:
            self._begin(at)
        is_of_no_use = age_s > STALE_S and not self._is_failing
        if (is_of_no_use or self._since is None) and self._asking is not None:
            await asyncio.shield(self._asking)
        if self._since is None:
            raise Unavailable("We cannot tell just now who is calling.")

    async def _look_again(self, at: float) -> None:
        """Ask for the keys once more, unless that was done just now."""
        if at - self._keys_at < UNKNOWN_PERIOD_S:
            return
        if self._asking is not None:
            await asyncio.shield(self._asking)
        if at > self._keys_at:
            self._keys_at = -float("inf")
            self._begin(at)
        if self._asking is not None:
            await asyncio.shield(self._asking)

    def _begin(self, at: float) -> None:
        self._tried_at = at
        self._asking = asyncio.get_running_loop().create_task(self._ask(at))
        self._asking.add_done_callback(self._done)

    def _done(self, _task: asyncio.Task[None]) -> None:
        self._asking = None

    async def _ask(self, at: float) -> None:
        try:
            if at - self._keys_at >= KEYS_PERIOD_S:
                self._verifier.keep_keys(await self._publisher.keys())
                self._keys_at = at
            told = await self._publisher.revoked(self._since)
        except Exception as error:  # noqa: BLE001 - whatever kept them from answering
            # Carrying on with what we know: tokens run out within minutes by themselves, and the
            # users service being down must not stop all the others.
            log.warning("keys and revocations could not be asked for: %r", error)
            self._is_failing = True
            return
        self._is_failing = False
        self._since = told.as_of - OVERLAP
        self._revoked_at = at
        self._verifier.keep_revocations(told.revocations, self._clock())
