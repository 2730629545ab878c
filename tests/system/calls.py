"""How an endpoint is called, in words that are filled with somebody's ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Call:
    """What an endpoint is given besides the ids in its path."""

    body: Any = None
    query: Mapping[str, Any] = field(default_factory=dict)
    file: bytes | None = None


def money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}
