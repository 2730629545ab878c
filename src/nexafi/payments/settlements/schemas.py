"""Settlements on the wire."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from nexafi.kernel.values.money import Money
from nexafi.kernel.web.paging import PageQuery
from nexafi.payments.settlements.actions import Outcome
from nexafi.payments.settlements.clearing import Clearing
from nexafi.payments.settlements.queries import Wanted
from nexafi.payments.settlements.report import LineKind
from nexafi.payments.settlements.rules import BreakKind, State
from nexafi.payments.shapes import Amount, Strict
from nexafi.payments.tables import Settlement, SettlementBreak, SettlementLine

Reason = Annotated[str, Field(min_length=1, max_length=500)]
Provider = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{1,31}$")]


class FileQuery(BaseModel):
    """How a report is to be read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: Provider = Field("other", description="Whose report it is, if it does not say so")
    mapping: str | None = Field(
        None,
        max_length=4000,
        description="JSON that names the columns of a CSV which no provider of ours writes",
    )


class SettlementOut(BaseModel):
    """A payout of a provider, and how far it is settled."""

    id: UUID
    provider: str
    reference: str = Field(description="By which the provider knows the payout")
    state: str = Field(description="`announced` until its report comes, then `booked`")
    amount: Money = Field(description="What was sent; below zero if it was collected from us")
    kept: Money = Field(description="What of its lines stays at the provider as our balance")
    paid_on: dt.date
    lines: int
    matched: int = Field(description="Lines that need nobody's look")
    received: Money = Field(description="What has arrived at the bank, as far as we were told")
    created_at: dt.datetime

    @classmethod
    def of(cls, row: Settlement) -> Self:
        """Return a settlement that was read."""
        return cls(
            id=row.id,
            provider=row.provider,
            reference=row.reference,
            state=row.state,
            amount=row.amount,
            kept=Money(row.kept_minor or 0, row.currency),
            paid_on=row.paid_on,
            lines=row.lines_count or 0,
            matched=row.matched_count or 0,
            received=Money(row.received_minor or 0, row.currency),
            created_at=row.created_at,
        )


class OutcomeOut(BaseModel):
    """What became of a report."""

    file: UUID | None = Field(description="Null where the sandbox paid")
    format: str
    settlements: list[SettlementOut]
    known: int = Field(description="Payouts that were here before, left as they are")
    breaks: int = Field(description="Breaks that were opened")

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """Return an outcome."""
        return cls(
            file=outcome.file_id,
            format=outcome.format,
            settlements=[SettlementOut.of(each) for each in outcome.settlements],
            known=outcome.known,
            breaks=outcome.breaks,
        )


class SettlementsQuery(PageQuery):
    """Which settlements are wanted."""

    provider: Provider | None = None
    in_transit: bool | None = Field(None, description="Whether some of it has yet to arrive")

    def wanted(self) -> Wanted:
        """Return what the queries understand."""
        return Wanted(provider=self.provider, is_open=self.in_transit)


class LinesQuery(PageQuery):
    """Which lines are wanted."""

    state: State | None = None


class LineOut(BaseModel):
    """A line of a report."""

    id: UUID
    position: int
    line: str | None = Field(description="By which the provider knows it")
    kind: LineKind
    on: dt.date
    amount: Money
    fee: Money
    own: Money | None = Field(description="The amount before the provider exchanged it")
    references: list[str]
    description: str
    state: State
    difference: Money = Field(description="What of it stays in the clearing account")

    @classmethod
    def of(cls, row: SettlementLine) -> Self:
        """Return a line that was read."""
        own = None
        if row.own_minor is not None and row.own_currency is not None:
            own = Money(row.own_minor, row.own_currency)
        return cls(
            id=row.id,
            position=row.position,
            line=row.line_id,
            kind=LineKind(row.kind),
            on=row.occurred_on,
            amount=Money(row.amount_minor, row.currency),
            fee=Money(row.fee_minor, row.currency),
            own=own,
            references=row.aliases["names"],
            description=row.description,
            state=State(row.state),
            difference=Money(row.difference_minor, row.taken_currency),
        )


