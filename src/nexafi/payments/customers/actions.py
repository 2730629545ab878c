"""What one does to customers and their payment methods: plain forms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.trust import audit
from nexafi.payments.customers import queries
from nexafi.payments.tables import Customer, PaymentMethod


@dataclass(frozen=True, slots=True)
class NewMethod:
    """A payment method as the one who saves it knows it."""

    kind: str
    tokens: Mapping[str, str]
    brand: str | None = None
    last4: str | None = None
    expires_on: dt.date | None = None
    country: str | None = None
    details: Mapping[str, str] = field(default_factory=dict)


def add(work: Work, facts: Mapping[str, Any]) -> Customer:
    """Keep a new customer."""
    row = Customer(**facts, created_at=work.context.now)
    work.session.add(row)
    work.session.flush()
    return row


def change(work: Work, customer_id: UUID, changes: Mapping[str, Any]) -> Customer:
    """Change what is said of a customer."""
    row = queries.customer(work, customer_id)
    for name, value in changes.items():
        setattr(row, name, value)
    work.session.flush()
    return row


def attach(work: Work, customer_id: UUID, method: NewMethod) -> PaymentMethod:
    """Save a payment method of a customer."""
    queries.customer(work, customer_id)
    row = PaymentMethod(
        customer_id=customer_id,
        kind=method.kind,
        tokens=dict(method.tokens),
        brand=method.brand,
        last4=method.last4,
        expires_on=method.expires_on,
        country=method.country,
        created_at=work.context.now,
    )
    work.session.add(row)
    work.session.flush()
    return row


def detach(work: Work, method_id: UUID) -> None:
    """Let nobody use a payment method any more; charges that were made with it stay."""
    row = queries.payment_method(work, method_id)
    row.detached_at = work.context.now
    audit.note(work, May.CUSTOMER_EDIT, f"payment-methods/{method_id} detached")
