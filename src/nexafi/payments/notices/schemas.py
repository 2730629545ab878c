"""Webhooks of providers on the wire."""

from __future__ import annotations

import datetime as dt
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import override

from nexafi.kernel.web.paging import PageQuery
from nexafi.payments.notices.queries import Wanted
from nexafi.payments.notices.rules import EventState
from nexafi.payments.notices.simulator import Happening, Wish
from nexafi.payments.shapes import Amount, Strict
from nexafi.payments.tables import WebhookEvent


class HintQuery(BaseModel):
    """Whose a webhook is, where its body does not say so."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    organization: UUID | None = Field(
        None,
        description="The organization that the provider speaks to; it proves nothing. Left out, it"
        " is taken from the metadata `nexafi_organization` in the body",
    )


class WebhookTaken(BaseModel):
    """That a webhook is safely kept."""

    id: UUID
    state: EventState


class WebhookEventOut(BaseModel):
    """A webhook that a provider sent, and what became of it."""

    id: UUID
    provider: str
    event: str = Field(description="By which the provider knows it")
    name: str = Field(description="What the provider calls it")
    state: EventState
    reason: str = Field(description="Why it is not applied")
    charge: UUID | None
    operation: UUID | None
    tries: int
    happened_at: dt.datetime = Field(description="When, after the provider")
    received_at: dt.datetime
    applied_at: dt.datetime | None
    due_at: dt.datetime | None = Field(description="When it is tried again")

    @classmethod
    def of(cls, row: WebhookEvent) -> Self:
        """Return a webhook that was read."""
        return cls(**cls.facts(row))

    @staticmethod
    def facts(row: WebhookEvent) -> dict[str, Any]:
        """Return what a list shows of it."""
        return {
            "id": row.id,
            "provider": row.provider,
            "event": row.event,
            "name": row.name,
            "state": EventState(row.state),
            "reason": row.reason,
            "charge": row.charge_id,
            "operation": row.operation_id,
            "tries": row.tries,
            "happened_at": row.happened_at,
            "received_at": row.received_at,
            "applied_at": row.applied_at,
            "due_at": row.due_at,
        }


class WholeWebhookEventOut(WebhookEventOut):
    """The same with all that came."""

    headers: dict[str, str] = Field(description="Those that prove whose it is")
    body: str = Field(description="As it came, but for card numbers")

    @classmethod
    @override
    def of(cls, row: WebhookEvent) -> Self:
        """Return a webhook that was read, whole."""
        return cls(**cls.facts(row), headers=row.headers, body=row.body)


class WebhookEventsQuery(PageQuery):
    """Which webhooks are wanted."""

    provider: str | None = Field(None, max_length=32)
    state: EventState | None = None
    charge: UUID | None = None
    since: dt.datetime | None = Field(None, alias="from", description="None that came before this")
    until: dt.datetime | None = Field(None, alias="to", description="None that came at or after")

    def wanted(self) -> Wanted:
        """Return what the queries understand."""
        return Wanted(self.provider, self.state, self.charge, self.since, self.until)


class SandboxNoticeIn(Strict):
    """What is to happen to a charge of the sandbox."""

    charge: UUID
    kind: Happening
    amount: Amount | None = Field(None, description="All that is left, if it is left out")
    reason: str = Field("", max_length=64, examples=["product_not_received"])

    def wish(self) -> Wish:
        """Return what the simulator understands."""
        return Wish(self.charge, self.kind, self.amount, self.reason)


class SandboxSecretOut(BaseModel):
    """The secret that signs the webhooks of the sandbox."""

    secret: str = Field(description="After Standard Webhooks: `whsec_` and Base64")
