"""Periods on the wire."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from nexafi.kernel.web.paging import PageQuery
from nexafi.ledger.journal.schemas import Day
from nexafi.ledger.periods.queries import Wanted
from nexafi.ledger.tables import Period

Unit = Literal["month", "quarter"]
State = Literal["open", "soft", "closed"]
Reason = Annotated[str, Field(max_length=500)]


class YearIn(BaseModel):
    """A fiscal year to be added."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    day: Day | None = Field(None, description="Any day of it; today, or `starts_on`, when left out")
    starts_on: Day | None = Field(
        None, description="Its first day; follows from the organization when left out"
    )
    ends_on: Day | None = Field(None, description="Its last day, which belongs to it; the same")
    name: str | None = Field(None, min_length=1, max_length=100, examples=["2026", "2026/27"])
    split: Unit | None = Field(None, description="The periods that are added within it, if any")


class SplitIn(BaseModel):
    """Into what a fiscal year is split."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    into: Unit


class PeriodOut(BaseModel):
    """A fiscal year, or a period within one."""

    id: UUID
    name: str
    kind: Literal["year", "period"]
    starts_on: dt.date
    ends_on: dt.date = Field(description="Its last day, which belongs to it")
    state: State = Field(
        description="`soft`: only those post who may post to closed periods; `closed`: nobody"
    )
    closing_entry_id: UUID | None = Field(description="The entry that took its result to equity")

    @classmethod
    def of(cls, period: Period) -> Self:
        """Return a period that was read."""
        return cls.model_validate(period, from_attributes=True)


class PeriodsOut(BaseModel):
    """A fiscal year, if it was added just now, and the periods that were."""

    items: list[PeriodOut]


class PeriodsQuery(PageQuery):
    """Which periods are wanted."""

    kind: Literal["year", "period"] | None = None
    state: State | None = None
    day: dt.date | None = Field(None, description="A day that lies in them")

    def wanted(self) -> Wanted:
        """Return what the queries understand."""
        return Wanted(kind=self.kind, state=self.state, day=self.day)


class CloseIn(BaseModel):
    """How a period is closed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Literal["soft", "hard"] = Field(
        "hard",
        description="`hard`: nobody posts to it, and a fiscal year gets its closing entry."
        " `soft`: only those post who may post to closed periods",
    )
    retained_earnings: str | None = Field(
        None,
        max_length=32,
        description="The code of the equity account that takes the result of a fiscal year;"
        " that of the subtype `retained_earnings` when left out",
    )
    reason: Reason = ""


class ReopenIn(BaseModel):
    """Why a period is opened again, and for whom."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: str = Field(min_length=1, max_length=500, pattern=r"\S")
    mode: Literal["soft", "open"] = Field(
        "open", description="`soft`: only for those who may post to closed periods"
    )


class ChangeOut(BaseModel):
    """That a period was closed or opened again."""

    state: State = Field(description="What it came to be")
    reason: str
    changed_by: str
    changed_at: dt.datetime


class LockWanted(BaseModel):
    """Through which day nobody may post any more."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    date: Day | None = Field(description="The last day that is locked; null unlocks all")
    reason: Reason = Field("", description="Needed to move the lock back or take it away")


class LockOut(BaseModel):
    """Through which day nobody may post, by whom and why."""

    date: dt.date | None = Field(description="Null if nothing is locked")
    reason: str
    changed_by: str | None
    changed_at: dt.datetime | None
