"""The news of the payments service.

Each money movement is told once, as MoneyMoved; the ledger books that and nothing else. The other
events say what became of a charge, a refund or a dispute, for whoever acts upon it. A date is the
organization's, decided here: listeners do not guess it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from nexafi.kernel.news.events import Event
from nexafi.kernel.values.money import Money


class MovementKind(StrEnum):
    """Which way money went; the ledger has one recipe for each."""

    CAPTURE = "capture"
    """A provider took the payer's money and owes it to us, less its fee."""
    REFUND = "refund"
    """A provider gave money back to the payer and takes it from what it owes us."""
    REFUND_FAILED = "refund_failed"
    """A refund that was booked came back: the provider owes us the money again."""
    FEE = "fee"
    """A provider took a fee that belongs to no single capture."""
    DISPUTE_OPENED = "dispute_opened"
    """A payer's bank took money back while a dispute is open."""
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"
    SETTLEMENT = "settlement"
    """A provider paid what it owed us to our bank; until the bank says so it is in transit."""
    SETTLEMENT_RECEIVED = "settlement_received"
    """What was in transit arrived at the bank, where no statement line was booked for it."""
    PAYOUT = "payout"
    """We sent money to someone: what we owe becomes less, or they owe us more."""
    PAYOUT_RETURNED = "payout_returned"
    """What we had sent came back."""
    WALLET_TOP_UP = "wallet_top_up"
    """A customer's money came in through a provider and is owed to the customer."""
    WALLET_WITHDRAWAL = "wallet_withdrawal"
    WALLET_PAYMENT = "wallet_payment"
    """A customer paid us out of a wallet."""
    WALLET_REFUND = "wallet_refund"
    """We gave money back into a wallet."""
    WALLET_TRANSFER = "wallet_transfer"
    """From one customer's wallet to another's: what we owe stays the same."""
    WALLET_EXCHANGE = "wallet_exchange"
    """From one currency to another within a wallet, at a locked rate."""
    PLATFORM_FEE = "platform_fee"
    """The operator of the platform took its own fee from the payer's side."""
    PLATFORM_FEE_REFUND = "platform_fee_refund"
    INVOICE = "invoice"
    """A customer owes us for what was delivered, or for what will be (deferred)."""
    REVENUE_RECOGNIZED = "revenue_recognized"
    """What was invoiced ahead has been delivered: deferred revenue becomes revenue."""
    ADJUSTMENT = "adjustment"
    """A difference that a person explained while working the queue of breaks."""


class MoneyMoved(Event):
    """Money moved, and each cent of it has to stand in the books, exactly once.

    The id of the movement makes the source of its entry, ``payments/<movement_id>``, which the
    journal takes once: a movement that is told again is not booked again.
    """

    name: ClassVar[str] = "payments.money_moved"

    movement_id: UUID
    kind: MovementKind
    on: date
    amount: Money
    """The whole that moved, above zero; but for an adjustment, which may be below it."""
    fee: Money | None = None
    """What a provider kept of it, in the same currency; None is nothing."""
    tax: Money | None = None
    """Of an invoice: the tax that is part of the amount."""
    deferred: Money | None = None
    """Of an invoice: what of the amount is not earned yet, tax apart."""
    worth: Money | None = None
    """The amount in the base currency at the rate that was locked; None where it is the same."""
    against: Money | None = None
    """The other side of an exchange: what a provider took for it, what came into a wallet."""
    against_worth: Money | None = None
    """What the other side was booked at in the base currency; the difference is realized."""
    provider: str = ""
    """Who moved it: ``stripe``, ``paypal``, ``bank``, ``sandbox``; empty if nobody outside did."""
    description: str = ""
    references: Mapping[str, str] = Field(default_factory=dict)
    """What it belongs to, by kind: ``charge``, ``refund``, ``customer``, ``wallet``, ``payout``."""


class ChargeAuthorized(Event):
    """A provider holds the payer's money for us until it is captured or voided."""

    name: ClassVar[str] = "payments.charge_authorized"

    charge_id: UUID
    amount: Money


class ChargeActionRequired(Event):
    """The payer has to do something, such as 3-D Secure, before the charge can go on."""

    name: ClassVar[str] = "payments.charge_action_required"

    charge_id: UUID
    amount: Money


class ChargeCaptured(Event):
    """A provider took the payer's money, or a part of what was authorized."""

    name: ClassVar[str] = "payments.charge_captured"

    charge_id: UUID
    operation_id: UUID
    amount: Money
    fee: Money
    captured_on: date


class ChargeFailed(Event):
    """The charge will not be paid; no money moved."""

    name: ClassVar[str] = "payments.charge_failed"

    charge_id: UUID
    amount: Money
    reason: str


class ChargeVoided(Event):
    """What was authorized, or the rest of it, was let go."""

    name: ClassVar[str] = "payments.charge_voided"

    charge_id: UUID
    amount: Money


class ChargeRefunded(Event):
    """Money of a charge went back to the payer."""

    name: ClassVar[str] = "payments.charge_refunded"

    charge_id: UUID
    refund_id: UUID
    amount: Money
    refunded_on: date


class RefundFailed(Event):
    """A refund did not reach the payer; the money is still ours, or ours again."""

    name: ClassVar[str] = "payments.refund_failed"

    charge_id: UUID
    refund_id: UUID
    amount: Money
    reason: str


class DisputeOpened(Event):
    """A payer contests a charge; evidence is due on a day."""

    name: ClassVar[str] = "payments.dispute_opened"

    dispute_id: UUID
    charge_id: UUID
    amount: Money
    reason: str
    evidence_due_on: date | None = None


class DisputeClosed(Event):
    """A dispute ended: won, lost or withdrawn."""

    name: ClassVar[str] = "payments.dispute_closed"

    dispute_id: UUID
    charge_id: UUID
    amount: Money
    outcome: str


class DisputeEvidenceDue(Event):
    """The last day on which a dispute can be answered is near, and nothing was handed in."""

    name: ClassVar[str] = "payments.dispute_evidence_due"

    dispute_id: UUID
    charge_id: UUID
    amount: Money
    due_on: date
