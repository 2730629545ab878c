"""Conditions and choices of routing rules, as they come in and as they are kept."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from nexafi.kernel.values.money import Money
from nexafi.payments.routing.rules import Conditions, Cost
from nexafi.payments.shapes import Amount, Country, Metadata, Strict

Name = Annotated[str, Field(min_length=1, max_length=32, pattern="^[a-z0-9_]+$")]
Code = Annotated[str, Field(pattern="^[A-Z]{3}$")]


class Way(StrEnum):
    """How a rule chooses."""

    ORDER = "order"
    """As they are named."""
    SHARES = "shares"
    """Each takes its part of all charges."""
    CHEAPEST = "cheapest"
    """Whoever takes least of the amount, by the costs that are given."""
    SUCCESS = "success"
    """Whoever had the most charges succeed of late."""


class ConditionsIn(Strict):
    """For which charges a rule holds; what is left out does not matter."""

    currencies: list[Code] = Field(default_factory=list, max_length=200)
    amount_from: Amount | None = None
    amount_to: Amount | None = None
    countries: list[Country] = Field(
        default_factory=list, max_length=250, description="Of the payment method, if it is known"
    )
    method_kinds: list[Name] = Field(
        default_factory=list,
        max_length=20,
        description="Of a saved payment method; the kind of a mere token is not known",
    )
    metadata: Metadata = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_currency(self) -> Self:
        both = self.amount_from, self.amount_to
        if all(both) and len({each.currency for each in both if each}) > 1:
            raise ValueError("Both amounts are in one currency.")
        return self

    def conditions(self) -> Conditions:
        """Return what the rules understand."""
        return Conditions(
            self.currencies,
            self.amount_from,
            self.amount_to,
            self.countries,
            self.method_kinds,
            self.metadata,
        )


class CostIn(Strict):
    """What a provider takes of a charge."""

    share: str = Field("0", pattern=r"^(0(\.[0-9]{1,12})?|1)$", examples=["0.029"])
    fixed: list[Money] = Field(default_factory=list, max_length=50)

    def cost(self) -> Cost:
        """Return what the rules understand."""
        return Cost(Decimal(self.share), {each.currency: each.minor for each in self.fixed})


class ChoiceIn(Strict):
    """How a rule puts providers in order; those that it does not name come last."""

    by: Way
    providers: list[Name] = Field(
        default_factory=list, max_length=20, description="For `order`: who is asked first, and then"
    )
    shares: dict[Name, Annotated[int, Field(ge=0, le=1_000_000)]] = Field(
        default_factory=dict,
        max_length=20,
        description="For `shares`: parts of all charges; the same charge is always put alike",
        examples=[{"stripe": 70, "paypal": 30}],
    )
    costs: dict[Name, CostIn] = Field(
        default_factory=dict, max_length=20, description="For `cheapest`"
    )
    days: int = Field(30, ge=1, le=365, description="For `success`: how far one looks back")
    sample_min: int = Field(
        50, ge=1, le=100_000, description="For `success`: with fewer charges nobody can tell"
    )

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        needed = {
            Way.ORDER: self.providers,
            Way.SHARES: any(self.shares.values()),
            Way.CHEAPEST: self.costs,
            Way.SUCCESS: True,
        }
        if not needed[self.by]:
            raise ValueError(f"A choice by {self.by} needs something to choose from.")
        return self

    def named(self) -> set[str]:
        """Return the providers that it names."""
        return {*self.providers, *self.shares, *self.costs}

    def prices(self) -> dict[str, Cost]:
        """Return what the rules understand of costs."""
        return {name: each.cost() for name, each in self.costs.items()}
