"""Top-ups on the wire."""

from __future__ import annotations

import datetime as dt
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, Field

from nexafi.kernel.values.money import Money
from nexafi.payments.charges.actions import NewCharge
from nexafi.payments.charges.rules import State
from nexafi.payments.charges.schemas import Url
from nexafi.payments.shapes import Amount, Metadata, Strict
from nexafi.payments.topups.queries import TopUp


class TopUpIn(Strict):
    """Money to be taken from the customer of a wallet, to be kept in it."""

    amount: Amount
    payment_method: str = Field(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="The id of a saved payment method, or the token that a provider gave for one",
        examples=["sandbox_visa"],
    )
    provider: str | None = Field(None, max_length=32, examples=["sandbox"])
    description: str = Field("", max_length=500)
    metadata: Metadata = Field(default_factory=dict)
    return_url: Url | None = None

    def new(self) -> NewCharge:
        """Return what the actions understand."""
        return NewCharge(
            self.amount,
            captures=True,
            description=self.description or "Top-up",
            details=self.metadata,
            return_url=self.return_url,
        )


class TopUpOut(BaseModel):
    """A top-up; its id is that of the charge."""

    id: UUID
    wallet: UUID
    state: State = Field(description="Of the charge; the wallet has the money once it is captured")
    amount: Money
    credited: Money = Field(description="What the wallet was given")
    returned: Money = Field(description="What went back to the payer, by a refund or a dispute")
    provider: str
    reference: str | None
    action: dict[str, Any] | None = Field(
        description="What the payer has to do while the state is `requires_action`"
    )
    reason: str
    message: str
    created_at: dt.datetime

    @classmethod
    def of(cls, found: TopUp) -> Self:
        """Return a top-up that was read."""
        charge, row = found.charge, found.row
        return cls(
            id=charge.id,
            wallet=row.wallet_id,
            state=State(charge.state),
            amount=charge.amount,
            credited=Money(row.credited_minor, charge.currency),
            returned=Money(row.returned_minor, charge.currency),
            provider=charge.provider,
            reference=charge.reference,
            action=charge.action,
            reason=charge.reason,
            message=charge.message,
            created_at=charge.created_at,
        )
