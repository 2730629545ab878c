"""Fee schedules on the wire."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from nexafi.kernel.values.money import Money
from nexafi.payments.fees import rules
from nexafi.payments.fees.rules import Line
from nexafi.payments.shapes import Amount, Country, Strict, Text
from nexafi.payments.tables import Charge, ChargeFee, FeeRule

Share = Annotated[
    str,
    Field(
        pattern=r"^(0(\.[0-9]{1,12})?|1(\.0{1,12})?)$",
        description="An exact decimal from 0 to 1: 0.029 for 2.9 %",
        examples=["0.029"],
    ),
]
Kind = Annotated[str, Field(min_length=1, max_length=32, pattern="^[a-z0-9_]+$")]
Plan = Annotated[str, Field(min_length=1, max_length=40)]


class FeeAmountsIn(Strict):
    """What is taken in one currency besides the share; all are in that currency."""

    fixed: Amount | None = None
    min: Amount | None = Field(None, description="At least so much, but never more than is paid")
    max: Amount | None = None

    @model_validator(mode="after")
    def _fit(self) -> Self:
        given = [each for each in (self.fixed, self.min, self.max) if each]
        if len({each.currency for each in given}) != 1:
            raise ValueError("Give at least one amount, and all in one currency.")
        if self.min and self.max and self.min.minor > self.max.minor:
            raise ValueError("The least is more than the most.")
        return self

    @property
    def currency(self) -> str:
        """Return the currency of the amounts."""
        return next(each.currency for each in (self.fixed, self.min, self.max) if each)

    def kept(self) -> dict[str, int]:
        """Return what is kept: minor units."""
        said = {"fixed": self.fixed, "min": self.min, "max": self.max}
        return {name: each.minor for name, each in said.items() if each}


class FeeScheduleIn(Strict):
    """A line of the schedule: how much it takes, and of which payments."""

    name: Text
    share: Share = "0"
    amounts: list[FeeAmountsIn] = Field(
        default_factory=list,
        max_length=50,
        description="One for each currency; with any, the line holds for these currencies only",
    )
    plan: Plan | None = Field(
        None, description="The `plan` in the metadata of the charge, or of its customer"
    )
    method_kind: Kind | None = Field(None, examples=["card"])
    provider: Kind | None = None
    cross_border: bool | None = Field(
        None, description="Whether the payment method is of another country than yours"
    )
    currency: str | None = Field(None, pattern="^[A-Z]{3}$")
    valid_from: dt.date | None = None
    valid_until: dt.date | None = Field(None, description="The last day")

    @model_validator(mode="after")
    def _once_each(self) -> Self:
        currencies = [each.currency for each in self.amounts]
        if len(set(currencies)) != len(currencies):
            raise ValueError("Each currency comes once.")
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            raise ValueError("It would end before it begins.")
        return self

    def facts(self) -> dict[str, Any]:
        """Return what is kept."""
        return {
            "name": self.name,
            "share": self.share,
            "amounts": {each.currency: each.kept() for each in self.amounts},
            "plan": self.plan,
            "method_kind": self.method_kind,
            "provider": self.provider,
            "crosses_border": self.cross_border,
            "currency": self.currency,
            "valid_from": self.valid_from,
            "valid_until": self.valid_until,
        }


class FeeAmountsOut(BaseModel):
    """What is taken in one currency besides the share."""

    fixed: Money | None
    min: Money | None
    max: Money | None


class FeeScheduleOut(BaseModel):
    """A line of the schedule."""

    id: UUID
    name: str
    share: str
    amounts: list[FeeAmountsOut]
    plan: str | None
    method_kind: str | None
    provider: str | None
    cross_border: bool | None
    currency: str | None
    valid_from: dt.date | None
    valid_until: dt.date | None

    @classmethod
    def of(cls, row: FeeRule) -> Self:
        """Return a line that was read."""
        return cls(
            id=row.id,
            name=row.name,
            share=row.share,
            amounts=[
                FeeAmountsOut(
                    **{
                        name: Money(said[name], currency) if name in said else None
                        for name in ("fixed", "min", "max")
                    }
                )
                for currency, said in row.amounts.items()
            ],
            plan=row.plan,
            method_kind=row.method_kind,
            provider=row.provider,
            cross_border=row.crosses_border,
            currency=row.currency,
            valid_from=row.valid_from,
            valid_until=row.valid_until,
        )


class FeePreviewIn(Strict):
    """A payment that is yet to be made."""

    amount: Amount
    method_kind: Kind | None = None
    provider: Kind | None = None
    country: Country | None = Field(None, description="Of the payment method")
    plan: Plan | None = None
    customer: UUID | None = Field(None, description="Whose `plan` counts if none is given")


class FeePreviewOut(BaseModel):
    """What the payer's side will be shown."""

    amount: Money
    fee: Money
    net: Money = Field(description="The amount less the fee")
    schedule: UUID | None = Field(description="The line that holds; null if none does")

    @classmethod
    def of(cls, amount: Money, line: Line | None) -> Self:
        """Return what a line takes of an amount."""
        fee = Money(rules.fee(line.terms, amount) if line else 0, amount.currency)
        return cls(amount=amount, fee=fee, net=amount - fee, schedule=line.id if line else None)


class PlatformFeeOut(BaseModel):
    """What was taken of a charge."""

    charge: UUID
    schedule: UUID | None = Field(description="The line that held; null if none did")
    name: str
    share: str
    taken: Money
    returned: Money

    @classmethod
    def of(cls, charge: Charge, row: ChargeFee | None) -> Self:
        """Return a fee that was read, or that there is none."""
        return cls(
            charge=charge.id,
            schedule=row.rule_id if row else None,
            name=row.said["name"] if row else "",
            share=row.said["share"] if row else "0",
            taken=Money(row.taken_minor if row else 0, charge.currency),
            returned=Money(row.returned_minor if row else 0, charge.currency),
        )
