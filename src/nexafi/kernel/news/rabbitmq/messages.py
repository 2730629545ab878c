"""Messages: an event as RabbitMQ carries it, a CloudEvent 1.0 in JSON.

The body has all; the properties and headers repeat what tools look for. A
message that we sent is read back without loss, one of another version of the
form is refused and not guessed at.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from nexafi.kernel.news.events import Envelope

SPECVERSION: Final = "1.0"
CONTENT_TYPE: Final = "application/cloudevents+json"
TRIES: Final = "x-nexafi-tries"
REASON: Final = "x-nexafi-reason"
PARKED_AT: Final = "x-nexafi-parked-at"
OF_TRIES: Final = (TRIES, REASON, PARKED_AT)
OF_THE_BROKER: Final = ("x-death", "x-first-death", "x-last-death", "x-delivery-count")
"""Headers that the broker writes about where a message has been; sent anew it has been nowhere."""
PERSISTENT: Final = 2
_ENCODE: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


class Unreadable(ValueError):
    """A message is not an event as we tell them; the message says why."""


def body(envelope: Envelope) -> str:
    """Return the event as the body of a message."""
    service = envelope.name.partition(".")[0]
    told: dict[str, Any] = {
        "specversion": SPECVERSION,
        "id": str(envelope.id),
        "source": f"/nexafi/{service}",
        "type": envelope.kind,
        "time": envelope.occurred_at.isoformat(),
        "datacontenttype": "application/json",
        "organizationid": str(envelope.organization_id),
        "data": envelope.body,
    }
    if envelope.request_id:
        told["requestid"] = envelope.request_id
    if envelope.traceparent:
        told["traceparent"] = envelope.traceparent
    return _ENCODE(told)


def properties(envelope: Envelope, headers: Mapping[str, object] | None = None) -> dict[str, Any]:
    """Return the properties of its message, with further *headers*."""
    said: dict[str, object] = {"x-request-id": envelope.request_id}
    if envelope.traceparent:
        said["traceparent"] = envelope.traceparent
    return {
        "message_id": str(envelope.id),
        "type": envelope.kind,
        "content_type": CONTENT_TYPE,
        "content_encoding": "utf-8",
        "delivery_mode": PERSISTENT,
        "timestamp": int(envelope.occurred_at.timestamp()),
        "application_headers": said | dict(headers or {}),
    }


def read(text: str | bytes) -> Envelope:
    """Return the event that the body of a message tells.

    Raises:
        Unreadable: it is no CloudEvent of the version that we know, or lacks what we need.

    """
    try:
        told = json.loads(text)
        _check_version(told["specversion"])
        name, _, version = told["type"].rpartition(".v")
        return Envelope(
            id=UUID(told["id"]),
            organization_id=UUID(told["organizationid"]),
            name=name,
            version=int(version),
            body=dict(told["data"]),
            occurred_at=_moment(told["time"]),
            request_id=str(told.get("requestid", "")),
            traceparent=str(told.get("traceparent", "")),
        )
    except Unreadable:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(f"it is no event: {type(error).__name__}: {error}") from error


def _check_version(version: object) -> None:
    if version != SPECVERSION:
        raise Unreadable(f"it is of version {version!r} of CloudEvents, and we read {SPECVERSION}")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise Unreadable(f"its time {text!r} has no zone")
    return moment
