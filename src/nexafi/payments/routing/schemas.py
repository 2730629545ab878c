"""Routing rules on the wire."""

from __future__ import annotations

from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, Field

from nexafi.kernel.values.ids import new_id
from nexafi.payments.routing.choosing import Chosen
from nexafi.payments.routing.rules import Case
from nexafi.payments.routing.shapes import ChoiceIn, ConditionsIn, Name
from nexafi.payments.shapes import Amount, Country, Metadata, Strict, Text
from nexafi.payments.tables import RoutingRule


class RoutingRuleIn(Strict):
    """For which charges a rule holds, and how it then chooses."""

    name: Text
    position: int = Field(0, ge=0, le=100_000, description="The lowest is looked at first")
    is_on: bool = True
    conditions: ConditionsIn = Field(default_factory=ConditionsIn)
    choice: ChoiceIn

    def facts(self) -> dict[str, Any]:
        """Return what is kept."""
        return {
            "name": self.name,
            "position": self.position,
            "is_on": self.is_on,
            "conditions": self.conditions.model_dump(mode="json"),
            "choice": self.choice.model_dump(mode="json"),
        }


class RoutingRuleOut(BaseModel):
    """A routing rule."""

    id: UUID
    name: str
    position: int
    is_on: bool
    conditions: ConditionsIn
    choice: ChoiceIn

    @classmethod
    def of(cls, row: RoutingRule) -> Self:
        """Return a rule that was read."""
        return cls(
            id=row.id,
            name=row.name,
            position=row.position,
            is_on=row.is_on,
            conditions=ConditionsIn.model_validate(row.conditions),
            choice=ChoiceIn.model_validate(row.choice),
        )


class RoutingRulesOut(BaseModel):
    """All rules, in the order in which they are looked at."""

    items: list[RoutingRuleOut]


class RoutingTestIn(Strict):
    """A charge that is not made, to see who would be asked for it."""

    amount: Amount
    method_kind: Name | None = Field(None, examples=["card"])
    country: Country | None = Field(None, description="Of the payment method")
    metadata: Metadata = Field(default_factory=dict)
    charge: UUID | None = Field(
        None, description="By which shares are drawn; another for each call if it is left out"
    )
    capture: bool = True

    def case(self) -> Case:
        """Return what the rules understand."""
        return Case(
            self.charge or new_id(),
            self.amount,
            self.country or "",
            self.method_kind or "",
            self.metadata,
        )


class LookedOut(BaseModel):
    """A rule that was looked at."""

    id: UUID
    name: str
    misfit: str = Field(description="Why it does not hold; empty if it does")


class RankedOut(BaseModel):
    """A provider in its place, and why."""

    provider: str
    why: str


class RefusedOut(BaseModel):
    """A provider that cannot be asked, and why."""

    provider: str
    why: str


class RoutingTestOut(BaseModel):
    """Who would be asked, who then, and how that came."""

    rule: UUID | None = Field(description="Which rule chose; null if none holds")
    providers: list[RankedOut]
    refused: list[RefusedOut]
    looked_at: list[LookedOut]

    @classmethod
    def of(cls, chosen: Chosen, refused: dict[str, str]) -> Self:
        """Return what was chosen."""
        return cls(
            rule=chosen.rule_id,
            providers=[RankedOut(provider=each.provider, why=each.why) for each in chosen.ranked],
            refused=[RefusedOut(provider=name, why=why) for name, why in refused.items()],
            looked_at=[
                LookedOut(id=each.id, name=each.name, misfit=each.misfit)
                for each in chosen.looked_at
            ],
        )
