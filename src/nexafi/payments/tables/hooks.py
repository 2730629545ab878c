"""What providers told us by webhooks, what we tell others by them, and links to be paid by."""

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
    Text,
    UniqueConstraint,
    literal_column,
)
from sqlalchemy.orm import Mapped, mapped_column

from nexafi.kernel.data.ownership import Owned, refers_to
from nexafi.payments.tables.base import MINOR_MAX, Base

IS_DUE: ColumnElement[bool] = literal_column("due_at IS NOT NULL")


class WebhookEvent(Owned, Base):
    """A webhook of a provider, kept as it came, and what became of it."""

    __tablename__ = "webhook_events"
    __table_args__ = (
        UniqueConstraint("organization_id", "provider", "event"),
        Index(
            "ix_webhook_events_due_at",
            "due_at",
            sqlite_where=IS_DUE,
            postgresql_where=IS_DUE,
        ),
        Index(None, "organization_id", "state", "id"),
    )

    provider: Mapped[str] = mapped_column(String(32))
    event: Mapped[str] = mapped_column(String(200))
    """By which the provider knows it: the same comes more than once."""
    name: Mapped[str] = mapped_column(String(100))
    """What the provider calls it."""
    happened_at: Mapped[dt.datetime]
    """When, after the provider; they come in any order."""
    received_at: Mapped[dt.datetime]
    state: Mapped[str] = mapped_column(String(16))
    """``received``, ``applied``, ``ignored`` or ``failed``."""
    reason: Mapped[str] = mapped_column(String(500), default="")
    headers: Mapped[dict[str, str]] = mapped_column(JSON)
    """Those that prove whose it is."""
    body: Mapped[str] = mapped_column(Text)
    """As it came, but for card numbers."""
    notice: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The same in our words, to be applied again."""
    charge_id: Mapped[UUID | None] = refers_to("charges")
    operation_id: Mapped[UUID | None] = refers_to("operations")
    tries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[dt.datetime | None]
    """When it is tried again; None once it is applied, ignored or given up."""
    applied_at: Mapped[dt.datetime | None]


class WebhookEndpoint(Owned, Base):
    """An address of the organization's own systems that is told what happens here."""

    __tablename__ = "webhook_endpoints"

    url: Mapped[str] = mapped_column(String(2000))
    kinds: Mapped[list[str]] = mapped_column(JSON)
    """Names of our events; empty is all."""
    description: Mapped[str] = mapped_column(String(500))
    is_on: Mapped[bool] = mapped_column(default=True)
    off_because: Mapped[str] = mapped_column(String(500), default="")
    """Why it was switched off, where we did that."""
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """The secret that signs, which is shown once."""
    sealed_before: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The one before it, which signs as well until the moment beside it."""
    before_until: Mapped[dt.datetime | None]
    failing_since: Mapped[dt.datetime | None]
    """When it failed first since it last took something."""
    rests_until: Mapped[dt.datetime | None]
    """Until when nothing is sent, since it did not answer at all."""
    misses: Mapped[int] = mapped_column(default=0)
    """How often it did not answer at all, one time after the other."""
    created_at: Mapped[dt.datetime]
    removed_at: Mapped[dt.datetime | None]


class WebhookDelivery(Owned, Base):
    """One event for one endpoint; its id is that of the message, however often it is sent."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index(
            "ix_webhook_deliveries_due_at",
            "due_at",
            sqlite_where=IS_DUE,
            postgresql_where=IS_DUE,
        ),
        Index(None, "organization_id", "state", "id"),
    )

    endpoint_id: Mapped[UUID] = refers_to("webhook_endpoints")
    kind: Mapped[str] = mapped_column(String(100))
    body: Mapped[str] = mapped_column(Text)
    """What is sent and signed, byte for byte."""
    state: Mapped[str] = mapped_column(String(16))
    """``pending``, ``delivered`` or ``failed``."""
    tries: Mapped[int] = mapped_column(default=0)
    status: Mapped[int | None]
    """What the last answer was, as HTTP knows it; None if there was none."""
    response: Mapped[str] = mapped_column(String(1000), default="")
    """The first of what was answered last."""
    reason: Mapped[str] = mapped_column(String(500), default="")
    attempts: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """When it was sent, and what came of it, the last first."""
    created_at: Mapped[dt.datetime]
    due_at: Mapped[dt.datetime | None]
    delivered_at: Mapped[dt.datetime | None]


class PaymentLink(Owned, Base):
    """A page by which somebody pays, known by its token to whoever was given it."""

    __tablename__ = "payment_links"
    __table_args__ = (
        UniqueConstraint("organization_id", "token"),
        CheckConstraint(
            f"amount_minor BETWEEN 1 AND {MINOR_MAX} OR amount_minor IS NULL"
            f" AND min_minor >= 1 AND max_minor BETWEEN min_minor AND {MINOR_MAX}",
            name="amount",
        ),
    )

    token: Mapped[str] = mapped_column(String(64))
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int | None] = mapped_column(BigInteger)
    """None where the payer says how much, within the two beside it."""
    min_minor: Mapped[int | None] = mapped_column(BigInteger)
    max_minor: Mapped[int | None] = mapped_column(BigInteger)
    description: Mapped[str] = mapped_column(String(500))
    is_single: Mapped[bool]
    """Whether it is paid once."""
    is_on: Mapped[bool] = mapped_column(default=True)
    expires_at: Mapped[dt.datetime | None]
    customer_id: Mapped[UUID | None] = refers_to("customers")
    details: Mapped[dict[str, str]] = mapped_column(JSON)
    """What the API calls metadata."""
    charge_id: Mapped[UUID | None] = refers_to("charges")
    """The last that was made by it."""
    uses: Mapped[int] = mapped_column(default=0)
    """How many charges were made by it, whatever came of them."""
    created_at: Mapped[dt.datetime]
