"""Webhook endpoints and deliveries on the wire."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from nexafi.kernel.web.paging import PageQuery
from nexafi.payments.shapes import Strict
from nexafi.payments.tables import WebhookDelivery, WebhookEndpoint
from nexafi.payments.webhooks.actions import Made
from nexafi.payments.webhooks.rules import KINDS, DeliveryState


def _known(kinds: list[str]) -> list[str]:
    if unknown := sorted(set(kinds) - KINDS):
        there = ", ".join(sorted(KINDS))
        raise ValueError(f"There is no event {unknown[0][:100]!r}. There are: {there}.")
    return sorted(set(kinds))


Url = Annotated[str, Field(pattern=r"^https?://[\x21-\x7e]+$", max_length=2000)]
Kinds = Annotated[
    list[Annotated[str, Field(max_length=100)]],
    AfterValidator(_known),
    Field(max_length=50, description="Names of events; empty is all"),
]
Description = Annotated[str, Field(max_length=500)]


class EndpointIn(Strict):
    """An address that is to be told of what happens."""

    url: Url = Field(examples=["https://shop.example.com/webhooks"])
    kinds: Kinds = Field(default_factory=list)
    description: Description = ""


class EndpointChange(Strict):
    """What is to be changed; what is left out stays."""

    url: Url = Field("", description="Where it is told from now on")
    kinds: Kinds = Field(default_factory=list)
    description: Description = ""
    is_on: bool = Field(default=True, description="False lets it rest; true begins anew")

    def changes(self) -> dict[str, Any]:
        """Return what was said."""
        return self.model_dump(exclude_unset=True)


class RotateIn(Strict):
    """How a secret is to be changed."""

    overlap_hours: int = Field(
        24, ge=0, le=168, description="For so long the old secret signs as well"
    )


class EndpointOut(BaseModel):
    """An address that is told of what happens."""

    id: UUID
    url: str
    kinds: list[str]
    description: str
    is_on: bool
    off_because: str = Field(description="Why it was switched off, where nobody asked for it")
    failing_since: dt.datetime | None
    old_secret_until: dt.datetime | None
    created_at: dt.datetime

    @classmethod
    def of(cls, row: WebhookEndpoint) -> Self:
        """Return an endpoint that was read."""
        return cls(**_facts(row))


class NewEndpointOut(EndpointOut):
    """The same with its secret, which is shown this once."""

    secret: str = Field(description="After Standard Webhooks: `whsec_` and Base64")

    @classmethod
    def made(cls, made: Made) -> Self:
        """Return an endpoint whose secret was made just now."""
        return cls(**_facts(made.row), secret=made.secret)


def _facts(row: WebhookEndpoint) -> dict[str, Any]:
    return {
        "id": row.id,
        "url": row.url,
        "kinds": row.kinds,
        "description": row.description,
        "is_on": row.is_on,
        "off_because": row.off_because,
        "failing_since": row.failing_since,
        "old_secret_until": row.before_until,
        "created_at": row.created_at,
    }


class AttemptOut(BaseModel):
    """One time that it was sent."""

    at: dt.datetime
    status: int | None = Field(description="What the receiver answered; null if it did not")
    reason: str
    took_ms: int


class DeliveryOut(BaseModel):
    """An event for one endpoint, and what became of it."""

    id: UUID
    message: str = Field(description="What the receiver knows it by: the header webhook-id")
    endpoint: UUID
    kind: str
    state: DeliveryState
    tries: int
    status: int | None = Field(description="What the receiver answered last")
    response: str = Field(description="The first 1,000 characters of that")
    reason: str
    body: str = Field(description="What is sent")
    attempts: list[AttemptOut] = Field(description="The last first")
    created_at: dt.datetime
    due_at: dt.datetime | None = Field(description="When it is sent again")
    delivered_at: dt.datetime | None

    @classmethod
    def of(cls, row: WebhookDelivery) -> Self:
        """Return a delivery that was read."""
        return cls(
            id=row.id,
            message=f"msg_{row.id.hex}",
            endpoint=row.endpoint_id,
            kind=row.kind,
            state=DeliveryState(row.state),
            tries=row.tries,
            status=row.status,
            response=row.response,
            reason=row.reason,
            body=row.body,
            attempts=[AttemptOut.model_validate(each) for each in row.attempts],
            created_at=row.created_at,
            due_at=row.due_at,
            delivered_at=row.delivered_at,
        )


class DeliveriesQuery(PageQuery):
    """Which deliveries are wanted."""

    endpoint: UUID | None = None
    state: DeliveryState | None = None
    kind: str | None = Field(None, max_length=100)
