"""Connections on the wire: keys come in and are never shown again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, Field

from nexafi.payments.connections.actions import KEY_CHARS_MAX
from nexafi.payments.providers.port import Provider
from nexafi.payments.shapes import Strict
from nexafi.payments.tables import Connection

KeyText = Annotated[str, Field(min_length=1, max_length=KEY_CHARS_MAX)]


class ConnectionIn(Strict):
    """The keys of an organization at a provider."""

    exempt: ClassVar[frozenset[str]] = frozenset({"keys", "settings"})

    keys: dict[str, KeyText] = Field(
        default_factory=dict,
        max_length=10,
        description="What the provider needs, by name; see `keys` of GET /providers",
    )
    settings: dict[str, Annotated[str, Field(max_length=200)]] = Field(
        default_factory=dict, max_length=30, description="What is no secret, by name"
    )
    position: int = Field(
        0, ge=0, le=1000, description="Where several take the same payment, the lowest comes first"
    )


class ProviderOut(BaseModel):
    """A provider, and whether the organization is connected with it."""

    provider: str
    title: str
    keys: dict[str, str] = Field(description="The secrets that it needs, and where one finds them")
    methods: list[str] = Field(description="Kinds of payment methods that it takes")
    currencies: list[str] | None = Field(description="ISO 4217; null is all")
    is_connected: bool
    hints: dict[str, str] = Field(description="The last characters of each key that was given")
    settings: dict[str, Any]
    position: int
    changed_at: datetime | None

    @classmethod
    def of(cls, provider: Provider, row: Connection | None) -> Self:
        """Return a provider as an organization sees it."""
        takes = provider.takes
        return cls(
            provider=provider.name,
            title=provider.title,
            keys=dict(provider.keys),
            methods=sorted(takes.methods),
            currencies=None if takes.currencies is None else sorted(takes.currencies),
            is_connected=row is not None or not provider.keys,
            hints=row.hints if row else {},
            settings=row.settings if row else {},
            position=row.position if row else 0,
            changed_at=row.changed_at if row else None,
        )


class ProvidersOut(BaseModel):
    """All providers of this installation."""

    items: list[ProviderOut]
