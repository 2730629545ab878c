"""Customers and payment methods on the wire."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, Field

from nexafi.kernel.web.paging import PageQuery
from nexafi.payments.customers.actions import NewMethod
from nexafi.payments.shapes import Country, Metadata, Strict, Text
from nexafi.payments.tables import Customer, PaymentMethod

Email = Annotated[str, Field(pattern=r"^[^@\s]{1,64}@[^@\s]{1,189}$", max_length=254)]
Token = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$")]


class CustomerIn(Strict):
    """A new customer."""

    name: Text
    email: Email | None = None
    country: Country | None = None
    reference: Text | None = Field(None, description="By which your own systems know the customer")
    metadata: Metadata = Field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """Return what is kept."""
        return _kept(self.model_dump())


class CustomerChange(Strict):
    """What is to change of a customer; what is left out stays."""

    name: Text | None = None
    email: Email | None = None
    country: Country | None = None
    reference: Text | None = None
    metadata: Metadata | None = None

    def changes(self) -> dict[str, Any]:
        """Return what was said; a name cannot be taken away."""
        said = _kept(self.model_dump(exclude_unset=True))
        return {
            name: value
            for name, value in said.items()
            if value is not None or name not in {"name", "details"}
        }


class CustomerOut(BaseModel):
    """A customer."""

    id: UUID
    name: str
    email: str | None
    country: str | None
    reference: str | None
    metadata: dict[str, str]
    created_at: dt.datetime

    @classmethod
    def of(cls, row: Customer) -> Self:
        """Return a customer that was read."""
        return cls(
            id=row.id,
            name=row.name,
            email=row.email,
            country=row.country,
            reference=row.reference,
            metadata=row.details,
            created_at=row.created_at,
        )


class CustomersQuery(PageQuery):
    """Which customers are wanted."""

    reference: str | None = Field(None, max_length=200)


class PaymentMethodIn(Strict):
    """A payment method, by the tokens that providers gave for it. Never a card number."""

    customer: UUID
    kind: str = Field(
        "card",
        pattern="^(card|sepa_debit|ach_debit|paypal|bank_transfer)$",
        description="What it is",
    )
    tokens: dict[str, Token] = Field(
        min_length=1,
        max_length=10,
        description="The provider's token, by provider; one that two know may be charged at either",
        examples=[{"sandbox": "sandbox_visa"}],
    )
    brand: str | None = Field(None, max_length=32, examples=["visa"])
    last4: str | None = Field(None, pattern="^[0-9]{4}$")
    expires_on: dt.date | None = None
    country: Country | None = None

    def method(self) -> NewMethod:
        """Return what the actions understand."""
        return NewMethod(
            self.kind, self.tokens, self.brand, self.last4, self.expires_on, self.country
        )


class PaymentMethodOut(BaseModel):
    """A saved payment method."""

    id: UUID
    customer: UUID
    kind: str
    providers: list[str] = Field(description="Who can charge it")
    brand: str | None
    last4: str | None
    expires_on: dt.date | None
    country: str | None
    created_at: dt.datetime

    @classmethod
    def of(cls, row: PaymentMethod) -> Self:
        """Return a payment method that was read; its tokens stay here."""
        return cls(
            id=row.id,
            customer=row.customer_id,
            kind=row.kind,
            providers=sorted(row.tokens),
            brand=row.brand,
            last4=row.last4,
            expires_on=row.expires_on,
            country=row.country,
            created_at=row.created_at,
        )


class PaymentMethodsQuery(PageQuery):
    """Whose payment methods are wanted."""

    customer: UUID | None = None


def _kept(said: dict[str, Any]) -> dict[str, Any]:
    return {"details" if name == "metadata" else name: value for name, value in said.items()}
