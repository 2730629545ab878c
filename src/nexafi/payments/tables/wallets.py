"""Wallets: what customers keep with the organization, and each thing that changed it.

A balance is the sum of its entries, and the database itself refuses another:
each entry names the one before it together with the balance that it left, and
the balance names its last entry together with what that left.
"""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    literal_column,
)
from sqlalchemy.orm import Mapped, mapped_column

from nexafi.kernel.data.ownership import Owned, refers_to
from nexafi.kernel.values.money import Money
from nexafi.payments.tables.base import MINOR_MAX, Base

EXPIRING: ColumnElement[bool] = literal_column("state = 'active' AND expires_at IS NOT NULL")
OF_ALL: ColumnElement[bool] = literal_column("wallet_id IS NULL")


class Wallet(Owned, Base):
    """Money of a customer that the organization keeps and owes, in any currencies."""

    __tablename__ = "wallets"

    customer_id: Mapped[UUID] = refers_to("customers")
    name: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(16))
    """``open``, ``frozen`` or ``closed``."""
    reason: Mapped[str] = mapped_column(String(200), default="")
    """Why it is frozen or closed."""
    details: Mapped[dict[str, str]] = mapped_column(JSON)
    """What the API calls metadata."""
    created_at: Mapped[dt.datetime]
    changed_at: Mapped[dt.datetime]


class WalletBalance(Owned, Base):
    """What a wallet holds in one currency; changed under the lock of its wallet only."""

    __tablename__ = "wallet_balances"
    __table_args__ = (
        UniqueConstraint("organization_id", "wallet_id", "currency"),
        CheckConstraint(
            f"balance_minor BETWEEN 0 AND {MINOR_MAX}"
            " AND held_minor >= 0 AND held_minor <= balance_minor",
            name="enough",
        ),
        CheckConstraint("owed_minor >= 0", name="owed"),
        CheckConstraint("last_number IS NOT NULL OR balance_minor = 0", name="sum"),
        ForeignKeyConstraint(
            ["organization_id", "wallet_id", "currency", "last_number", "balance_minor"],
            [
                "wallet_entries.organization_id",
                "wallet_entries.wallet_id",
                "wallet_entries.currency",
                "wallet_entries.number",
                "wallet_entries.balance_minor",
            ],
            name="fk_wallet_balances_last",
        ),
    )

    wallet_id: Mapped[UUID] = refers_to("wallets", index=False)
    currency: Mapped[str] = mapped_column(String(3))
    balance_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    held_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    owed_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    """What the customer owes: a top-up went back to its payer after it had been spent."""
    last_number: Mapped[int | None]
    """Of its entries; None until there is one."""

    @property
    def available_minor(self) -> int:
        """Return what can be used: what no hold reserves."""
        return self.balance_minor - self.held_minor


class WalletEntry(Owned, Base):
    """One change of a balance. It is never changed, and follows upon the one before it."""

    __tablename__ = "wallet_entries"
    __table_args__ = (
        UniqueConstraint(
            "organization_id", "wallet_id", "currency", "number", name="uq_wallet_entries_number"
        ),
        UniqueConstraint(
            "organization_id",
            "wallet_id",
            "currency",
            "number",
            "balance_minor",
            name="uq_wallet_entries_balance",
        ),
        ForeignKeyConstraint(
            ["organization_id", "wallet_id", "currency", "before_number", "before_minor"],
            [
                "wallet_entries.organization_id",
                "wallet_entries.wallet_id",
                "wallet_entries.currency",
                "wallet_entries.number",
                "wallet_entries.balance_minor",
            ],
            name="fk_wallet_entries_before",
        ),
        CheckConstraint(
            "amount_minor <> 0 AND balance_minor >= 0"
            " AND before_minor + amount_minor = balance_minor",
            name="sum",
        ),
        CheckConstraint(
            "(number = 1 AND before_number IS NULL AND before_minor = 0)"
            " OR (number > 1 AND before_number IS NOT NULL AND before_number = number - 1)",
            name="chain",
        ),
        Index("ix_wallet_entries_made_on", "organization_id", "wallet_id", "currency", "made_on"),
    )

    wallet_id: Mapped[UUID] = refers_to("wallets", index=False)
    currency: Mapped[str] = mapped_column(String(3))
    number: Mapped[int]
    """From 1, for each wallet and currency."""
    kind: Mapped[str] = mapped_column(String(32))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    """What came in, or below zero what went out."""
    balance_minor: Mapped[int] = mapped_column(BigInteger)
    """What it left."""
    before_number: Mapped[int | None]
    before_minor: Mapped[int] = mapped_column(BigInteger)
    movement_id: Mapped[UUID] = refers_to("movements")
    other_id: Mapped[UUID | None]
    """What it belongs to: the other wallet, a charge, a payment, a withdrawal, a quote."""
    description: Mapped[str] = mapped_column(String(500))
    made_on: Mapped[dt.date]
    """The day of the organization."""
    made_at: Mapped[dt.datetime]


