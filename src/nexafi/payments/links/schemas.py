"""Payment links on the wire: for who makes them, and for who pays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, model_validator

from nexafi.kernel.values.money import Money
from nexafi.payments.charges.rules import State
from nexafi.payments.charges.schemas import Url
from nexafi.payments.links import queries, rules
from nexafi.payments.links.actions import NewLink
from nexafi.payments.links.rules import LinkState
from nexafi.payments.shapes import Amount, Metadata, Strict
from nexafi.payments.tables import Charge, PaymentLink

PATH = "/api/v1/payments/links/"


class LinkIn(Strict):
    """A payment link: an amount, or the limits between which the payer says how much."""

    amount: Amount | None = None
    minimum: Amount | None = None
    maximum: Amount | None = None
    description: str = Field("", max_length=500)
    single_use: bool = Field(default=True, description="Whether it is paid once")
    expires_at: AwareDatetime | None = None
    customer: UUID | None = Field(None, description="Who pays, if that is known")
    metadata: Metadata = Field(default_factory=dict)

    @model_validator(mode="after")
    def _asks(self) -> Self:
        if self.amount is not None:
            if self.minimum is not None or self.maximum is not None:
                raise ValueError("Give an amount, or a minimum and a maximum.")
            return self
        if self.minimum is None or self.maximum is None:
            raise ValueError("Give an amount, or a minimum and a maximum.")
        same = self.minimum.currency == self.maximum.currency
        if not same or self.minimum.minor > self.maximum.minor:
            raise ValueError("The minimum is in the same currency and not above the maximum.")
        return self

    def new(self) -> NewLink:
        """Return what the actions understand."""
        asked = self.amount or self.minimum
        assert asked is not None, "one of them was given"
        return NewLink(
            asked.currency,
            self.amount.minor if self.amount else None,
            self.minimum.minor if self.minimum else None,
            self.maximum.minor if self.maximum else None,
            self.description,
            self.single_use,
            self.expires_at,
            self.customer,
            self.metadata,
        )


class LinkChange(Strict):
    """What is to be changed; what is left out stays."""

    description: str = Field("", max_length=500)
    is_on: bool = True
    expires_at: AwareDatetime | None = None

    def changes(self) -> dict[str, Any]:
        """Return what was said."""
        return self.model_dump(exclude_unset=True)


class LinkOut(BaseModel):
    """A payment link."""

    id: UUID
    token: str = Field(description="What the payer is given")
    path: str = Field(description="Where it is read, and paid by adding `/pay`")
    state: LinkState
    amount: Money | None
    minimum: Money | None
    maximum: Money | None
    description: str
    single_use: bool
    is_on: bool
    expires_at: dt.datetime | None
    customer: UUID | None
    metadata: dict[str, str]
    charge: UUID | None = Field(description="The last that was made by it")
    uses: int = Field(description="How many charges were made by it, whatever came of them")
    created_at: dt.datetime

    @classmethod
    def of(cls, row: PaymentLink, states: Mapping[UUID, State], now: dt.datetime) -> Self:
        """Return a link that was read, with the state of its last charge."""
        return cls(
            **_asked(row, states, now),
            id=row.id,
            token=row.token,
            path=PATH + row.token,
            single_use=row.is_single,
            is_on=row.is_on,
            customer=row.customer_id,
            metadata=row.details,
            charge=row.charge_id,
            uses=row.uses,
            created_at=row.created_at,
        )


class PublicLinkOut(BaseModel):
    """What a payer sees of a link."""

    payee: str = Field(description="Who is paid")
    state: LinkState
    amount: Money | None = Field(description="Null where the payer says how much")
    minimum: Money | None
    maximum: Money | None
    description: str
    expires_at: dt.datetime | None

    @classmethod
    def of(
        cls, row: PaymentLink, states: Mapping[UUID, State], now: dt.datetime, payee: str
    ) -> Self:
        """Return a link as everybody may see it."""
        return cls(**_asked(row, states, now), payee=payee)


class LinkPayIn(Strict):
    """How a link is paid."""

    payment_method: str = Field(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="The token that a provider gave for a payment method",
        examples=["sandbox_visa"],
    )
    amount: Amount | None = Field(None, description="Where the link leaves it open")
    return_url: Url | None = None


class LinkPaidOut(BaseModel):
    """How far the payment has come, for the payer."""

    state: State
    amount: Money
    action: dict[str, Any] | None = Field(description="What the payer has to do")
    reason: str
    message: str

    @classmethod
    def of(cls, row: Charge) -> Self:
        """Return what the payer may know of a charge."""
        return cls(
            state=State(row.state),
            amount=row.amount,
            action=row.action,
            reason=row.reason,
            message=row.message,
        )


def _asked(row: PaymentLink, states: Mapping[UUID, State], now: dt.datetime) -> dict[str, Any]:
    def money(minor: int | None) -> Money | None:
        return None if minor is None else Money(minor, row.currency)

    last = states.get(row.charge_id) if row.charge_id else None
    return {
        "state": rules.state(queries.terms(row), last, now),
        "amount": money(row.amount_minor),
        "minimum": money(row.min_minor),
        "maximum": money(row.max_minor),
        "description": row.description,
        "expires_at": row.expires_at,
    }
