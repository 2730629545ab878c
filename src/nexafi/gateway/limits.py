"""How often each client may call: a token bucket for each, one number to a client.

The bucket is kept as the moment at which it will be full again (GCRA, the generic cell rate
algorithm of ATM, ITU-T I.371): full buckets need no memory at all, and nobody has to refill them.
The fields that tell a client of it are those of draft-ietf-httpapi-ratelimit-headers-10.
"""

from __future__ import annotations

import math
from typing import NamedTuple


class Share(NamedTuple):
    """What is left to a client after this call."""

    allowed: bool
    remaining: int
    full_in_s: float
    retry_in_s: float


class Limits:
    """The buckets of all clients, in this process, in bounded memory.

    Args:
        rate_per_s: calls a second that flow back into a bucket.
        burst: calls that a full bucket holds.
        clients_max: buckets that are remembered; beyond it the oldest are forgotten, as if full.

    """

    def __init__(self, rate_per_s: float, burst: int, clients_max: int) -> None:
        self.policy = f'"default";q={burst};w={math.ceil(burst / rate_per_s)}'
        self._interval_s = 1 / rate_per_s
        self._depth_s = burst / rate_per_s
        self._clients_max = clients_max
        self._full_at: dict[str, float] = {}
        self._swept_at = -math.inf

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, client: str, now: float) -> Share:
        """Take one call out of the bucket of *client*, if there is one left.

        Args:
            client: the user, or the address of one who has not said who they are.
            now: seconds on a clock that never goes back.

        """
        full_at = max(self._full_at.get(client, now), now) + self._interval_s
        spare_s = self._depth_s - (full_at - now)
        if spare_s < -1e-9:
            return Share(
                allowed=False,
                remaining=0,
                full_in_s=full_at - self._interval_s - now,
                retry_in_s=-spare_s,
            )
        if client not in self._full_at and len(self._full_at) >= self._clients_max:
            self._make_room(now)
        self._full_at[client] = full_at
        return Share(
            allowed=True,
            remaining=int(spare_s / self._interval_s + 1e-9),
            full_in_s=full_at - now,
            retry_in_s=0.0,
        )

    def _make_room(self, now: float) -> None:
        """Forget full buckets, at most once a second, and the oldest if that was not enough."""
        if now - self._swept_at >= 1:
            self._swept_at = now
            self._full_at = {who: at for who, at in self._full_at.items() if at > now}
        if len(self._full_at) >= self._clients_max:
            del self._full_at[next(iter(self._full_at))]


def fields(share: Share, policy: str) -> list[tuple[str, str]]:
    """Return the header fields that tell a client of its *share*."""
    told = [
        ("ratelimit-policy", policy),
        ("ratelimit", f'"default";r={share.remaining};t={math.ceil(share.full_in_s)}'),
    ]
    if not share.allowed:
        told.append(("retry-after", str(max(1, math.ceil(share.retry_in_s)))))
    return told
