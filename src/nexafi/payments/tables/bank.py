"""Mandates, payouts, and the files by which a bank is told of both."""

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

IS_ACTIVE: ColumnElement[bool] = literal_column("state = 'active'")
IS_WAITING: ColumnElement[bool] = literal_column("state = 'created'")
IS_AWAITED: ColumnElement[bool] = literal_column("paid_on IS NULL AND refused_on IS NULL")


class Mandate(Owned, Base):
    """A payer's word that we may debit an account; it makes a payment method."""

    __tablename__ = "mandates"
    __table_args__ = (
        UniqueConstraint("organization_id", "reference"),
        Index(
            "ix_mandates_fresh_on", "fresh_on", sqlite_where=IS_ACTIVE, postgresql_where=IS_ACTIVE
        ),
    )

    customer_id: Mapped[UUID] = refers_to("customers")
    payment_method_id: Mapped[UUID] = refers_to("payment_methods")
    scheme: Mapped[str] = mapped_column(String(16))
    """``sepa_core``, ``sepa_b2b`` or ``ach``."""
    reference: Mapped[str] = mapped_column(String(35))
    """By which payer and bank know it; unique for the creditor."""
    holder: Mapped[str] = mapped_column(String(140))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """The account, which is shown by its last four characters only."""
    last4: Mapped[str] = mapped_column(String(4))
    country: Mapped[str] = mapped_column(String(2))
    entry_class: Mapped[str] = mapped_column(String(3))
    """Of ACH: ``PPD``, ``CCD`` or ``WEB``; else empty."""
    recurs: Mapped[bool]
    signed_on: Mapped[dt.date]
    state: Mapped[str] = mapped_column(String(16))
    """``active``, ``revoked``, ``expired`` or ``used``, if it was for once."""
    used_on: Mapped[dt.date | None]
    """When it was last used."""
    fresh_on: Mapped[dt.date]
    """The later of the days on which it was signed and used; 36 months later it has expired."""
    corrected: Mapped[str] = mapped_column(String(16), default="")
    """The code of the bank's last notification that changed the account."""
    created_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]


class Payout(Owned, Base):
    """Money that we send to somebody's account."""

    __tablename__ = "payouts"
    __table_args__ = (
        CheckConstraint(f"amount_minor BETWEEN 1 AND {MINOR_MAX}", name="amount"),
        Index(
            "ix_payouts_waiting",
            "organization_id",
            "execute_on",
            sqlite_where=IS_WAITING,
            postgresql_where=IS_WAITING,
        ),
        Index(None, "organization_id", "created_at"),
    )

    state: Mapped[str] = mapped_column(String(16))
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    rate: Mapped[str | None] = mapped_column(String(64))
    """Units of the base currency for one of its own, locked when it was made; None if the same."""
    creditor: Mapped[str] = mapped_column(String(140))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    last4: Mapped[str] = mapped_column(String(4))
    country: Mapped[str] = mapped_column(String(2))
    entry_class: Mapped[str] = mapped_column(String(3))
    remittance: Mapped[str] = mapped_column(String(140))
    creditor_reference: Mapped[str | None] = mapped_column(String(25))
    """ISO 11649, in the place of the remittance."""
    purpose: Mapped[str] = mapped_column(String(4))
    execute_on: Mapped[dt.date]
    """The business day from which it may be executed."""
    customer_id: Mapped[UUID | None] = refers_to("customers")
    details: Mapped[dict[str, str]] = mapped_column(JSON)
    """What the API calls metadata."""
    reason: Mapped[str] = mapped_column(String(64), default="")
    message: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]

    @property
    def amount(self) -> Money:
        """Return what is sent."""
        return Money(self.amount_minor, self.currency)


class BankFile(Owned, Base):
    """A file that was made for the bank, byte for byte."""

    __tablename__ = "bank_files"
    __table_args__ = (UniqueConstraint("organization_id", "message_id"),)

    kind: Mapped[str] = mapped_column(String(16))
    """``pain.001``, ``pain.008`` or ``nacha``."""
    version: Mapped[str] = mapped_column(String(16))
    """Such as ``pain.001.001.09``."""
    message_id: Mapped[str] = mapped_column(String(35))
    currency: Mapped[str] = mapped_column(String(3))
    orders: Mapped[int]
    debit_minor: Mapped[int] = mapped_column(BigInteger)
    credit_minor: Mapped[int] = mapped_column(BigInteger)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """The bytes, which hold account numbers."""
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the bytes, as a person may compare it with what the bank got."""
    made_at: Mapped[dt.datetime]
    made_by: Mapped[str] = mapped_column(String(200))
    sent_at: Mapped[dt.datetime | None]


class BankOrder(Owned, Base):
    """One payment in a file, and what the bank said of it: facts that only become more."""

    __tablename__ = "bank_orders"
    __table_args__ = (
        CheckConstraint("(payout_id IS NULL) <> (operation_id IS NULL)", name="one_source"),
        UniqueConstraint("organization_id", "payout_id"),
        UniqueConstraint("organization_id", "operation_id"),
        UniqueConstraint("organization_id", "end_to_end_id"),
        UniqueConstraint("organization_id", "number"),
        Index(None, "organization_id", "file_id", "number"),
        Index(
            "ix_bank_orders_paid_from",
            "paid_from",
            sqlite_where=IS_AWAITED,
            postgresql_where=IS_AWAITED,
        ),
    )

    file_id: Mapped[UUID] = refers_to("bank_files", index=False)
    number: Mapped[int]
    """Counts all orders of the organization; the trace number of NACHA ends with it."""
    payout_id: Mapped[UUID | None] = refers_to("payouts", index=False)
    operation_id: Mapped[UUID | None] = refers_to("operations", index=False)
    mandate_id: Mapped[UUID | None] = refers_to("mandates")
    is_debit: Mapped[bool]
    """Whether we take the money; else we send it."""
    end_to_end_id: Mapped[str] = mapped_column(String(35))
    batch: Mapped[str] = mapped_column(String(35))
    """The payment information of a pain file, the batch of a NACHA file."""
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    execute_on: Mapped[dt.date]
    accepted_on: Mapped[dt.date | None]
    paid_from: Mapped[dt.date | None]
    """The day from which it may be thought paid if nobody said otherwise; None if never."""
    paid_on: Mapped[dt.date | None]
    """When the bank booked it, or it was thought paid."""
    paid_by: Mapped[str] = mapped_column(String(8), default="")
    """Who said so: ``bank``, ``person``, or ``day``, which is only thought."""
    refused_on: Mapped[dt.date | None]
    """When the bank said that it will not happen, or sent it back without a booking."""
    returned_on: Mapped[dt.date | None]
    """When the bank booked that it came back."""
    code: Mapped[str] = mapped_column(String(16), default="")
    """Why, in the words of the bank: ``AM04``, ``R01``."""

    @property
    def amount(self) -> Money:
        """Return what is paid."""
        return Money(self.amount_minor, self.currency)


class BankAnswer(Owned, Base):
    """A file of the bank that was handed in, and what came of it."""

    __tablename__ = "bank_answers"
    __table_args__ = (UniqueConstraint("organization_id", "digest"),)

    kind: Mapped[str] = mapped_column(String(16))
    """``pain.002``, ``camt`` or ``nacha``."""
    name: Mapped[str] = mapped_column(String(200))
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the bytes: the same file counts once."""
    outcome: Mapped[dict[str, Any]] = mapped_column(JSON)
    taken_at: Mapped[dt.datetime]
    taken_by: Mapped[str] = mapped_column(String(200))
