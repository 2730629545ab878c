"""Revocations, told to all processes at once through Redis, in place of each asking users.

The users service tells twice a second what was revoked, or that nothing was: who hears that needs
to ask nobody. It is written down as well, in a sorted set, so that who missed something catches up
there. Each message has a number; who finds a gap, comes anew or comes back reads what is written.

Redis is never the truth, and cannot make a token good: it can only tell too little. So a process
that has heard nothing for a second asks the users service again, as it does without Redis, until it
hears something. Keys do not come this way: who can write to Redis could have us trust theirs.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol
from uuid import UUID

from nexafi.kernel.data.context import Clock
from nexafi.kernel.shared.link import Link
from nexafi.kernel.shared.presence import Away
from nexafi.kernel.trust.guard import OVERLAP, Publisher
from nexafi.kernel.trust.tokens import LEEWAY, Revocation, Revoked, Verifier

if TYPE_CHECKING:
    from redis import Redis

TELL_S: Final = 0.5
"""How often it is told what was revoked."""

SILENCE_S: Final = 1.0
"""Who has heard nothing for so long asks users again."""

WHOLE_S: Final = 60.0
"""How often all that still matters is written down anew, should Redis have lost some of it."""

CALM: Final = timedelta(seconds=20)
"""How often users are asked all the same by who hears everything."""

AT_ONCE: Final = 1_000
"""Revocations that are written or told in one go; more are only written, and read there."""

PAGE_MIN: Final = 500
"""Who tells fewer than these has told all."""

JOIN_S: Final = 2.0
PAGES_MAX: Final = 1_000

KEPT_S: Final = 86_400
"""How long Redis keeps the whole when nobody renews it; longer than any token lives."""

TELL: Final = """
-- KEYS: the sorted set of revocations by the moment until which they matter, what was told.
-- ARGV: the channel, the present moment, whether all that matters is written now, how long it is
--       kept, the message or '' for none, and then moments and revocations to write, in turns.
for n = 6, #ARGV, 2 do redis.call('ZADD', KEYS[1], ARGV[n], ARGV[n + 1]) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
if ARGV[3] == '1' then redis.call('HSET', KEYS[2], 'whole', 1) end
redis.call('EXPIRE', KEYS[1], ARGV[4])
local whole = redis.call('HGET', KEYS[2], 'whole') or '0'
if ARGV[5] ~= '' then
    local number = redis.call('HINCRBY', KEYS[2], 'number', 1)
    redis.call('PUBLISH', ARGV[1], number .. ' ' .. whole .. ' ' .. ARGV[5])
end
redis.call('EXPIRE', KEYS[2], ARGV[4])
"""

STATE: Final = """
-- KEYS: what was told. Returns which server this is, and '1' if it has all that matters.
local told = redis.pcall('INFO', 'server')
local id = type(told) == 'string' and string.match(told, 'run_id:(%x+)') or ''
return id .. ' ' .. (redis.call('HGET', KEYS[1], 'whole') or '0')
"""
"""Another server, after a failover or a restart, may have lost the latest without knowing it."""

log = logging.getLogger(__name__)


class Source(Protocol):
    """Who knows what was revoked: the users service."""

    def revoked(self, since: datetime | None) -> Revoked:
        """Return what was revoked since a moment, or all that still matters."""
        ...


def _names(link: Link) -> tuple[str, str, str]:
    """Return the sorted set, what was told of it, and the channel."""
    return (
        link.at.key("revocations"),
        link.at.key("revocations", "told"),
        link.at.key("revocations", "channel"),
    )


class Teller:
    """Tells what was revoked, in a thread of its own beside the users service.

    Several may run, one beside each instance: what they write is the same.
    """

    def __init__(self, link: Link, source: Source, *, period_s: float = TELL_S) -> None:
        self._link = link
        self._source = source
        self._period_s = period_s
        self._since: datetime | None = None
        self._told: dict[Revocation, datetime] = {}
        """What was told lately, and when, so that what overlaps is not told again."""
        self._whole_at = -float("inf")
        self._state = b""
        """Of the server that has all that matters, because we wrote it."""
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="revocations", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Tell nothing more."""
        self._stopped.set()

    def join(self) -> None:
        """Wait for what is being told."""
        if self._thread is not None:
            self._thread.join(JOIN_S)

    def _run(self) -> None:
        while not self._stopped.wait(self._period_s):
            try:
                self.tell()
            except Away:
                self._state = b""  # it may come back without what it had
            except Exception:
                # Carrying on: the database may be away for a while; who hears nothing asks.
                log.exception("revocations could not be told")

    def tell(self) -> None:
        """Tell once; raise Away."""
        state = self._link.ask(partial(_state, _names(self._link)[1]))
        was_lost = state != self._state or not state.endswith(b" 1")
        if was_lost or time.monotonic() - self._whole_at >= WHOLE_S:
            as_of, all_ = self._revoked(None)
            self._write(as_of, all_, is_whole=True)
            self._whole_at = time.monotonic()
            self._state = state[:-1] + b"1"
        as_of, some = self._revoked(self._since)
        fresh = [each for each in some if each not in self._told]
        is_much = was_lost or self._since is None or len(fresh) > AT_ONCE
        message = "null" if is_much else json.dumps([_plain(each) for each in fresh])
        self._write(as_of, fresh, message)
        self._since = as_of - OVERLAP
        self._told |= dict.fromkeys(fresh, as_of)
        if len(self._told) > AT_ONCE:
            self._told = {each: at for each, at in self._told.items() if at > as_of - 2 * OVERLAP}

    def _revoked(self, since: datetime | None) -> tuple[datetime, list[Revocation]]:
        """Return what was revoked since a moment and as of when, however many pages that is."""
        told = self._source.revoked(since)
        found = list(told.revocations)
        for _ in range(PAGES_MAX):
            if len(told.revocations) < PAGE_MIN or told.as_of == since:
                break
            since = told.as_of
            told = self._source.revoked(since)
            found += told.revocations
        return told.as_of, list(dict.fromkeys(found))

    def _write(
        self,
        now: datetime,
        some: Sequence[Revocation],
        message: str = "",
        *,
        is_whole: bool = False,
    ) -> None:
        """Write some down, then tell a message."""
        written, told, channel = _names(self._link)
        for start in range(0, max(len(some), 1), AT_ONCE):
            is_last = start + AT_ONCE >= len(some)
            given: list[Any] = [channel, (now - LEEWAY).timestamp(), int(is_whole), KEPT_S]
            given.append(message if is_last else "")
            for each in some[start : start + AT_ONCE]:
                given += (each.until.timestamp(), json.dumps(_plain(each)))
            self._link.ask(partial(_tell, (written, told), given))