class WalletHold(Owned, Base):
    """Money of a wallet that is reserved until it is captured or released."""

    __tablename__ = "wallet_holds"
    __table_args__ = (
        CheckConstraint(
            f"amount_minor BETWEEN 1 AND {MINOR_MAX} AND captured_minor >= 0"
            " AND released_minor >= 0 AND captured_minor + released_minor <= amount_minor",
            name="within",
        ),
        Index("ix_wallet_holds_wallet", "organization_id", "wallet_id", "currency", "state"),
        Index(None, "organization_id", "cause_id"),
        Index(
            "ix_wallet_holds_expiring",
            "expires_at",
            sqlite_where=EXPIRING,
            postgresql_where=EXPIRING,
        ),
    )

    wallet_id: Mapped[UUID] = refers_to("wallets", index=False)
    currency: Mapped[str] = mapped_column(String(3))
    kind: Mapped[str] = mapped_column(String(16))
    """``hold`` if somebody asked for it; else what it is for: ``withdrawal``, ``return``."""
    state: Mapped[str] = mapped_column(String(16))
    """``active``, ``captured``, ``released`` or ``expired``."""
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    captured_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    released_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    cause_id: Mapped[UUID | None]
    """The operation or the withdrawal that it is for."""
    description: Mapped[str] = mapped_column(String(500))
    details: Mapped[dict[str, str]] = mapped_column(JSON)
    made_on: Mapped[dt.date]
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]

    @property
    def left_minor(self) -> int:
        """Return what is still reserved."""
        return self.amount_minor - self.captured_minor - self.released_minor


class WalletTopUp(Owned, Base):
    """A charge whose money is for a wallet, and how much of it the wallet was given."""

    __tablename__ = "wallet_top_ups"
    __table_args__ = (
        UniqueConstraint("organization_id", "charge_id"),
        CheckConstraint(
            "credited_minor >= 0 AND returned_minor >= 0 AND returned_minor <= credited_minor",
            name="within",
        ),
    )

    wallet_id: Mapped[UUID] = refers_to("wallets")
    charge_id: Mapped[UUID] = refers_to("charges", index=False)
    credited_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    returned_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    """What went back to the payer, by a refund or a dispute."""


class WalletPayment(Owned, Base):
    """What a customer paid the organization out of a wallet."""

    __tablename__ = "wallet_payments"
    __table_args__ = (
        CheckConstraint(
            "amount_minor > 0 AND refunded_minor >= 0 AND refunded_minor <= amount_minor",
            name="within",
        ),
    )

    wallet_id: Mapped[UUID] = refers_to("wallets")
    hold_id: Mapped[UUID | None] = refers_to("wallet_holds")
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    refunded_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    description: Mapped[str] = mapped_column(String(500))
    details: Mapped[dict[str, str]] = mapped_column(JSON)
    created_at: Mapped[dt.datetime]

    @property
    def amount(self) -> Money:
        """Return what was paid."""
        return Money(self.amount_minor, self.currency)


class WalletWithdrawal(Owned, Base):
    """Money that leaves a wallet for an account of its customer."""

    __tablename__ = "wallet_withdrawals"
    __table_args__ = (CheckConstraint("amount_minor > 0", name="some"),)

    wallet_id: Mapped[UUID] = refers_to("wallets")
    hold_id: Mapped[UUID] = refers_to("wallet_holds")
    state: Mapped[str] = mapped_column(String(16))
    """``requested``, ``paid`` or ``failed``."""
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    destination: Mapped[dict[str, Any]] = mapped_column(JSON)
    provider: Mapped[str] = mapped_column(String(32), default="")
    reference: Mapped[str | None] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(String(200), default="")
    """Why it failed."""
    description: Mapped[str] = mapped_column(String(500))
    created_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]

    @property
    def amount(self) -> Money:
        """Return what leaves."""
        return Money(self.amount_minor, self.currency)


class WalletQuote(Owned, Base):
    """An exchange at a rate that is locked until a moment; it is used once."""

    __tablename__ = "wallet_quotes"
    __table_args__ = (CheckConstraint("gives_minor > 0 AND takes_minor > 0", name="some"),)

    wallet_id: Mapped[UUID] = refers_to("wallets")
    gives_currency: Mapped[str] = mapped_column(String(3))
    """What leaves the wallet."""
    gives_minor: Mapped[int] = mapped_column(BigInteger)
    takes_currency: Mapped[str] = mapped_column(String(3))
    takes_minor: Mapped[int] = mapped_column(BigInteger)
    rate: Mapped[str] = mapped_column(String(64))
    """Units that come in for one that leaves."""
    gives_rate: Mapped[str | None] = mapped_column(String(64))
    """Of the books, at the moment of the quote; None for the base currency."""
    takes_rate: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]

    @property
    def gives(self) -> Money:
        """Return what leaves the wallet."""
        return Money(self.gives_minor, self.gives_currency)

    @property
    def takes(self) -> Money:
        """Return what comes into it."""
        return Money(self.takes_minor, self.takes_currency)


class WalletLimit(Owned, Base):
    """How much a wallet may hold and move in one currency; without a wallet, what all may."""

    __tablename__ = "wallet_limits"
    __table_args__ = (
        UniqueConstraint("organization_id", "wallet_id", "currency"),
        Index(
            "uq_wallet_limits_of_all",
            "organization_id",
            "currency",
            unique=True,
            sqlite_where=OF_ALL,
            postgresql_where=OF_ALL,
        ),
    )

    wallet_id: Mapped[UUID | None] = refers_to("wallets", index=False)
    currency: Mapped[str] = mapped_column(String(3))
    balance_minor: Mapped[int | None] = mapped_column(BigInteger)
    transaction_minor: Mapped[int | None] = mapped_column(BigInteger)
    day_minor: Mapped[int | None] = mapped_column(BigInteger)
    month_minor: Mapped[int | None] = mapped_column(BigInteger)
    changed_at: Mapped[dt.datetime]
