"""Events: facts that one service tells the others, in the past tense."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    """A fact that has happened: frozen, named and versioned.

    Its name is ``<service>.<thing>_<past participle>`` and its class the same
    in capitals. A listener built before a field was added passes over it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: ClassVar[str]
    version: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event on its way: what it says, of whom, and how it is known again."""

    id: UUID
    organization_id: UUID
    name: str
    version: int
    body: dict[str, Any]
    occurred_at: datetime
    request_id: str = ""
    traceparent: str = ""

    @property
    def kind(self) -> str:
        """Return its name with its version, by which it is subscribed to."""
        return kind(self.name, self.version)


def kind(name: str, version: int) -> str:
    """Return the name of an event with its version: ``users.organization_changed.v1``."""
    return f"{name}.v{version}"
