"""The way to Redis: where it is, and asking it without ever waiting long.

The client is imported when something is asked for the first time: it costs 0.3 s and some 30 MiB,
which an installation without Redis does not pay. It never tries again by itself: whoever asks
has an answer within the timeout or does without (`presence.py`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

from typing_extensions import override

from nexafi.kernel.shared.presence import Away, Presence

if TYPE_CHECKING:
    from redis import Redis

T = TypeVar("T")

CONNECTIONS_MAX: Final = 16
"""Of one process; threads beyond that do without."""

CONNECT_TIMEOUT_S: Final = 0.25
"""To reach it and to say who we are: with TLS that takes longer than an answer."""

PRESENT: Final = "present"
"""A key that is written to find out whether Redis takes writes: a replica answers all else."""


@dataclass(frozen=True, slots=True)
class RedisAt:
    """Where the Redis of an installation is, and how it is spoken to."""

    url: str
    """``redis://`` or ``rediss://`` (TLS), with user and password if it asks for them."""
    prefix: str = "nexafi"
    """What the names of all our keys begin with."""
    authority: Path | None = None
    """The certificate of who signed the server's; None: those that the system trusts."""
    timeout_s: float = 0.05
    """How long an answer may take."""

    @override
    def __repr__(self) -> str:
        return f"RedisAt({self.shown})"

    @property
    def shown(self) -> str:
        """Return the address without its password."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname}:{parts.port or 6379}{parts.path}"

    def key(self, *parts: str) -> str:
        """Return the name of a key of ours."""
        return ":".join((self.prefix, *parts))

    def options(self, timeout_s: float | None = None) -> dict[str, Any]:
        """Return what every client of ours is told; one answer may take *timeout_s*."""
        limit_s = self.timeout_s if timeout_s is None else timeout_s
        told: dict[str, Any] = {
            "socket_timeout": limit_s,
            "socket_connect_timeout": max(limit_s, CONNECT_TIMEOUT_S),
            "protocol": 2,
            "client_name": "nexafi",
        }
        if self.authority is not None:
            told["ssl_ca_certs"] = str(self.authority)
        return told


class Link:
    """Redis as the threads of one process ask it.

    Its connections are opened when something is first asked: after a fork, not before.
    """

    def __init__(self, at: RedisAt, presence: Presence | None = None) -> None:
        self.at = at
        self.presence = presence or Presence()
        self._guard = threading.Lock()
        self._client: Redis | None = None

    def ask(self, deed: Callable[[Redis], T]) -> T:
        """Return what *deed* returns, which asks with the client it is given; raise Away if not."""
        if not self.presence.may_ask():
            raise Away("Redis was away just now.")
        from redis.exceptions import RedisError  # noqa: PLC0415 - see above

        try:
            client = self._connected()
            if not self.presence.is_there:
                client.set(self.at.key(PRESENT), 1, px=1_000)
            answer = deed(client)
        except (RedisError, OSError) as error:
            self.presence.failed(error)
            self.let_go()
            raise Away("Redis is away.") from error
        self.presence.answered()
        return answer

    def fault(self) -> str | None:
        """Return what is wrong with it, in a few words for the operator, or None."""
        try:
            self.ask(lambda client: client.ping())
        except Away:
            return "away: each process counts and remembers for itself"
        return None

    def look(self) -> tuple[str, str]:
        """Return the version of the server and what it does when it is full; raise Away.

        It is found out, too, whether it takes writes.
        """
        self.ask(lambda client: client.set(self.at.key(PRESENT), 1, px=1_000))
        return (
            str(self.ask(lambda client: client.info("server"))["redis_version"]),
            str(self.ask(lambda client: client.info("memory")).get("maxmemory_policy", "")),
        )

    def let_go(self) -> None:
        """Close the connections that nobody uses at this moment; they are opened again."""
        with self._guard:
            client, self._client = self._client, None
        if client is not None:
            client.connection_pool.disconnect(inuse_connections=False)

    def _connected(self) -> Redis:
        from redis import BlockingConnectionPool, Redis  # noqa: PLC0415 - see above
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.retry import Retry  # noqa: PLC0415

        with self._guard:
            if self._client is None:
                pool = BlockingConnectionPool.from_url(
                    self.at.url,
                    max_connections=CONNECTIONS_MAX,
                    timeout=self.at.timeout_s,
                    retry=Retry(NoBackoff(), 0),
                    **self.at.options(),
                )
                self._client = Redis(connection_pool=pool)
            return self._client
