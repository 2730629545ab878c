"""Customers, payment methods, charges, and what providers are asked to do with them."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ColumnElement,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    literal_column,
)
from sqlalchemy.orm import Mapped, mapped_column

from nexafi.kernel.data.ownership import Owned, refers_to
from nexafi.kernel.values.money import Money
from nexafi.payments.tables.base import MINOR_MAX, Base

UNFINISHED: ColumnElement[bool] = literal_column(
    "kind <> 'refund' AND state IN ('asking', 'pending', 'action', 'held')"
)
"""Of operations: a charge has at most one, so that no two quarrel over its money."""
IS_DUE: ColumnElement[bool] = literal_column("due_at IS NOT NULL")
UNBOOKED: ColumnElement[bool] = literal_column("entry_id IS NULL")


class Customer(Owned, Base):
    """Who pays the organization, or is paid by it."""

    __tablename__ = "customers"
    __table_args__ = (UniqueConstraint("organization_id", "reference"),)

    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(String(254))
    country: Mapped[str | None] = mapped_column(String(2))
    reference: Mapped[str | None] = mapped_column(String(200))
    """By which the organization's own systems know the customer."""
    details: Mapped[dict[str, str]] = mapped_column(JSON)
    """What the API calls metadata."""
    created_at: Mapped[dt.datetime]


class PaymentMethod(Owned, Base):
    """A way of a customer to pay, saved as the tokens that providers gave for it."""

    __tablename__ = "payment_methods"

    customer_id: Mapped[UUID] = refers_to("customers")
    kind: Mapped[str] = mapped_column(String(32))
    """``card``, ``sepa_debit``, ``ach_debit``, ``paypal``, ``wallet`` and so on."""
    tokens: Mapped[dict[str, str]] = mapped_column(JSON)
    """By provider; a card that is known to two may be charged at either."""
    brand: Mapped[str | None] = mapped_column(String(32))
    last4: Mapped[str | None] = mapped_column(String(4))
    expires_on: Mapped[dt.date | None]
    country: Mapped[str | None] = mapped_column(String(2))
    created_at: Mapped[dt.datetime]
    detached_at: Mapped[dt.datetime | None]


class Charge(Owned, Base):
    """Money that we mean to take from a payer, and how far that has come.

    All amounts are minor units of its currency. What is in flight is reserved
    under the lock of the row before a provider is asked, so the sums hold
    whatever answers come, and in whichever order.
    """

    __tablename__ = "charges"
    __table_args__ = (
        CheckConstraint(
            f"amount_minor BETWEEN 1 AND {MINOR_MAX}"
            " AND authorized_minor BETWEEN 0 AND amount_minor"
            " AND captured_minor >= 0 AND capturing_minor >= 0"
            " AND captured_minor + capturing_minor <= authorized_minor"
            " AND refunded_minor >= 0 AND refunding_minor >= 0 AND disputed_minor >= 0"
            " AND refunded_minor + refunding_minor + disputed_minor <= captured_minor",
            name="within",
        ),
        Index(None, "organization_id", "customer_id", "id"),
        Index(None, "organization_id", "provider", "reference"),
        Index(None, "organization_id", "created_at"),
    )

    state: Mapped[str] = mapped_column(String(32))
    provider: Mapped[str] = mapped_column(String(32))
    reference: Mapped[str | None] = mapped_column(String(200))
    """By which the provider knows it; None until the provider said so."""
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    authorized_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    capturing_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    captured_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    refunding_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    refunded_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    disputed_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    """Taken back by disputes that are open or lost."""
    fee_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    """What the provider kept of it so far."""
    captures: Mapped[bool]
    """Whether the money is taken at once."""
    rate: Mapped[str | None] = mapped_column(String(64))
    """Units of the base currency for one of its own, locked when it was made; None if the same."""
    method_kind: Mapped[str] = mapped_column(String(32))
    token: Mapped[str] = mapped_column(String(255))
    """The provider's word for the payment method."""
    payment_method_id: Mapped[UUID | None] = refers_to("payment_methods")
    customer_id: Mapped[UUID | None] = refers_to("customers", index=False)
    country: Mapped[str | None] = mapped_column(String(2))
    """Of the payment method, as far as it is known."""
    description: Mapped[str] = mapped_column(String(500))
    details: Mapped[dict[str, str]] = mapped_column(JSON)
    """What the API calls metadata."""
    return_url: Mapped[str | None] = mapped_column(String(2000))
    action: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """What the payer has to do, while the state is ``requires_action``."""
    reason: Mapped[str] = mapped_column(String(64), default="")
    """Why it failed, in our words: ``card_declined``, ``insufficient_funds`` and so on."""
    message: Mapped[str] = mapped_column(String(500), default="")
    """The same in the words of the provider, for people."""
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime | None]
    """Until when what was authorized can be captured."""

    @property
    def amount(self) -> Money:
        """Return what is to be paid."""
        return Money(self.amount_minor, self.currency)

    @property
    def left_to_capture(self) -> int:
        """Return what is authorized and neither captured nor being captured, in minor units."""
        return self.authorized_minor - self.captured_minor - self.capturing_minor

    @property
    def left_to_refund(self) -> int:
        """Return what is captured and neither given back nor disputed, in minor units."""
        gone = self.refunded_minor + self.refunding_minor + self.disputed_minor
        return self.captured_minor - gone


