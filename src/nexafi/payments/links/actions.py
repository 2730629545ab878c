"""What one does with payment links; whoever pays has only its token."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Begin, Work
from nexafi.kernel.trust import audit
from nexafi.kernel.values.ids import new_id
from nexafi.kernel.values.money import Money
from nexafi.payments.charges import asking
from nexafi.payments.charges.actions import NewCharge
from nexafi.payments.charges.asking import Tools
from nexafi.payments.customers import queries as customers
from nexafi.payments.links import queries, rules
from nexafi.payments.tables import Operation, PaymentLink


@dataclass(frozen=True, slots=True)
class NewLink:
    """A payment link as it is asked for."""

    currency: str
    amount_minor: int | None
    min_minor: int | None
    max_minor: int | None
    description: str
    is_single: bool
    expires_at: dt.datetime | None
    customer_id: UUID | None
    details: Mapping[str, str]


def add(work: Work, new: NewLink) -> PaymentLink:
    """Make a link; its token is what a payer is given."""
    if new.customer_id is not None:
        customers.customer(work, new.customer_id)
    row = PaymentLink(
        id=new_id(),
        token=rules.token(work.organization_id, secrets.token_bytes(rules.CHANCE_BYTES)),
        currency=new.currency,
        amount_minor=new.amount_minor,
        min_minor=new.min_minor,
        max_minor=new.max_minor,
        description=new.description,
        is_single=new.is_single,
        expires_at=new.expires_at,
        customer_id=new.customer_id,
        details=dict(new.details),
        created_at=work.context.now,
    )
    work.session.add(row)
    work.session.flush()
    audit.note(work, May.CHARGE_CREATE, f"payment-links/{row.id} added")
    return row


def change(work: Work, link_id: UUID, changes: Mapping[str, Any]) -> PaymentLink:
    """Change what is said of a link, or switch it off."""
    row = queries.link(work, link_id)
    for name, value in changes.items():
        setattr(row, name, value)
    audit.note(work, May.CHARGE_CREATE, f"payment-links/{link_id} changed")
    return row


@dataclass(frozen=True, slots=True)
class Paying:
    """How somebody pays by a link."""

    method: str
    amount: Money | None = None
    return_url: str | None = None


def pay(begin: Begin, tools: Tools, token: str, paying: Paying) -> UUID:
    """Make a charge by a link and ask for its money; return the id of the charge.

    The charge is tied to the link, under its lock, before a provider hears of it: of
    many who pay at once a link that is paid once, one is asked for money.
    """
    owner = rules.owner(token)

    def begin_theirs(organization_id: UUID | None = None) -> AbstractContextManager[Work]:
        return begin(organization_id or owner)

    with begin_theirs() as work:
        row = queries.link_of_token(work, token)
        _check(work, row)
        new = NewCharge(
            rules.amount(queries.terms(row), paying.amount),
            captures=True,
            description=row.description,
            details={**row.details, "payment_link": str(row.id)},
            return_url=paying.return_url,
        )
        link_id, customer_id = row.id, row.customer_id

    def tie(work: Work, operation: Operation) -> None:
        row = queries.link_to_pay(work, link_id)
        _check(work, row)
        row.charge_id = operation.charge_id
        row.uses += 1

    return asking.charge(
        begin_theirs,
        tools,
        new,
        method=paying.method,
        provider=None,
        customer_id=customer_id,
        key=None,
        also=tie,
    )


def _check(work: Work, row: PaymentLink) -> None:
    last = queries.states(work, [row]).get(row.charge_id) if row.charge_id else None
    rules.check_open(rules.state(queries.terms(row), last, work.context.now))
