"""When one may try again, and what a refresh token is worth. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

FREE_TRIES = 5
"""How many wrong passwords in a row cost nothing but their own time."""
PAUSE_MAX = timedelta(minutes=15)
FORGET = timedelta(days=1)
"""After how long without a try the counting begins anew."""
GRACE = timedelta(seconds=10)
"""How long a refresh may be asked again with the same token: an answer may be lost on the way,
and two windows may ask at once. As long as nobody used the answer, it is the same answer."""
SESSIONS_MAX = 50
"""How many sessions a user has at once; the oldest gives way."""


def pause(failures: int) -> timedelta:
    """Return how long nobody may try after so many failures in a row: 1 s, 2 s, 4 s and on."""
    if failures < FREE_TRIES:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(failures - FREE_TRIES, 20)), PAUSE_MAX)


class Worth(StrEnum):
    """What a refresh token is worth when it comes."""

    FRESH = "fresh"
    """It is exchanged."""
    AGAIN = "again"
    """It was exchanged just now: the same answer once more."""
    STOLEN = "stolen"
    """It was exchanged, and what it was exchanged for is in use: one of two is a thief."""
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Shown:
    """What is known of a refresh token that is shown to us."""

    used_at: datetime | None
    is_successor_used: bool
    refreshed_at: datetime
    """When the session was last refreshed."""
    ends_at: datetime
    has_ended: bool


def worth(shown: Shown, now: datetime, *, idle_life: timedelta) -> Worth:
    """Return what a refresh token is worth (RFC 9700, 4.14.2)."""
    if shown.has_ended or now >= min(shown.ends_at, shown.refreshed_at + idle_life):
        return Worth.ENDED
    if shown.used_at is None:
        return Worth.FRESH
    if now <= shown.used_at + GRACE and not shown.is_successor_used:
        return Worth.AGAIN
    return Worth.STOLEN
