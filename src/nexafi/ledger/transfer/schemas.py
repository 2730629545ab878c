"""What a file of entries came to, on the wire."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from nexafi.kernel.values.money import Money
from nexafi.ledger.journal.schemas import LineOut
from nexafi.ledger.transfer.actions import Taken
from nexafi.ledger.transfer.rules import Habits


class TransferQuery(BaseModel):
    """How a file is to be read, and whether it is only to be looked at."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    preview: bool = Field(
        default=False, description="Check it as if it were posted, and keep nothing"
    )
    dates: Literal["ymd", "dmy", "mdy"] = Field(
        "ymd", description="The order of year, month and day; never guessed"
    )
    decimal: Literal[".", ","] | None = Field(
        None, description="The decimal mark; a comma in files with semicolons when left out"
    )
    source: str | None = Field(
        None,
        min_length=1,
        max_length=80,
        pattern="^[^/]+$",
        description="Where the file comes from, such as `old-books`. With an entry id it makes the"
        " source `old-books/17`, which is posted once: the same file again adds nothing",
    )

    def habits(self, base_currency: str) -> Habits:
        """Return what the rules understand."""
        return Habits(base_currency, self.dates, self.decimal, self.source)


class TakenOut(BaseModel):
    """An entry of the file."""

    rows: list[int] = Field(description="The lines of the file that tell it, from 1")
    id: UUID | None = Field(description="Null in a preview")
    date: dt.date
    description: str
    reference: str | None
    source: str | None
    lines: list[LineOut]

    @classmethod
    def of(cls, taken: Taken, *, kept: bool) -> Self:
        """Return an entry."""
        draft = taken.draft
        return cls(
            rows=list(taken.rows),
            id=taken.id if kept else None,
            date=draft.date,
            description=draft.description,
            reference=draft.reference,
            source=draft.source,
            lines=[LineOut.model_validate(leg, from_attributes=True) for leg in draft.legs],
        )


class TransferOut(BaseModel):
    """What a file came to: all of it was posted, or would be."""

    preview: bool
    entries: int
    lines: int
    debits: Money = Field(description="The sum of all debits, in the base currency")
    first: dt.date
    last: dt.date
    items: list[TakenOut]

    @classmethod
    def of(cls, taken: Sequence[Taken], base_currency: str, *, preview: bool) -> Self:
        """Return what the file came to."""
        worths = [leg.base.minor for each in taken for leg in each.draft.legs if leg.base]
        days = [each.draft.date for each in taken]
        return cls(
            preview=preview,
            entries=len(taken),
            lines=len(worths),
            debits=Money(sum(minor for minor in worths if minor > 0), base_currency),
            first=min(days),
            last=max(days),
            items=[TakenOut.of(each, kept=not preview) for each in taken],
        )
