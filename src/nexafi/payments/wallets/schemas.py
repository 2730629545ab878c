"""Wallets, holds and what moves their money, on the wire."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, model_validator

from nexafi.kernel.values.currencies import CURRENCIES
from nexafi.kernel.values.money import Money
from nexafi.kernel.web.export import Format
from nexafi.kernel.web.paging import PageQuery
from nexafi.payments.shapes import Amount, Metadata, Strict, Text
from nexafi.payments.tables import (
    Wallet,
    WalletBalance,
    WalletEntry,
    WalletHold,
    WalletLimit,
)
from nexafi.payments.wallets.actions import Words
from nexafi.payments.wallets.rules import (
    EntryKind,
    HoldKind,
    HoldState,
    Limits,
    State,
)
from nexafi.payments.wallets.statement import Statement


def _known(currency: str) -> str:
    if currency not in CURRENCIES:
        raise ValueError(f"{currency[:3]!r} is no currency of ISO 4217")
    return currency


Currency = Annotated[
    str,
    Field(min_length=3, max_length=3, description="ISO 4217", examples=["EUR"]),
    AfterValidator(_known),
]
Said = Annotated[str, Field(max_length=500)]


class WalletIn(Strict):
    """A wallet for a customer; it takes every currency."""

    customer: UUID
    name: Text = "Wallet"
    metadata: Metadata = Field(default_factory=dict)


class WalletChange(Strict):
    """What is to change of a wallet; what is left out stays."""

    name: Text | None = None
    metadata: Metadata | None = None

    def changes(self) -> dict[str, Any]:
        """Return what was said."""
        said = {"name": self.name, "details": self.metadata}
        return {name: value for name, value in said.items() if value is not None}


class WhyIn(Strict):
    """Why it is done."""

    reason: str = Field("", max_length=200)


class BalanceOut(BaseModel):
    """What a wallet holds in one currency."""

    balance: Money = Field(description="The sum of its entries")
    available: Money = Field(description="The balance without what is held")
    held: Money
    owed: Money = Field(
        description="What the customer owes since a top-up went back after it was spent"
    )

    @classmethod
    def of(cls, row: WalletBalance) -> Self:
        """Return a balance that was read."""

        def money(minor: int) -> Money:
            return Money(minor, row.currency)

        return cls(
            balance=money(row.balance_minor),
            available=money(row.available_minor),
            held=money(row.held_minor),
            owed=money(row.owed_minor),
        )


class WalletOut(BaseModel):
    """A wallet and what it holds."""

    id: UUID
    customer: UUID
    name: str
    state: State
    reason: str = Field(description="Why it is frozen or closed")
    balances: list[BalanceOut] = Field(description="One for each currency that it ever held")
    metadata: dict[str, str]
    created_at: dt.datetime

    @classmethod
    def of(cls, row: Wallet, balances: Sequence[WalletBalance]) -> Self:
        """Return a wallet that was read."""
        return cls(
            id=row.id,
            customer=row.customer_id,
            name=row.name,
            state=State(row.state),
            reason=row.reason,
            balances=[BalanceOut.of(each) for each in balances if each.wallet_id == row.id],
            metadata=row.details,
            created_at=row.created_at,
        )


class WalletsQuery(PageQuery):
    """Whose wallets are wanted."""

    customer: UUID | None = None


class EntriesQuery(PageQuery):
    """Which entries of a wallet are wanted."""

    currency: Currency | None = None
    kind: EntryKind | None = None


class EntryOut(BaseModel):
    """One change of a balance."""

    id: UUID
    number: int = Field(description="From 1, for each currency")
    kind: EntryKind
    amount: Money = Field(description="Below zero if it went out")
    balance: Money = Field(description="What it left")
    movement: UUID = Field(description="By which the ledger books it")
    other: UUID | None = Field(
        description="The other wallet, the charge, the payment, the withdrawal or the quote"
    )
    description: str
    on: dt.date
    at: dt.datetime

    @classmethod
    def of(cls, row: WalletEntry) -> Self:
        """Return an entry that was read."""
        return cls(
            id=row.id,
            number=row.number,
            kind=EntryKind(row.kind),
            amount=Money(row.amount_minor, row.currency),
            balance=Money(row.balance_minor, row.currency),
            movement=row.movement_id,
            other=row.other_id,
            description=row.description,
            on=row.made_on,
            at=row.made_at,
        )


class LimitsIn(Strict):
    """How much may be held and moved in one currency; what is left out or null has no limit."""

    balance: Amount | None = Field(None, description="The most that may be in a wallet")
    transaction: Amount | None = Field(None, description="The most at a time, in or out")
    day: Amount | None = Field(None, description="The most that may leave in a day")
    month: Amount | None = Field(None, description="The most that may leave in a month")

    @model_validator(mode="after")
    def _in_one_currency(self) -> Self:
        if len({each.currency for each in self._all() if each}) > 1:
            raise ValueError("All limits are in the currency that they are set for.")
        return self

    def _all(self) -> list[Money | None]:
        return [self.balance, self.transaction, self.day, self.month]

    @property
    def currency(self) -> str | None:
        """Return the currency of what was said; None if nothing was."""
        return next((each.currency for each in self._all() if each), None)

    def limits(self) -> Limits:
        """Return what the rules understand."""
        return Limits(*(each.minor if each else None for each in self._all()))


class LimitOut(BaseModel):
    """How much may be held and moved in one currency."""

    currency: str
    balance: Money | None
    transaction: Money | None
    day: Money | None
    month: Money | None

    @classmethod
    def of(cls, row: WalletLimit) -> Self:
        """Return limits that were read."""

        def money(minor: int | None) -> Money | None:
            return None if minor is None else Money(minor, row.currency)

        return cls(
            currency=row.currency,
            balance=money(row.balance_minor),
            transaction=money(row.transaction_minor),
            day=money(row.day_minor),
            month=money(row.month_minor),
        )


class LimitsOut(BaseModel):
    """The limits that were set, by currency."""

    items: list[LimitOut]


class HoldIn(Strict):
    """Money of a wallet to be reserved."""

    amount: Amount
    expires_at: dt.datetime | None = Field(
        None, description="When it is let go by itself; never, if it is left out"
    )
    description: Said = ""
    metadata: Metadata = Field(default_factory=dict)

    def words(self) -> Words:
        """Return what the actions understand."""
        return Words(self.description, self.metadata)


class HoldCaptureIn(Strict):
    """How much of a hold is taken, and where it goes."""

    amount: Amount | None = Field(None, description="All that is left, if it is left out")
    to: UUID | None = Field(None, description="A wallet; left out, the organization is paid")
    final: bool = Field(default=True, description="Whether what then is left is let go")
    description: Said = ""


class ReleaseIn(Strict):
    """Nothing needs to be said to let go of what is held."""


class HoldOut(BaseModel):
    """Money of a wallet that is reserved, or was."""

    id: UUID
    wallet: UUID
    kind: HoldKind
    state: HoldState
    amount: Money
    captured: Money
    released: Money
    left: Money
    description: str
    metadata: dict[str, str]
    created_at: dt.datetime
    expires_at: dt.datetime | None
    ended_at: dt.datetime | None

    @classmethod
    def of(cls, row: WalletHold) -> Self:
        """Return a hold that was read."""

        def money(minor: int) -> Money:
            return Money(minor, row.currency)

        return cls(
            id=row.id,
            wallet=row.wallet_id,
            kind=HoldKind(row.kind),
            state=HoldState(row.state),
            amount=money(row.amount_minor),
            captured=money(row.captured_minor),
            released=money(row.released_minor),
            left=money(row.left_minor),
            description=row.description,
            metadata=row.details,
            created_at=row.created_at,
            expires_at=row.expires_at,
            ended_at=row.ended_at,
        )


class HoldsQuery(PageQuery):
    """Which holds are wanted."""

    state: HoldState | None = None


class StatementQuery(Strict):
    """Of which currency and days a statement is wanted."""

    currency: Currency
    since: dt.date = Field(alias="from")
    until: dt.date = Field(alias="to", description="The last day")
    format: Format = Format.JSON


class WalletStatementOut(BaseModel):
    """What was there, what changed, and what is left."""

    wallet: UUID
    currency: str
    since: dt.date = Field(serialization_alias="from")
    until: dt.date = Field(serialization_alias="to")
    opening: Money
    came_in: Money
    went_out: Money
    closing: Money
    entries: list[EntryOut]

    @classmethod
    def of(cls, drawn: Statement) -> Self:
        """Return a statement that was drawn up."""
        return cls(
            wallet=drawn.wallet_id,
            currency=drawn.currency,
            since=drawn.first,
            until=drawn.last,
            opening=drawn.opening,
            came_in=drawn.came_in,
            went_out=drawn.went_out,
            closing=drawn.closing,
            entries=[EntryOut.of(each) for each in drawn.entries],
        )