class Operation(Owned, Base):
    """One thing that a provider is asked to do; its id is the idempotency key there.

    It is committed before the provider is asked and finished by whoever hears
    the answer first: the caller, the resolver or a webhook. One that is not
    finished keeps all others from its charge, refunds apart.
    """

    __tablename__ = "operations"
    __table_args__ = (
        UniqueConstraint("organization_id", "request_key"),
        Index(
            "uq_operations_organization_id_charge_id",
            "organization_id",
            "charge_id",
            unique=True,
            sqlite_where=UNFINISHED,
            postgresql_where=UNFINISHED,
        ),
        Index("ix_operations_due_at", "due_at", sqlite_where=IS_DUE, postgresql_where=IS_DUE),
        Index(None, "organization_id", "reference"),
    )

    charge_id: Mapped[UUID] = refers_to("charges")
    kind: Mapped[str] = mapped_column(String(16))
    """``authorize``, ``sale``, ``capture``, ``void`` or ``refund``."""
    state: Mapped[str] = mapped_column(String(16))
    provider: Mapped[str] = mapped_column(String(32))
    reference: Mapped[str | None] = mapped_column(String(200))
    """By which the provider knows what it did."""
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    is_last: Mapped[bool] = mapped_column(default=True)
    """Of a capture: whether what is left is let go with it."""
    fee_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    cause: Mapped[str] = mapped_column(String(200), default="")
    """Why it is done, in the words of who asked: the reason of a refund."""
    reason: Mapped[str] = mapped_column(String(64), default="")
    message: Mapped[str] = mapped_column(String(500), default="")
    request_key: Mapped[str | None] = mapped_column(String(300))
    """The idempotency key of the request that asked for it, after its kind."""
    asked_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[dt.datetime]
    asked_at: Mapped[dt.datetime]
    """When the provider was last asked."""
    tries: Mapped[int] = mapped_column(default=1)
    due_at: Mapped[dt.datetime | None]
    """When the resolver asks about it; None once it is finished or held for a person."""
    finished_at: Mapped[dt.datetime | None]

    @property
    def amount(self) -> Money:
        """Return how much it is about."""
        return Money(self.amount_minor, self.currency)


class Movement(Owned, Base):
    """Money that moved, as it was told to the ledger, and the entry that books it."""

    __tablename__ = "movements"
    __table_args__ = (
        Index(None, "organization_id", "charge_id"),
        Index(
            "ix_movements_unbooked",
            "told_at",
            sqlite_where=UNBOOKED,
            postgresql_where=UNBOOKED,
        ),
        Index(None, "organization_id", "moved_on"),
        Index(None, "organization_id", "provider", "reference"),
    )

    kind: Mapped[str] = mapped_column(String(32))
    moved_on: Mapped[dt.date]
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    fee_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    provider: Mapped[str] = mapped_column(String(32))
    reference: Mapped[str | None] = mapped_column(String(200))
    """By which the provider knows it, to find it in a settlement."""
    charge_id: Mapped[UUID | None] = refers_to("charges", index=False)
    operation_id: Mapped[UUID | None] = refers_to("operations")
    told: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The event, to be told again as it was should the books lack it."""
    told_at: Mapped[dt.datetime]
    entry_id: Mapped[UUID | None]
    """The entry in the ledger; None until the ledger said so."""
    booked_at: Mapped[dt.datetime | None]

    @property
    def amount(self) -> Money:
        """Return what moved."""
        return Money(self.amount_minor, self.currency)


class Rate(Owned, Base):
    """What a unit of a currency is worth in the base currency from a day on, after the ledger."""

    __tablename__ = "rates"
    __table_args__ = (UniqueConstraint("organization_id", "currency", "date"),)

    currency: Mapped[str] = mapped_column(String(3))
    date: Mapped[dt.date]
    rate: Mapped[str | None] = mapped_column(String(64))
    """An exact decimal; None if it was removed."""
    changed_at: Mapped[dt.datetime]


class Connection(Owned, Base):
    """A provider that the organization uses, with its keys there, sealed."""

    __tablename__ = "connections"
    __table_args__ = (UniqueConstraint("organization_id", "provider"),)

    provider: Mapped[str] = mapped_column(String(32))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """The keys, which are shown to nobody."""
    hints: Mapped[dict[str, str]] = mapped_column(JSON)
    """The last characters of each key, by which a person knows it again."""
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)
    """What is no secret: the country, the account at the bank and so on."""
    position: Mapped[int]
    """Where several take the same payment, the lowest is asked first."""
    is_on: Mapped[bool] = mapped_column(default=True)
    changed_at: Mapped[dt.datetime]
