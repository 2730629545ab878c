"""Reconciliations on the wire."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal, Self, cast
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from nexafi.kernel.values.money import Money
from nexafi.kernel.web.paging import PageQuery
from nexafi.ledger.journal.schemas import Day
from nexafi.ledger.reconciliation.actions import Match
from nexafi.ledger.reconciliation.queries import Group, Shown
from nexafi.ledger.reconciliation.rules import Item, Proposal, Sides
from nexafi.ledger.tables import BankAccount

Way = Literal["posted", "matched", "ignored", "reversed"]
Ids = Annotated[list[UUID], Field(max_length=200)]


class ReconciliationIn(BaseModel):
    """What is the same money."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bank_account: UUID
    statement_lines: Ids = Field(default_factory=list)
    lines: Ids = Field(default_factory=list, description="Lines of the books, by their ids")
    entries: Ids = Field(
        default_factory=list, description="Entries whose lines on the bank's account are meant"
    )
    difference_account: str | None = Field(
        None,
        min_length=1,
        max_length=32,
        description="Where what the two sides differ by goes, such as an account for fees",
    )
    description: str | None = Field(
        None, max_length=500, description="What the entry of the difference says"
    )

    def match(self) -> Match:
        """Return what the actions understand."""
        return Match(
            self.bank_account,
            self.statement_lines,
            self.lines,
            self.entries,
            self.difference_account,
            self.description,
        )


class ReconciliationOut(BaseModel):
    """That statement lines and lines of the books are the same money."""

    id: UUID
    bank_account: UUID
    way: Way = Field(
        description="posted: the entry was made from the lines; matched: it was there; ignored:"
        " left out of the books; reversed: an entry and the one that takes it back"
    )
    statement_lines: list[UUID]
    lines: list[UUID] = Field(description="Lines of the books")
    entry_id: UUID | None = Field(description="The entry made for it: the payment or a difference")
    reason: str | None
    detail: dict[str, Any]
    made_by: str
    made_at: dt.datetime
    undone_by: str | None
    undone_at: dt.datetime | None

    @classmethod
    def of(cls, shown: Shown) -> Self:
        """Return a reconciliation."""
        row = shown.row
        return cls(
            id=row.id,
            bank_account=row.bank_account_id,
            way=cast("Way", row.way),
            statement_lines=shown.statement_lines,
            lines=shown.lines,
            entry_id=row.entry_id,
            reason=row.reason,
            detail=row.detail,
            made_by=row.made_by,
            made_at=row.made_at,
            undone_by=row.undone_by,
            undone_at=row.undone_at,
        )


class ReconciliationsQuery(PageQuery):
    """Which reconciliations."""

    bank_account: UUID | None = None
    is_undone: bool | None = None


class UndoIn(BaseModel):
    """How a decision is to be taken back."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    date: Day | None = Field(
        None, description="Of the reversing entry; else that of the entry, or today if it is closed"
    )
    reason: str | None = Field(None, max_length=500)


class AutoIn(BaseModel):
    """For which bank account what is certain is to be matched."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bank_account: UUID
    until: dt.date | None = None


class AutoOut(BaseModel):
    """What was matched."""

    matched: int
    items: list[ReconciliationOut]


class TransferIn(BaseModel):
    """Two statement lines of own bank accounts that are one movement between them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    statement_lines: list[UUID] = Field(min_length=2, max_length=2)


class ProposalOut(BaseModel):
    """What a statement line may be."""

    statement_lines: list[UUID]
    lines: list[UUID] = Field(description="Lines of the books")
    entries: list[UUID]
    difference: Money = Field(description="What the statement has more than the books")
    score: float
    why: list[str]

    @classmethod
    def of(cls, proposal: Proposal, entries: dict[UUID, UUID], currency: str) -> Self:
        """Return a proposal."""
        return cls(
            statement_lines=list(proposal.statement_lines),
            lines=list(proposal.lines),
            entries=sorted({entries[each] for each in proposal.lines}),
            difference=Money(proposal.difference, currency),
            score=proposal.score,
            why=list(proposal.why),
        )


class ProposalsOut(BaseModel):
    """What a statement line may be, the likeliest first."""

    items: list[ProposalOut]


class ReportQuery(BaseModel):
    """As of which day."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    as_of: dt.date | None = Field(None, description="At the end of this day; today when left out")


class ItemOut(BaseModel):
    """A line of either side."""

    id: UUID
    date: dt.date
    amount: Money
    description: str
    entry_id: UUID | None

    @classmethod
    def of(cls, item: Item, currency: str) -> Self:
        """Return a line."""
        return cls(
            id=item.id,
            date=item.on,
            amount=Money(item.minor, currency),
            description=item.text.strip(),
            entry_id=item.entry_id,
        )


class GroupOut(BaseModel):
    """Lines of one kind."""

    count: int
    sum: Money
    items: list[ItemOut] = Field(description="The first 200 of them, by day")

    @classmethod
    def of(cls, group: Group, currency: str) -> Self:
        """Return a group."""
        return cls(
            count=group.count,
            sum=Money(group.minor, currency),
            items=[ItemOut.of(item, currency) for item in group.items],
        )


class ReportOut(BaseModel):
    """What bank and books say of a bank account, and what makes the difference.

    bank_balance - books_balance = (opening_balance - sum of opening entries)
    + open statement lines + ignored lines - open lines of the books + unexplained.
    """

    bank_account: UUID
    account: str
    currency: str
    as_of: dt.date
    bank_balance: Money
    is_stated: bool = Field(
        description="Whether the bank stated a balance; else it is what the lines add up to"
    )
    stated_on: dt.date | None = Field(description="The day of the last balance that it stated")
    books_balance: Money
    difference: Money = Field(description="bank_balance - books_balance")
    opening_balance: Money = Field(description="At the bank before the first line that came in")
    opening_entries: GroupOut = Field(description="Opening entries of the account in the books")
    open_statement_lines: GroupOut = Field(description="Not in the books yet")
    ignored_statement_lines: GroupOut = Field(description="Left out of the books on purpose")
    open_lines: GroupOut = Field(description="In the books, and not on any statement yet")
    explained: Money
    unexplained: Money = Field(
        description="Zero, unless lines are missing between statements or a statement is wrong"
    )
    is_reconciled: bool = Field(description="Whether the difference is zero or wholly explained")

    @classmethod
    def of(
        cls,
        account: BankAccount,
        as_of: dt.date,
        sides: Sides,
        groups: tuple[Group, Group, Group, Group],
        stated_on: dt.date | None,
    ) -> Self:
        """Return the report."""
        currency = account.currency
        opening, open_at_bank, ignored, open_in_books = (
            GroupOut.of(group, currency) for group in groups
        )
        return cls(
            bank_account=account.id,
            account=account.account.code,
            currency=currency,
            as_of=as_of,
            bank_balance=Money(sides.bank, currency),
            is_stated=stated_on is not None,
            stated_on=stated_on,
            books_balance=Money(sides.books, currency),
            difference=Money(sides.difference, currency),
            opening_balance=Money(sides.opening, currency),
            opening_entries=opening,
            open_statement_lines=open_at_bank,
            ignored_statement_lines=ignored,
            open_lines=open_in_books,
            explained=Money(sides.explained, currency),
            unexplained=Money(sides.unexplained, currency),
            is_reconciled=sides.unexplained == 0,
        )