def _tell(keys: tuple[str, str], given: list[Any], client: Redis) -> None:
    client.eval(TELL, len(keys), *keys, *given)


def _state(told: str, client: Redis) -> bytes:
    return bytes(client.eval(STATE, 1, told))


class Hearer:
    """Hears what was revoked, in a thread of its own, and has the verifiers of a process know."""

    def __init__(self, link: Link, clock: Clock) -> None:
        self._link = link
        self._clock = clock
        self._verifiers: list[Verifier] = []
        self._heard_at = -float("inf")
        self._number = -1
        """Of the last message that was heard, or is contained in what was read."""
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self.caught_up = 0
        """How often was read what had been missed."""

    @property
    def is_informed(self) -> bool:
        """Return whether all that was revoked until just now is known to our verifiers."""
        return time.monotonic() - self._heard_at < SILENCE_S

    def inform(self, verifier: Verifier) -> None:
        """Have *verifier* know what is heard from now on."""
        self._verifiers.append(verifier)

    def start(self) -> None:
        """Begin to listen."""
        self._thread = threading.Thread(target=self._run, name="revocations", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Listen no more."""
        self._stopped.set()

    def join(self) -> None:
        """Wait until nobody listens."""
        if self._thread is not None:
            self._thread.join(JOIN_S)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._listen()
            except Away:
                pass  # it has been said; and we are not informed meanwhile, so others are asked
            except Exception:
                # Carrying on: whatever it was, who judges tokens asks users until we hear again.
                log.exception("revocations could not be heard")
            self._stopped.wait(max(self._link.presence.rest_s(), 0.05))

    def _listen(self) -> None:
        """Hear and read until the connection breaks; raise Away."""
        from redis import Redis  # noqa: PLC0415 - only where there is one
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.exceptions import RedisError  # noqa: PLC0415
        from redis.retry import Retry  # noqa: PLC0415

        presence = self._link.presence
        if not presence.may_ask():
            raise Away("Redis was away just now.")
        at = self._link.at
        options = at.options(max(at.timeout_s, TELL_S))
        client = Redis.from_url(at.url, retry=Retry(NoBackoff(), 0), **options)
        try:
            with client.pubsub(ignore_subscribe_messages=True) as heard:  # type: ignore[no-untyped-call]
                heard.subscribe(_names(self._link)[2])
                self._read(client)
                while not self._stopped.is_set():
                    message = heard.get_message(timeout=TELL_S)
                    if message is not None:
                        self._hear(client, message["data"])
        except (RedisError, OSError) as error:
            if not self._stopped.is_set():
                presence.failed(error)
            raise Away("Redis is away.") from error
        finally:
            client.close()

    def _hear(self, client: Redis, message: bytes) -> None:
        """Take in one message; read what is written if one was missed, or it says too little."""
        at = time.monotonic()
        number, whole, told = message.split(b" ", 2)
        news = json.loads(told)
        if int(number) == self._number + 1 and news is not None:
            self._take([_revocation(each) for each in news])
            self._number += 1
        elif int(number) != self._number:
            self._read(client)
        if whole == b"1":
            self._heard_at = at

    def _read(self, client: Redis) -> None:
        """Read all that is written."""
        written, told, _ = _names(self._link)
        number = client.hget(told, "number")
        offset, is_going_on = 0, True
        while is_going_on:
            found: list[Any] = client.zrange(written, offset, offset + AT_ONCE - 1)
            self._take([_revocation(json.loads(each)) for each in found])
            offset, is_going_on = offset + AT_ONCE, len(found) == AT_ONCE
        self._number = int(number or -1)
        self.caught_up += 1

    def _take(self, some: list[Revocation]) -> None:
        if some:
            now = self._clock()
            for verifier in self._verifiers:
                verifier.keep_revocations(some, now)


class Heard:
    """A publisher that need hardly be asked while what it has to tell is heard."""

    def __init__(self, asked: Publisher, hearer: Hearer) -> None:
        self._asked = asked
        self._hearer = hearer

    @property
    def period(self) -> timedelta:
        """Return how old what it told may be when a token is judged."""
        return CALM if self._hearer.is_informed else self._asked.period

    def keys(self) -> Mapping[str, Any]:
        """Return the published keys as a JWKS."""
        return self._asked.keys()

    def revoked(self, since: datetime | None) -> Revoked:
        """Return what was revoked since a moment, or all that still matters."""
        return self._asked.revoked(since)


def _plain(each: Revocation) -> list[Any]:
    return [str(each.session_id), each.generation, each.until.timestamp()]


def _revocation(plain: list[Any]) -> Revocation:
    session_id, generation, until = plain
    return Revocation(UUID(session_id), int(generation), datetime.fromtimestamp(until, UTC))
