"""The hash chain: what makes a change of the books visible.

Each sealed entry is written as canonical JSON (RFC 8785: names in order, no
spaces, UTF-8) and hashed, by SHA-256, together with the hash before it. Whoever
has an exported chain can compute it again with nothing of ours; the first
hash follows 32 zero bytes. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

START = bytes(32)


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as the chain knows it."""

    id: UUID
    journal: str
    number: int
    position: int
    kind: str
    date: date
    description: str
    reference: str | None
    source: str | None
    tags: Mapping[str, Any] | None
    base_currency: str
    reverses_id: UUID | None
    posted_by: str
    recorded_at: datetime
    lines: Sequence[tuple[str, str, int, str, int, str | None]]
    """Id of the line, id of its account, minor, currency, base_minor, description."""


def content(link: Link) -> dict[str, Any]:
    """Return what is hashed of an entry, as JSON has it."""
    return {
        "base_currency": link.base_currency,
        "date": link.date.isoformat(),
        "description": link.description,
        "id": str(link.id),
        "journal": link.journal,
        "kind": link.kind,
        "lines": [list(line) for line in link.lines],
        "number": link.number,
        "position": link.position,
        "posted_by": link.posted_by,
        "recorded_at": link.recorded_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "reference": link.reference,
        "reverses": None if link.reverses_id is None else str(link.reverses_id),
        "source": link.source,
        "tags": dict(link.tags or {}),
    }


def canonical(value: object) -> bytes:
    """Return *value* as canonical JSON; there are whole numbers only, so this suffices."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def hash_of(link: Link, before: bytes) -> bytes:
    """Return the hash of an entry that follows the hash *before*."""
    return sha256(before + canonical(content(link))).digest()
