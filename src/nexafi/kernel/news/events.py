"""Events: facts that one service tells the others, in the past tense."""

from __future__ import annotations

from dataclasses import dataclass
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
