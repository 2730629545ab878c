"""What moves the money of wallets, on the wire: payments, transfers, withdrawals, exchanges."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from nexafi.contracts.payments.events import MoneyMoved
from nexafi.kernel.values.money import Money
from nexafi.payments.shapes import Amount, Metadata, Strict, Text
from nexafi.payments.tables import Movement, WalletPayment, WalletQuote, WalletWithdrawal
from nexafi.payments.wallets.actions import Words
from nexafi.payments.wallets.rules import WithdrawalState, is_iban
from nexafi.payments.wallets.schemas import Currency, Said


class PaymentIn(Strict):
    """What a customer pays the organization out of a wallet."""

    amount: Amount
    description: Said = ""
    metadata: Metadata = Field(default_factory=dict)

    def words(self) -> Words:
        """Return what the actions understand."""
        return Words(self.description, self.metadata)


class WalletRefundIn(Strict):
    """How much of a payment goes back into its wallet."""

    amount: Amount | None = Field(None, description="All that is left, if it is left out")
    description: Said = ""


class PaymentOut(BaseModel):
    """What a customer paid out of a wallet, and what of it went back."""

    id: UUID
    wallet: UUID
    hold: UUID | None
    amount: Money
    refunded: Money
    description: str
    metadata: dict[str, str]
    created_at: dt.datetime

    @classmethod
    def of(cls, row: WalletPayment) -> Self:
        """Return a payment that was read."""
        return cls(
            id=row.id,
            wallet=row.wallet_id,
            hold=row.hold_id,
            amount=row.amount,
            refunded=Money(row.refunded_minor, row.currency),
            description=row.description,
            metadata=row.details,
            created_at=row.created_at,
        )


class TransferIn(Strict):
    """Money that goes from one wallet to another."""

    to: UUID
    amount: Amount
    description: Said = ""


class TransferOut(BaseModel):
    """Money that went from one wallet to another."""

    id: UUID
    wallet: UUID
    to: UUID
    amount: Money
    description: str
    on: dt.date

    @classmethod
    def of(cls, row: Movement) -> Self:
        """Return a transfer as it was told."""
        told = MoneyMoved.model_validate(row.told)
        return cls(
            id=row.id,
            wallet=UUID(told.references["wallet"]),
            to=UUID(told.references["to_wallet"]),
            amount=row.amount,
            description=told.description,
            on=row.moved_on,
        )


class Destination(Strict):
    """Where a withdrawal goes: an IBAN, or whatever else you know the account by."""

    exempt: ClassVar[frozenset[str]] = frozenset({"iban"})

    name: Text = Field(description="Who has the account")
    iban: str | None = Field(None, max_length=42, examples=["DE89370400440532013000"])
    bic: str | None = Field(None, pattern="^[A-Z0-9]{8}([A-Z0-9]{3})?$")
    account: str | None = Field(None, max_length=100, description="Of another kind")

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.iban is None) == (self.account is None):
            raise ValueError("Give an IBAN or another account.")
        if self.iban is not None and not is_iban(self.iban):
            raise ValueError("This is no IBAN: its check digits are wrong.")
        return self


class WithdrawalIn(Strict):
    """Money of a wallet that is to be sent to its customer."""

    exempt: ClassVar[frozenset[str]] = frozenset({"iban"})

    amount: Amount
    destination: Destination
    description: Said = ""

    def words(self) -> Words:
        """Return what the actions understand."""
        return Words(self.description)


class WithdrawalPaidIn(Strict):
    """Who sent the money, and how one finds it there."""

    provider: str = Field("bank", min_length=1, max_length=32, pattern="^[a-z0-9_]+$")
    reference: Text | None = None


class WithdrawalOut(BaseModel):
    """Money that leaves a wallet for an account of its customer."""

    id: UUID
    wallet: UUID
    hold: UUID
    state: WithdrawalState
    amount: Money
    destination: dict[str, Any]
    provider: str
    reference: str | None
    reason: str = Field(description="Why it failed")
    description: str
    created_at: dt.datetime
    ended_at: dt.datetime | None

    @classmethod
    def of(cls, row: WalletWithdrawal) -> Self:
        """Return a withdrawal that was read."""
        return cls(
            id=row.id,
            wallet=row.wallet_id,
            hold=row.hold_id,
            state=WithdrawalState(row.state),
            amount=row.amount,
            destination=row.destination,
            provider=row.provider,
            reference=row.reference,
            reason=row.reason,
            description=row.description,
            created_at=row.created_at,
            ended_at=row.ended_at,
        )


class QuoteIn(Strict):
    """What is to be exchanged, and for which currency."""

    amount: Amount
    to: Currency


class ExchangeIn(Strict):
    """The quote that is to be used."""

    quote: UUID


class QuoteOut(BaseModel):
    """An exchange: what leaves the wallet, what comes in, and until when that holds."""

    id: UUID
    wallet: UUID
    gives: Money
    takes: Money
    rate: str = Field(description="Units that come in for one that leaves")
    expires_at: dt.datetime
    used_at: dt.datetime | None

    @classmethod
    def of(cls, row: WalletQuote) -> Self:
        """Return a quote that was read."""
        return cls(
            id=row.id,
            wallet=row.wallet_id,
            gives=row.gives,
            takes=row.takes,
            rate=row.rate,
            expires_at=row.expires_at,
            used_at=row.used_at,
        )
