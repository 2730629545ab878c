"""Rates on the wire: decimals in texts, never floats."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from nexafi.kernel.web.paging import PageQuery
from nexafi.ledger.currencies.actions import Revalued
from nexafi.ledger.currencies.queries import Wanted
from nexafi.ledger.currencies.rules import Quote
from nexafi.ledger.journal.schemas import Day, LineOut
from nexafi.ledger.tables import Rate

Code = Annotated[str, Field(pattern="^[A-Z]{3}$")]


class RateIn(BaseModel):
    """What one unit of a currency is worth in the base currency from a day on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    currency: Code = Field(description="ISO 4217", examples=["USD"])
    date: Day
    rate: str = Field(
        pattern=r"^[0-9]{1,18}(\.[0-9]{1,18})?$",
        description="Units of the base currency for one unit, as an exact decimal",
        examples=["0.9214"],
    )
    origin: str = Field("", max_length=200, description="Where it was taken from")

    def quote(self) -> Quote:
        """Return what the rules understand."""
        return Quote(self.currency, self.date, self.rate, self.origin)


class RateOut(BaseModel):
    """A rate that is known."""

    id: UUID
    currency: str
    date: dt.date
    rate: str
    origin: str

    @classmethod
    def of(cls, rate: Rate) -> Self:
        """Return a rate that was read."""
        return cls.model_validate(rate, from_attributes=True)


class RatesQuery(PageQuery):
    """Which rates are wanted."""

    currency: Code | None = None
    since: dt.date | None = Field(None, alias="from", description="None before this day")
    until: dt.date | None = Field(None, alias="to", description="None after this day")

    def wanted(self) -> Wanted:
        """Return what the queries understand."""
        return Wanted(self.currency, self.since, self.until)


class ImportQuery(BaseModel):
    """What of a file is to be taken."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: dt.date | None = Field(None, alias="from", description="Nothing before this day")
    currency: list[Code] | None = Field(
        None, max_length=200, description="Only these; may be given several times"
    )


class RatesImported(BaseModel):
    """What was taken from a file."""

    rates: int = Field(description="How many were put in the place of what was known")
    currencies: list[str]
    first: dt.date | None = Field(description="The earliest day; null if there was nothing")
    last: dt.date | None

    @classmethod
    def of(cls, quotes: list[Quote]) -> Self:
        """Return what was taken."""
        days = [quote.date for quote in quotes]
        return cls(
            rates=len(quotes),
            currencies=sorted({quote.currency for quote in quotes}),
            first=min(days, default=None),
            last=max(days, default=None),
        )


class RevalueIn(BaseModel):
    """The day at whose end foreign amounts are to be worth what its rates say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    date: Day
    gains: str | None = Field(
        None,
        max_length=32,
        description="The code of the account for gains; that of the subtype `gains` if left out",
    )
    losses: str | None = Field(None, max_length=32, description="The same for losses")


class RevaluedOut(BaseModel):
    """What was posted; nothing if all was worth what it should be."""

    entry_id: UUID | None
    reversal_id: UUID | None = Field(description="The entry that takes it back the day after")
    lines: list[LineOut]

    @classmethod
    def of(cls, revalued: Revalued | None) -> Self:
        """Return what was posted."""
        if revalued is None:
            return cls(entry_id=None, reversal_id=None, lines=[])
        legs = revalued.draft.legs
        return cls(
            entry_id=revalued.entry_id,
            reversal_id=revalued.reversal_id,
            lines=[LineOut.model_validate(leg, from_attributes=True) for leg in legs],
        )
