"""Locks in front of the leases of jobs: many workers then look into Redis, and one at the database.

The lease in the database stays the truth and the fence: a lock that was lost lets another worker
look there and find the lease taken. So a lock may be wrong, at the price of a look, and is kept for
a minute at most: whatever became of its holder, somebody looks then.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from datetime import timedelta
from typing import Final

from nexafi.kernel.shared.link import Link
from nexafi.kernel.shared.presence import Away

LONGEST: Final = timedelta(minutes=1)
LOOK_AGAIN: Final = timedelta(seconds=1)
"""After so long somebody looks again at a lease that another was found to hold."""

KEEP: Final = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
"""
"""Lets a lock run out later or sooner, if it is still the holder's own."""


class Locks:
    """The locks of one process, which never waits for one."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._token = secrets.token_hex(8)

    def take(self, name: str, life: timedelta) -> bool:
        """Return whether to look at the database: the lock was free, or nobody can tell."""
        key, life_ms = self._key(name), _ms(life)
        try:
            taken = self._link.ask(lambda client: client.set(key, self._token, nx=True, px=life_ms))
        except Away:
            return True
        return bool(taken)

    def keep(self, name: str, life: timedelta) -> None:
        """Let a lock of our own run out after *life*, and not when it would have."""
        key, life_ms = self._key(name), _ms(life)
        with suppress(Away):  # then it runs out as it would have, and the lease holds
            self._link.ask(lambda client: client.eval(KEEP, 1, key, self._token, str(life_ms)))

    def _key(self, name: str) -> str:
        return self._link.at.key("lock", name)


def _ms(life: timedelta) -> int:
    return max(1, int(min(life, LONGEST).total_seconds() * 1_000))