class PayIn(Strict):
    """When the sandbox pays."""

    on: dt.date | None = Field(None, description="Today if it is not said")


class ReceivedIn(Strict):
    """What arrived at the bank."""

    on: dt.date
    amount: Amount


class ReceivedTogetherIn(Strict):
    """A transfer of the bank that holds several payouts."""

    on: dt.date
    amount: Amount
    provider: Provider | None = None


class SettlementsOut(BaseModel):
    """The payouts that a transfer held."""

    items: list[SettlementOut]


class BreakOut(BaseModel):
    """Something that does not fit."""

    id: UUID
    kind: BreakKind
    provider: str
    settlement: UUID | None
    line: UUID | None
    movement: UUID | None = Field(description="What may be meant, or what no line came for")
    difference: Money = Field(description="What stays in the clearing account until explained")
    assignee: str | None
    outcome: str | None = Field(description="`explained`, `linked` or `healed`; null while open")
    reason: str
    adjustment: UUID | None = Field(description="The movement that was booked to explain it")
    opened_at: dt.datetime
    closed_at: dt.datetime | None
    closed_by: str | None

    @classmethod
    def of(cls, row: SettlementBreak) -> Self:
        """Return a break that was read."""
        return cls(
            id=row.id,
            kind=BreakKind(row.kind),
            provider=row.provider,
            settlement=row.settlement_id,
            line=row.line_id,
            movement=row.movement_id,
            difference=Money(row.difference_minor, row.currency),
            assignee=row.assignee,
            outcome=row.outcome,
            reason=row.reason,
            adjustment=row.adjustment_id,
            opened_at=row.opened_at,
            closed_at=row.closed_at,
            closed_by=row.closed_by,
        )


class BreaksQuery(PageQuery):
    """Which breaks are wanted."""

    provider: Provider | None = None
    kind: BreakKind | None = None
    open: bool | None = Field(default=True, description="Null for all")
    settlement: UUID | None = None
    assignee: str | None = Field(None, max_length=200)

    def wanted(self) -> Wanted:
        """Return what the queries understand."""
        return Wanted(self.provider, self.open, self.kind, self.settlement, self.assignee)


class AssignIn(Strict):
    """Who looks at a break."""

    assignee: str | None = Field(None, min_length=1, max_length=200)


class ExplainIn(Strict):
    """Why it is as it is."""

    reason: Reason
    book: bool = Field(
        default=True,
        description="Whether what it leaves in the clearing account is booked as an adjustment",
    )


class LinkIn(Strict):
    """Which movements a line is."""

    movements: list[UUID] = Field(min_length=1, max_length=50)
    reason: Reason


class UndoIn(Strict):
    """Why it is taken back."""

    reason: Reason


class UnsettledOut(BaseModel):
    """What of one kind of movement no report told of yet."""

    kind: str
    count: int
    amount: Money


class ClearingOut(BaseModel):
    """The clearing account of a provider in one currency, and why there is something in it."""

    provider: str
    currency: str
    balance: Money = Field(description="What our movements make of it")
    unsettled: list[UnsettledOut]
    reserved: Money = Field(description="Held back by the provider")
    kept: Money = Field(description="Our balance there that was not sent")
    in_breaks: Money
    explained: Money = Field(description="Explained by a person, and left there")
    unexplained: Money = Field(description="Has no reason; always nothing")

    @classmethod
    def of(cls, found: Clearing) -> Self:
        """Return an account."""
        names = ("balance", "reserved", "kept", "in_breaks", "explained", "unexplained")
        sums = {name: Money(getattr(found, name), found.currency) for name in names}
        waits = [
            UnsettledOut(kind=kind, count=each.count, amount=Money(each.minor, found.currency))
            for kind, each in sorted(found.unsettled.items())
        ]
        return cls(provider=found.provider, currency=found.currency, unsettled=waits, **sums)


class ClearingsOut(BaseModel):
    """All clearing accounts."""

    items: list[ClearingOut]
