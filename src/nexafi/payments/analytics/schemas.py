"""Analytics on the wire."""

from __future__ import annotations

import datetime as dt
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from nexafi.kernel.values.money import Money
from nexafi.kernel.web.export import Format
from nexafi.payments.analytics import rules
from nexafi.payments.analytics.rules import By, Every, Group, Sums

SHARE = "A decimal, 0.029000 for 2.9 %; null of nothing"


class AnalyticsQuery(BaseModel):
    """Which charges count, and how they are told apart."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: dt.date = Field(alias="from", description="The first day, in the organization's zone")
    until: dt.date = Field(alias="to", description="The last day")
    by: str = Field("", max_length=60, description="Any of provider,method,country,currency")
    every: Every | None = Field(None, description="Spans of time; none is one for all")
    provider: str | None = Field(None, max_length=32)
    currency: str | None = Field(None, pattern="^[A-Z]{3}$")
    format: Format = Format.JSON


class AmountsOut(BaseModel):
    """Amounts in one currency."""

    volume: Money = Field(description="What was captured")
    refunds: Money
    disputes: Money = Field(description="Taken back by disputes that are open or lost")
    fees: Money
    net: Money = Field(description="The volume less all of these")
    average: Money | None = Field(description="Of a charge that was captured")
    refund_rate: str | None = Field(description=SHARE)
    fee_rate: str | None = Field(description=SHARE)

    @classmethod
    def of(cls, amounts: dict[str, int], currency: str, captured: int) -> Self:
        """Return amounts of so many charges."""
        volume = amounts["volume"]
        average = None
        if captured:
            exact = rules.worth(volume, currency, None, currency) / captured
            average = Money(rules.rounded(exact), currency)
        return cls(
            **{name: Money(minor, currency) for name, minor in amounts.items()},
            average=average,
            refund_rate=rules.share(amounts["refunds"], volume),
            fee_rate=rules.share(amounts["fees"], volume),
        )


class GroupOut(BaseModel):
    """Charges that have the same of what was asked for."""

    since: dt.date = Field(serialization_alias="from", description="The first day of the span")
    provider: str | None = None
    method: str | None = None
    country: str | None = Field(None, description="Empty where nobody knows it")
    currency: str | None = None
    charges: int
    authorized: int
    captured: int
    failed: int
    refunded: int
    disputed: int
    success_rate: str | None = Field(description=SHARE)
    authorization_rate: str | None = Field(description=SHARE)
    dispute_rate: str | None = Field(description=SHARE)
    total: AmountsOut = Field(description="In the base currency, at the rates that were locked")
    by_currency: list[AmountsOut]

    @classmethod
    def of(cls, key: tuple[str, ...], by: list[By], group: Group, base: str) -> Self:
        """Return a group."""
        sums = group.sums
        total = {name: rules.rounded(exact) for name, exact in group.worth.items()}
        return cls(
            since=dt.date.fromisoformat(key[0]),
            **{each.value: key[place] for place, each in enumerate(by, 1)},
            **{name: getattr(sums, name) for name in NUMBERS},
            **rules.rates(sums),
            total=AmountsOut.of(total, base, sums.captured),
            by_currency=[
                AmountsOut.of(_amounts(own), currency, own.captured)
                for currency, own in sorted(group.by_currency.items())
            ],
        )


NUMBERS = ("charges", "authorized", "captured", "failed", "refunded", "disputed")


def _amounts(sums: Sums) -> dict[str, int]:
    return {name: getattr(sums, name) for name in rules.AMOUNTS}


class AnalyticsOut(BaseModel):
    """What charges add up to."""

    base_currency: str
    groups: list[GroupOut]
