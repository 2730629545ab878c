"""Mandates on the wire: account numbers come in and are never shown again."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, ClassVar, Self
from uuid import UUID

from pydantic import BaseModel, Field

from nexafi.kernel.web.paging import PageQuery
from nexafi.payments import accounts
from nexafi.payments.accounts import BankAccount
from nexafi.payments.errors import MandateUnfit
from nexafi.payments.mandates.actions import NewMandate
from nexafi.payments.mandates.rules import EntryClass, MandateState, Scheme
from nexafi.payments.shapes import Strict
from nexafi.payments.tables import Mandate

Name = Annotated[str, Field(min_length=1, max_length=70)]
Iban = Annotated[str, Field(max_length=42, examples=["DE89370400440532013000"])]
Bic = Annotated[str, Field(max_length=11, examples=["COBADEFFXXX"])]
Routing = Annotated[str, Field(pattern="^[0-9]{9}$", examples=["021000021"])]
Number = Annotated[str, Field(min_length=1, max_length=17)]


class MandateIn(Strict):
    """A mandate as it was signed."""

    exempt: ClassVar[frozenset[str]] = frozenset({"iban", "account_number"})

    customer: UUID
    scheme: Scheme
    holder: Name = Field(description="Whose account it is")
    iban: Iban | None = Field(None, description="For SEPA")
    bic: Bic | None = Field(None, description="For SEPA, where the bank is asked for it")
    routing_number: Routing | None = Field(None, description="For ACH")
    account_number: Number | None = Field(None, description="For ACH")
    savings: bool = Field(default=False, description="For ACH: a savings account, not checking")
    entry_class: EntryClass = Field(
        EntryClass.PPD, description="For ACH: a person in writing, a company, a person online"
    )
    signed_on: dt.date
    reference: str | None = Field(
        None, min_length=1, max_length=35, description="Left out, one is made"
    )
    recurs: bool = Field(default=True, description="False: it is for one debit only")

    def new(self) -> NewMandate:
        """Return what the actions understand; raise unless the account can be."""
        is_ach = self.scheme is Scheme.ACH
        return NewMandate(
            self.customer,
            self.scheme,
            self.holder,
            self._account(),
            self.signed_on,
            self.reference,
            self.entry_class if is_ach else "",
            self.recurs,
        )

    def _account(self) -> BankAccount:
        if self.scheme is Scheme.ACH:
            if self.iban or self.bic or not (self.routing_number and self.account_number):
                raise MandateUnfit(
                    "ACH debits an account by routing_number and account_number.",
                    pointer="#/routing_number",
                )
            return accounts.us(self.routing_number, self.account_number, is_savings=self.savings)
        if self.routing_number or self.account_number or not self.iban:
            raise MandateUnfit("SEPA debits an account by its iban.", pointer="#/iban")
        return accounts.sepa(self.iban, self.bic)


class MandateOut(BaseModel):
    """A mandate, and the payment method that charges by it."""

    id: UUID
    customer: UUID
    payment_method: UUID = Field(description="Give this to POST /charges")
    scheme: Scheme
    reference: str
    holder: str
    last4: str
    country: str
    entry_class: str
    recurs: bool
    signed_on: dt.date
    state: MandateState
    used_on: dt.date | None = Field(description="When it last went into a file")
    corrected: str = Field(description="The bank's code, if it said what the account is now")
    created_at: dt.datetime
    ended_at: dt.datetime | None

    @classmethod
    def of(cls, row: Mandate) -> Self:
        """Return a mandate that was read."""
        return cls(
            id=row.id,
            customer=row.customer_id,
            payment_method=row.payment_method_id,
            scheme=Scheme(row.scheme),
            reference=row.reference,
            holder=row.holder,
            last4=row.last4,
            country=row.country,
            entry_class=row.entry_class,
            recurs=row.recurs,
            signed_on=row.signed_on,
            state=MandateState(row.state),
            used_on=row.used_on,
            corrected=row.corrected,
            created_at=row.created_at,
            ended_at=row.ended_at,
        )


class MandatesQuery(PageQuery):
    """Which mandates are wanted."""

    customer: UUID | None = None
    state: MandateState | None = None
