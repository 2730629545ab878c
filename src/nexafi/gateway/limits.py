"""How often each client may call: a token bucket for each, and quotas for its organization.

The bucket is kept as the moment at which it will be full again (GCRA, the generic cell rate
algorithm of ATM, ITU-T I.371): full buckets need no memory at all, and nobody has to refill them.
A quota is a number of calls in a day or a month of UTC. The fields that tell a client of both are
those of draft-ietf-httpapi-ratelimit-headers-10.
"""

from __future__ import annotations

import math
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

DAY_S: Final = 86_400


class Share(NamedTuple):
    """What is left to a client after this call."""

    allowed: bool
    remaining: int
    full_in_s: float
    retry_in_s: float


class Taken(NamedTuple):
    """What came of one call: the policies that it fell under, and the share left of each."""

    policy: str
    shares: Sequence[tuple[str, Share]]

    @property
    def is_allowed(self) -> bool:
        """Return whether no policy refuses the call."""
        return all(share.allowed for _, share in self.shares)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a plan grants: calls a second, at once, a day and a month; 0 for as many as one likes.

    Args:
        rate_per_s: calls a second that flow back into a bucket.
        burst: calls that a full bucket holds.
        per_day: calls of all members of an organization in a day of UTC.
        per_month: the same in a month of UTC.

    """

    rate_per_s: float
    burst: int
    per_day: int = 0
    per_month: int = 0
    interval_s: float = field(init=False)
    depth_s: float = field(init=False)
    rate_policy: str = field(init=False)

    def __post_init__(self) -> None:
        """Work out what each call needs."""
        set_ = object.__setattr__
        set_(self, "interval_s", 1 / self.rate_per_s)
        set_(self, "depth_s", self.burst / self.rate_per_s)
        window_s = math.ceil(self.burst / self.rate_per_s)
        set_(self, "rate_policy", f'"default";q={self.burst};w={window_s}')

    @property
    def has_quota(self) -> bool:
        """Return whether calls of an organization are counted by the day or the month."""
        return bool(self.per_day or self.per_month)

    def policy(self, month_days: int) -> str:
        """Return all that holds as RateLimit-Policy says it, in a month of so many days."""
        text = self.rate_policy
        if self.per_day:
            text += f', "day";q={self.per_day};w={DAY_S}'
        if self.per_month:
            text += f', "month";q={self.per_month};w={month_days * DAY_S}'
        return text

    def rate_share(self, spare_s: float, full_in_s: float) -> Share:
        """Return what is left of the bucket: below zero *spare_s* the call is refused."""
        if spare_s < -1e-9:
            return Share(allowed=False, remaining=0, full_in_s=full_in_s, retry_in_s=-spare_s)
        remaining = int(spare_s / self.interval_s + 1e-9)
        return Share(allowed=True, remaining=remaining, full_in_s=full_in_s, retry_in_s=0.0)

    def taken(self, rate: Share, quota: Quota) -> Taken:
        """Return what came of a call, the quotas too where there are any."""
        shares = [("default", rate)]
        if self.per_day:
            shares.append(("day", _of_quota(quota.day_left, quota.day_ends_in_s)))
        if self.per_month:
            shares.append(("month", _of_quota(quota.month_left, quota.month_ends_in_s)))
        return Taken(self.policy(quota.month_days), shares)


class Quota(NamedTuple):
    """What an organization has left of its day and month; -1 where this very call is refused."""

    day_left: int
    month_left: int
    day_ends_in_s: int
    month_ends_in_s: int
    month_days: int


def _of_quota(left: int, ends_in_s: int) -> Share:
    if left < 0:
        return Share(allowed=False, remaining=0, full_in_s=ends_in_s, retry_in_s=ends_in_s)
    return Share(allowed=True, remaining=left, full_in_s=ends_in_s, retry_in_s=0.0)


class Limits:
    """The buckets of all clients, in this process, in bounded memory.

    Args:
        terms: what whoever is under no other plan may do.
        clients_max: buckets that are remembered; beyond it the oldest are forgotten, as if full.

    """

    def __init__(self, terms: Terms, clients_max: int) -> None:
        self._terms = terms
        self._clients_max = clients_max
        self._full_at: dict[str, float] = {}
        self._swept_at = -math.inf

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, client: str, now: float, terms: Terms | None = None) -> Share:
        """Take one call out of the bucket of *client*, if there is one left.

        Args:
            client: the user, or the address of one who has not said who they are.
            now: seconds on a clock that never goes back.
            terms: what the client may do, if not what all may.

        """
        granted = terms or self._terms
        full_at = max(self._full_at.get(client, now), now) + granted.interval_s
        spare_s = granted.depth_s - (full_at - now)
        share = granted.rate_share(spare_s, full_at - now)
        if not share.allowed:
            return share._replace(full_in_s=full_at - granted.interval_s - now)
        if client not in self._full_at and len(self._full_at) >= self._clients_max:
            self._make_room(now)
        self._full_at[client] = full_at
        return share

    def _make_room(self, now: float) -> None:
        """Forget full buckets, at most once a second, and the oldest if that was not enough."""
        if now - self._swept_at >= 1:
            self._swept_at = now
            self._full_at = {who: at for who, at in self._full_at.items() if at > now}
        if len(self._full_at) >= self._clients_max:
            del self._full_at[next(iter(self._full_at))]


class Quotas:
    """What organizations have used of their day and month, in this process, in bounded memory."""

    def __init__(self, organizations_max: int) -> None:
        self._organizations_max = organizations_max
        self._used: dict[str, tuple[datetime, int, datetime, int]] = {}

    def take(self, organization: str, now: datetime, terms: Terms, *, counts: bool) -> Quota:
        """Take one call out of what *organization* has left at *now* (UTC), if it *counts*."""
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        month = day.replace(day=1)
        days = monthrange(month.year, month.month)[1]
        kept_day, day_used, kept_month, month_used = self._used.get(
            organization, (day, 0, month, 0)
        )
        day_used = day_used if kept_day == day else 0
        month_used = month_used if kept_month == month else 0
        has_day = not terms.per_day or day_used < terms.per_day
        has_month = not terms.per_month or month_used < terms.per_month
        if counts and has_day and has_month:
            day_used, month_used = day_used + 1, month_used + 1
            if organization not in self._used and len(self._used) >= self._organizations_max:
                del self._used[next(iter(self._used))]
            self._used[organization] = (day, day_used, month, month_used)
        return Quota(
            -1 if counts and not has_day else max(terms.per_day - day_used, 0),
            -1 if counts and not has_month else max(terms.per_month - month_used, 0),
            _seconds(day + timedelta(days=1) - now),
            _seconds(month + timedelta(days=days) - now),
            days,
        )


def _seconds(time: timedelta) -> int:
    return math.ceil(time.total_seconds())


class Alone:
    """Counts in this process alone.

    Args:
        terms: what whoever is under no other plan may do.
        clients_max: clients and organizations that are remembered.

    """

    def __init__(self, terms: Terms, clients_max: int) -> None:
        self._limits = Limits(terms, clients_max)
        self._quotas = Quotas(clients_max)

    def __len__(self) -> int:
        return len(self._limits)

    def take(self, who: str, organization: str | None, terms: Terms, now: float) -> Taken:
        """Take one call of *who*, for an organization if they have one.

        Args:
            who: the user, or the address of one who has not said who they are.
            organization: whose quotas the call counts for.
            terms: what they may do.
            now: seconds on a clock that never goes back, for the rate; quotas go by the calendar.

        """
        rate = self._limits.take(who, now, terms)
        if organization is None or not terms.has_quota:
            return Taken(terms.rate_policy, (("default", rate),))
        at = datetime.now(UTC)  # noqa: TID251 - a day of UTC, and not of any organization
        quota = self._quotas.take(organization, at, terms, counts=rate.allowed)
        return terms.taken(rate, quota)


def fields(taken: Taken) -> list[tuple[str, str]]:
    """Return the header fields that tell a client of its shares."""
    left = ", ".join(
        f'"{name}";r={share.remaining};t={math.ceil(share.full_in_s)}'
        for name, share in taken.shares
    )
    told = [("ratelimit-policy", taken.policy), ("ratelimit", left)]
    if not taken.is_allowed:
        retry_in_s = max(share.retry_in_s for _, share in taken.shares)
        told.append(("retry-after", str(max(1, math.ceil(retry_in_s)))))
    return told
