"""Payouts on the wire: account numbers come in and are never shown again."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, ClassVar, Self
from uuid import UUID

from pydantic import BaseModel, Field

from nexafi.kernel.values.money import Money
from nexafi.kernel.web.paging import PageQuery
from nexafi.payments import accounts
from nexafi.payments.accounts import BankAccount
from nexafi.payments.errors import PayoutUnfit
from nexafi.payments.mandates.rules import EntryClass
from nexafi.payments.mandates.schemas import Bic, Iban, Name, Number, Routing
from nexafi.payments.payouts.actions import NewPayout
from nexafi.payments.payouts.rules import PayoutState, plain_reference
from nexafi.payments.shapes import Amount, Metadata, Strict
from nexafi.payments.tables import Payout

NUMBERS = frozenset({"iban", "account_number"})


class CreditorIn(Strict):
    """Who is paid, and where: by IBAN, or by routing and account number."""

    exempt: ClassVar[frozenset[str]] = NUMBERS

    name: Name
    iban: Iban | None = None
    bic: Bic | None = None
    routing_number: Routing | None = None
    account_number: Number | None = None
    savings: bool = False
    entry_class: EntryClass = Field(
        EntryClass.PPD, description="For ACH: PPD for a person, CCD for a company"
    )

    def account(self) -> BankAccount:
        """Return the account; raise unless it can be."""
        if self.iban and not (self.routing_number or self.account_number):
            return accounts.sepa(self.iban, self.bic)
        if self.routing_number and self.account_number and not (self.iban or self.bic):
            return accounts.us(self.routing_number, self.account_number, is_savings=self.savings)
        raise PayoutUnfit(
            "Give an iban, or a routing_number with an account_number.", pointer="#/creditor"
        )


class PayoutIn(Strict):
    """Money to be sent."""

    exempt: ClassVar[frozenset[str]] = NUMBERS

    amount: Amount
    creditor: CreditorIn
    remittance: str = Field("", max_length=140, description="What it is for, as the creditor reads")
    reference: str | None = Field(
        None,
        max_length=35,
        description="The creditor's reference after ISO 11649, in the place of the remittance",
        examples=["RF18539007547034"],
    )
    purpose: Annotated[str, Field(pattern="^([A-Z]{4})?$")] = Field(
        "", description="ISO 20022, such as SALA", examples=["SUPP"]
    )
    execution_on: dt.date | None = Field(None, description="Left out, as soon as can be")
    customer: UUID | None = None
    metadata: Metadata = Field(default_factory=dict)

    def new(self) -> NewPayout:
        """Return what the actions understand."""
        account = self.creditor.account()
        return NewPayout(
            self.amount,
            self.creditor.name,
            account,
            "" if account.iban else self.creditor.entry_class,
            self.remittance,
            plain_reference(self.reference) if self.reference else None,
            self.purpose,
            self.execution_on,
            self.customer,
            self.metadata,
        )


class PayoutOut(BaseModel):
    """Money that is sent, and how far it has come."""

    id: UUID
    state: PayoutState
    amount: Money
    creditor: str
    last4: str
    country: str
    remittance: str
    reference: str | None
    purpose: str
    execution_on: dt.date = Field(description="The business day from which it may be executed")
    customer: UUID | None
    rate: str | None = Field(
        description="Units of the base currency for one unit, locked when it was made"
    )
    reason: str = Field(description="Why it failed, such as `account_closed`")
    message: str = Field(description="A word on its day, or on why it failed")
    metadata: dict[str, str]
    created_at: dt.datetime
    ended_at: dt.datetime | None

    @classmethod
    def of(cls, row: Payout) -> Self:
        """Return a payout that was read."""
        return cls(
            id=row.id,
            state=PayoutState(row.state),
            amount=row.amount,
            creditor=row.creditor,
            last4=row.last4,
            country=row.country,
            remittance=row.remittance,
            reference=row.creditor_reference,
            purpose=row.purpose,
            execution_on=row.execute_on,
            customer=row.customer_id,
            rate=row.rate,
            reason=row.reason,
            message=row.message,
            metadata=row.details,
            created_at=row.created_at,
            ended_at=row.ended_at,
        )


class PayoutsQuery(PageQuery):
    """Which payouts are wanted."""

    state: PayoutState | None = None
    customer: UUID | None = None
