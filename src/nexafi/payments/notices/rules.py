"""What becomes of a webhook that was kept, and when it is tried again. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

SOON: Final = timedelta(seconds=5)
LATER_MAX: Final = timedelta(hours=6)
TRIES_MAX: Final = 18
"""Three days."""
HEADERS: Final = ("webhook-", "stripe-", "paypal-", "content-type", "user-agent")
"""How the names of those begin that prove whose a webhook is; no others are kept."""
HEADER_CHARS_MAX: Final = 1000

_HINT: Final = re.compile(
    rb'"nexafi_organization"\s*:\s*"([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"'
)


class EventState(StrEnum):
    """What became of a webhook."""

    RECEIVED = "received"
    """It is safely kept, and will be tried again."""
    APPLIED = "applied"
    IGNORED = "ignored"
    """It says nothing that is acted upon, or of nobody here."""
    FAILED = "failed"
    """It was given up; a person may have it replayed."""


def again_after(tries: int) -> timedelta | None:
    """Return how long to wait after so many tries; None if it is time to give up."""
    if tries >= TRIES_MAX:
        return None
    wait: timedelta = SOON * 4 ** min(tries - 1, 10)
    return min(wait, LATER_MAX)


def hint(body: bytes) -> UUID | None:
    """Return whose a webhook may be: what was sent along as metadata comes back in its body.

    It proves nothing. The signature is checked with the keys of that organization.
    """
    found = _HINT.search(body)
    return UUID(found[1].decode()) if found else None


def telling_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return those headers that prove something."""
    return {
        name: value[:HEADER_CHARS_MAX]
        for name, value in headers.items()
        if name.startswith(HEADERS)
    }
