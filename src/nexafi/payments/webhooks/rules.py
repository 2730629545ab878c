"""Which events are told, how they are written, and when they are sent again. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from nexafi.contracts.payments import events
from nexafi.kernel.news.events import Event
from nexafi.payments import cards

TOLD: Final[tuple[type[Event], ...]] = (
    events.ChargeActionRequired,
    events.ChargeAuthorized,
    events.ChargeCaptured,
    events.ChargeFailed,
    events.ChargeRefunded,
    events.ChargeVoided,
    events.DisputeClosed,
    events.DisputeEvidenceDue,
    events.DisputeOpened,
    events.RefundFailed,
)
"""All events that an endpoint may ask for."""
KINDS: Final = frozenset(each.name for each in TOLD)
TEST: Final = "payments.webhook_test"
"""What a test event is called; no endpoint can ask for it, and none leaves it out."""

WAITS: Final = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=4),
)
"""How long we wait to send again; the last over and over."""
TRIES_MAX: Final = 24
"""Three days."""
OFF_AFTER: Final = timedelta(days=3)
"""An endpoint that took nothing for so long is switched off."""
REST_MAX: Final = timedelta(minutes=5)
"""So long at most nothing is sent to an endpoint that does not answer at all."""
JITTER: Final = 0.2
ENDPOINTS_MAX: Final = 20
GONE: Final = 410
"""HTTP: the receiver wants no more."""


class DeliveryState(StrEnum):
    """What became of a webhook of ours."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


def body(kind: str, at: datetime, data: Mapping[str, Any]) -> str:
    """Return what is sent, byte for byte, without card numbers."""
    told = {"type": kind, "timestamp": at.isoformat(), "data": _clean(data)}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def again_after(tries: int, row_id: UUID) -> timedelta | None:
    """Return how long to wait after so many tries, a little apart from others; None to give up."""
    if tries >= TRIES_MAX:
        return None
    wait: timedelta = WAITS[min(tries, len(WAITS)) - 1]
    return wait * (1 + JITTER * (row_id.int % 1000) / 1000)


def rest_after(misses: int) -> timedelta:
    """Return how long an endpoint is left alone that did not answer so many times."""
    rest: timedelta = timedelta(seconds=1) * 2 ** min(misses, 20)
    return min(rest, REST_MAX)


def _clean(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, Mapping):
        return {name: _clean(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_clean(each) for each in value]
    if isinstance(value, str) and not _is_id(value):
        return cards.masked(value)
    return value


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False  # carrying on: it is some text
