"""Charges, refunds and operations on the wire."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, Field

from nexafi.kernel.values.money import Money
from nexafi.kernel.web.paging import PageQuery
from nexafi.payments.charges.actions import NewCharge
from nexafi.payments.charges.queries import Wanted
from nexafi.payments.charges.rules import OperationState, State
from nexafi.payments.providers.port import Kind
from nexafi.payments.shapes import Amount, Metadata, Strict
from nexafi.payments.tables import Charge, Operation

Url = Annotated[str, Field(pattern=r"^https?://[^\s]+$", max_length=2000)]


class ChargeIn(Strict):
    """Money to be taken from a payer."""

    amount: Amount
    provider: str | None = Field(
        None,
        max_length=32,
        description="Who is to take it; left out, whoever can and comes first",
        examples=["sandbox"],
    )
    payment_method: str = Field(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="The id of a saved payment method, or the token that a provider gave for one",
        examples=["sandbox_visa"],
    )
    capture: bool = Field(
        default=True, description="False holds the money only, until it is captured or voided"
    )
    customer: UUID | None = None
    description: str = Field("", max_length=500)
    metadata: Metadata = Field(default_factory=dict)
    return_url: Url | None = Field(
        None, description="Where the payer comes back to after 3-D Secure and the like"
    )

    def new(self) -> NewCharge:
        """Return what the actions understand."""
        return NewCharge(
            self.amount, self.capture, self.description, self.metadata, self.return_url
        )


class CaptureIn(Strict):
    """How much of what is authorized is to be taken."""

    amount: Amount | None = Field(None, description="All that is left, if it is left out")
    final: bool = Field(default=True, description="Whether what then is left is let go")


class VoidIn(Strict):
    """Nothing needs to be said to let go of what is authorized."""


class RefundIn(Strict):
    """How much is to go back."""

    amount: Amount | None = Field(None, description="All that is left, if it is left out")
    reason: str = Field("", max_length=200)


class ChargeOut(BaseModel):
    """A charge and where it stands."""

    id: UUID
    state: State
    amount: Money
    authorized: Money
    captured: Money
    refunded: Money = Field(description="What has gone back; what is on its way is `refunding`")
    refunding: Money
    disputed: Money = Field(description="Taken back by disputes that are open or lost")
    fee: Money = Field(description="What the provider kept, as far as it has said so")
    provider: str
    reference: str | None = Field(description="By which the provider knows it")
    payment_method: UUID | None
    customer: UUID | None
    capture: bool
    rate: str | None = Field(
        description="Units of the base currency for one unit, locked when it was made"
    )
    action: dict[str, Any] | None = Field(
        description="What the payer has to do while the state is `requires_action`"
    )
    reason: str = Field(description="Why it failed, such as `card_declined`")
    message: str
    description: str
    metadata: dict[str, str]
    return_url: str | None
    created_at: dt.datetime
    expires_at: dt.datetime | None = Field(description="Until when it can be captured")

    @classmethod
    def of(cls, row: Charge) -> Self:
        """Return a charge that was read."""

        def money(minor: int) -> Money:
            return Money(minor, row.currency)

        return cls(
            id=row.id,
            state=State(row.state),
            amount=row.amount,
            authorized=money(row.authorized_minor),
            captured=money(row.captured_minor),
            refunded=money(row.refunded_minor),
            refunding=money(row.refunding_minor),
            disputed=money(row.disputed_minor),
            fee=money(row.fee_minor),
            provider=row.provider,
            reference=row.reference,
            payment_method=row.payment_method_id,
            customer=row.customer_id,
            capture=row.captures,
            rate=row.rate,
            action=row.action,
            reason=row.reason,
            message=row.message,
            description=row.description,
            metadata=row.details,
            return_url=row.return_url,
            created_at=row.created_at,
            expires_at=row.expires_at,
        )


class ChargesQuery(PageQuery):
    """Which charges are wanted."""

    state: State | None = None
    customer: UUID | None = None
    provider: str | None = Field(None, max_length=32)
    reference: str | None = Field(None, max_length=200)
    since: dt.datetime | None = Field(None, alias="from", description="None made before this")
    until: dt.datetime | None = Field(None, alias="to", description="None made at or after this")

    def wanted(self) -> Wanted:
        """Return what the queries understand."""
        return Wanted(
            self.state, self.customer, self.provider, self.reference, self.since, self.until
        )


class RefundOut(BaseModel):
    """Money that goes back to a payer, or did."""

    id: UUID
    charge: UUID
    state: OperationState
    amount: Money
    reason: str = Field(description="Why it was asked for")
    failure: str = Field(description="Why it failed, such as `account_closed`")
    message: str
    reference: str | None
    created_at: dt.datetime
    finished_at: dt.datetime | None

    @classmethod
    def of(cls, row: Operation) -> Self:
        """Return a refund that was read."""
        return cls(
            id=row.id,
            charge=row.charge_id,
            state=OperationState(row.state),
            amount=row.amount,
            reason=row.cause,
            failure=row.reason,
            message=row.message,
            reference=row.reference,
            created_at=row.created_at,
            finished_at=row.finished_at,
        )


class RefundsOut(BaseModel):
    """All refunds of a charge, oldest first."""

    items: list[RefundOut]


class OperationOut(BaseModel):
    """One thing that a provider was asked to do with a charge."""

    id: UUID
    charge: UUID
    kind: Kind
    state: OperationState
    amount: Money
    fee: Money
    provider: str
    reference: str | None
    reason: str
    message: str
    tries: int = Field(description="How often the provider was asked")
    created_at: dt.datetime
    asked_at: dt.datetime
    due_at: dt.datetime | None = Field(description="When it is asked again")
    finished_at: dt.datetime | None

    @classmethod
    def of(cls, row: Operation) -> Self:
        """Return an operation that was read."""
        return cls(
            id=row.id,
            charge=row.charge_id,
            kind=Kind(row.kind),
            state=OperationState(row.state),
            amount=row.amount,
            fee=Money(row.fee_minor, row.currency),
            provider=row.provider,
            reference=row.reference,
            reason=row.reason,
            message=row.message,
            tries=row.tries,
            created_at=row.created_at,
            asked_at=row.asked_at,
            due_at=row.due_at,
            finished_at=row.finished_at,
        )


class OperationsQuery(PageQuery):
    """Which operations are wanted."""

    state: OperationState | None = None
    kind: Kind | None = None


class DecisionIn(Strict):
    """What a person found out about an operation that is held."""

    is_done: bool = Field(description="Whether the provider did it")
    reference: str | None = Field(None, min_length=1, max_length=200)
