"""Counting calls together with all other gateways, in Redis; alone while Redis is away.

One script takes a call out of bucket and quotas on the clock of Redis, so several gateways together
never let through more than one alone would. What waits while an answer is on its way goes together
in the next question: a request costs one round trip at most, on one connection, and under load a
share of one. An answer that is late is not waited for: the process counts alone, says so once, and
looks again by itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from nexafi.gateway.limits import Alone, Quota, Share, Taken, Terms
from nexafi.kernel.shared.link import CONNECT_TIMEOUT_S, PRESENT, Link

if TYPE_CHECKING:
    from redis.asyncio import Redis

SCRIPT: Final = Path(__file__).with_name("take.lua")
TOGETHER_MAX: Final = 64
"""Calls in one question; Redis does nothing else meanwhile, about 5 µs each."""


class _Call(NamedTuple):
    who: str
    organization: str | None
    terms: Terms
    answer: asyncio.Future[Taken | None]


class Together:
    """Counts with all who share a Redis, in one event loop.

    The client is imported when one is made: who has no Redis does not pay for it.

    Args:
        link: where Redis is, and what this process knows of its presence.
        alone: what counts while it is away.

    """

    def __init__(self, link: Link, alone: Alone) -> None:
        import_module("redis.asyncio")  # here, where nobody waits: it takes 0.3 s
        self._at = link.at
        self._alone = alone
        self._timeout_s = link.at.timeout_s
        self.presence = link.presence
        self.counted_alone: Callable[[], None] = lambda: None
        """Called for each call that this process counts without the others."""
        self._client: Redis | None = None
        self._sha = ""
        self._opening: asyncio.Task[None] | None = None
        self._flying: asyncio.Task[None] | None = None
        self._waiting: list[_Call] = []

    @property
    def is_shared(self) -> bool:
        """Return whether calls are counted together with the others."""
        return self._client is not None

    async def take(self, who: str, organization: str | None, terms: Terms) -> Taken:
        """Take one call of *who*, for an organization if they have one."""
        if self._client is None:
            self.look()
            if self._opening is not None and self.presence.outages == 0:
                await asyncio.wait({self._opening}, timeout=self._timeout_s)
        if self._client is not None:
            loop = asyncio.get_running_loop()
            answer: asyncio.Future[Taken | None] = loop.create_future()
            self._waiting.append(_Call(who, organization, terms, answer))
            if self._flying is None:
                self._flying = loop.create_task(self._fly())
            taken = await answer
            if taken is not None:
                return taken
        self.counted_alone()
        return self._alone.take(who, organization, terms, time.monotonic())

    def look(self) -> None:
        """See whether Redis is there, if it was not and it is time to look again."""
        if self._client is None and self._opening is None and self.presence.may_ask():
            self._opening = asyncio.get_running_loop().create_task(self._open())

    async def begin(self) -> None:
        """Reach Redis before the first call comes, or find that it is away."""
        self.look()
        if self._opening is not None:
            await asyncio.wait({self._opening})

    async def close(self) -> None:
        """Let go of the connection."""
        for task in (self._opening, self._flying):
            if task is not None:
                task.cancel()
                await asyncio.wait({task})
        client, self._client = self._client, None
        if client is not None:
            await _close(client)

    async def _open(self) -> None:
        from redis.asyncio import Redis  # noqa: PLC0415 - see Together
        from redis.asyncio.retry import Retry  # noqa: PLC0415
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.exceptions import RedisError  # noqa: PLC0415

        told = self._at.options() | {"socket_timeout": None, "single_connection_client": True}
        client = Redis.from_url(self._at.url, retry=Retry(NoBackoff(), 0), **told)
        try:
            async with asyncio.timeout(self._timeout_s + CONNECT_TIMEOUT_S):
                await client.initialize()
                self._sha = str(await client.script_load(SCRIPT.read_text(encoding="utf-8")))
                await client.set(self._at.key(PRESENT), 1, px=1_000)
        except (RedisError, OSError, TimeoutError) as error:
            self.presence.failed(error)
            await _close(client)
        else:
            self._client = client
            self.presence.answered()
        finally:
            self._opening = None

    async def _fly(self) -> None:
        """Ask for all who wait, again and again until nobody does."""
        from redis.exceptions import RedisError  # noqa: PLC0415 - see Together

        calls: list[_Call] = []
        try:
            while self._waiting and (client := self._client) is not None:
                calls, self._waiting = self._waiting[:TOGETHER_MAX], self._waiting[TOGETHER_MAX:]
                async with asyncio.timeout(self._timeout_s):
                    told = await self._ask(client, calls)
                self.presence.answered()
                for call, row in zip(calls, told, strict=True):
                    if not call.answer.done():
                        call.answer.set_result(_read(call, row))
        except (RedisError, OSError, TimeoutError, ValueError, TypeError) as error:
            self.presence.failed(error)
            gone, self._client = self._client, None
            if gone is not None:
                await _close(gone)
        finally:
            self._flying = None
            for call in (*calls, *self._waiting):
                if not call.answer.done():
                    call.answer.set_result(None)
            self._waiting = []

    async def _ask(self, client: Redis, calls: Sequence[_Call]) -> list[list[int]]:
        from redis.exceptions import NoScriptError  # noqa: PLC0415 - see Together

        keys: list[str] = []
        given: list[Any] = []
        for who, organization, terms, _answer in calls:
            keys.append(self._at.key("rate", who))
            keys.append(self._at.key("quota", organization or ""))
            given += (terms.interval_s * 1e6, terms.depth_s * 1e6)
            given += (terms.per_day, terms.per_month) if organization else (0, 0)
        try:
            told = await client.evalsha(self._sha, len(keys), *keys, *given)
        except NoScriptError:  # it has forgotten: it was flushed or is another one now
            script = SCRIPT.read_text(encoding="utf-8")
            told = await client.eval(script, len(keys), *keys, *given)
        return list(told)


def _read(call: _Call, row: list[int]) -> Taken:
    left, full_in_us, *quota = row
    terms = call.terms
    rate = Share(left >= 0, max(left, 0), full_in_us / 1e6, max(0.0, -left / 1e6))
    if call.organization is None or not terms.has_quota:
        return Taken(terms.rate_policy, (("default", rate),))
    return terms.taken(rate, Quota(*quota))


async def _close(client: Redis) -> None:
    """Close a connection that may be broken, without waiting for its farewell."""
    from redis.exceptions import RedisError  # noqa: PLC0415 - see Together

    try:
        async with asyncio.timeout(0.1):
            await client.aclose()
    except (RedisError, OSError, TimeoutError):
        pass  # it was of no use any more
