"""Signatures of webhooks, after Standard Webhooks: made for ours, and checked. Pure.

What is signed is the id of the message, the second at which it was sent and
the body, joined by dots, by HMAC-SHA-256. A header holds one signature for
each secret that is valid, so that a secret can be changed while both sides run.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from nexafi.payments.errors import NoticeRefused

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
TOLERANCE: Final = timedelta(minutes=5)
"""How old a message may be, or how far ahead its clock: longer, and it could be sent again."""
SIGNATURES_MAX: Final = 20


def secret_text(raw: bytes) -> str:
    """Return a secret as people are shown it."""
    return PREFIX + b64encode(raw).decode()


def secret_bytes(text: str) -> bytes:
    """Return the key that a secret stands for; ValueError if it is none."""
    try:
        return b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("A secret is `whsec_` and Base64.") from error


def headers(
    secrets: Iterable[bytes], message_id: str, sent_at: datetime, body: bytes
) -> dict[str, str]:
    """Return the headers of a message, signed by each of *secrets*."""
    second = str(int(sent_at.timestamp()))
    return {
        ID: message_id,
        TIMESTAMP: second,
        SIGNATURE: " ".join(_signature(each, message_id, second, body) for each in secrets),
    }


def check(secret: bytes, given: Mapping[str, str], body: bytes, now: datetime) -> str:
    """Return the id of a message; raise NoticeRefused if it is forged, old or from the future."""
    message_id, second = given.get(ID, ""), given.get(TIMESTAMP, "")
    signatures = given.get(SIGNATURE, "").split(" ", SIGNATURES_MAX)[:SIGNATURES_MAX]
    if not message_id or not second.isascii() or not second.isdigit() or len(second) > 12:
        raise NoticeRefused("The headers webhook-id, webhook-timestamp or webhook-signature lack.")
    expected = _signature(secret, message_id, second, body)
    if not any(hmac.compare_digest(expected.encode(), each.encode()) for each in signatures):
        raise NoticeRefused("No signature of this webhook fits its body.")
    if abs(now - datetime.fromtimestamp(int(second), UTC)) > TOLERANCE:
        raise NoticeRefused("This webhook was signed too long ago, or by a clock that is wrong.")
    return message_id


def _signature(secret: bytes, message_id: str, second: str, body: bytes) -> str:
    signed = b".".join((message_id.encode(), second.encode(), body))
    return f"v1,{b64encode(hmac.digest(secret, signed, 'sha256')).decode()}"
