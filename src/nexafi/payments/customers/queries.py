"""What one asks about customers and their payment methods."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from nexafi.kernel.data.work import Work
from nexafi.kernel.web.paging import PageQuery, keyset
from nexafi.payments.errors import CustomerNotFound, PaymentMethodNotFound
from nexafi.payments.tables import Customer, PaymentMethod


def customer(work: Work, customer_id: UUID) -> Customer:
    """Return one customer."""
    found = work.session.scalar(select(Customer).where(Customer.id == customer_id))
    if found is None:
        raise CustomerNotFound(f"There is no customer {customer_id}.")
    return found


def customers(work: Work, page: PageQuery, *, reference: str | None) -> Sequence[Customer]:
    """Return a page of customers, the newest first."""
    statement = select(Customer)
    if reference is not None:
        statement = statement.where(Customer.reference == reference)
    return work.session.scalars(keyset(statement, page, Customer.id, descending=True)).all()


def payment_method(work: Work, method_id: UUID) -> PaymentMethod:
    """Return one payment method that can be used."""
    found = work.session.scalar(
        select(PaymentMethod).where(
            PaymentMethod.id == method_id, PaymentMethod.detached_at.is_(None)
        )
    )
    if found is None:
        raise PaymentMethodNotFound(f"There is no payment method {method_id}.")
    return found


def payment_methods(
    work: Work, page: PageQuery, *, customer_id: UUID | None
) -> Sequence[PaymentMethod]:
    """Return a page of payment methods that can be used, the newest first."""
    statement = select(PaymentMethod).where(PaymentMethod.detached_at.is_(None))
    if customer_id is not None:
        statement = statement.where(PaymentMethod.customer_id == customer_id)
    return work.session.scalars(keyset(statement, page, PaymentMethod.id, descending=True)).all()
