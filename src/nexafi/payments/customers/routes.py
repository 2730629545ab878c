"""Customers and payment methods over HTTP."""

from __future__ import annotations

from uuid import UUID

from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Begin, Work
from nexafi.kernel.web.endpoints import Routes
from nexafi.kernel.web.paging import Page
from nexafi.payments.customers import actions, queries
from nexafi.payments.customers.schemas import (
    CustomerChange,
    CustomerIn,
    CustomerOut,
    CustomersQuery,
    PaymentMethodIn,
    PaymentMethodOut,
    PaymentMethodsQuery,
)
from nexafi.payments.errors import PaymentMethodUnfit
from nexafi.payments.providers.port import Providers

routes = Routes("/api/v1/payments")


@routes.post("/customers", needs=May.CUSTOMER_EDIT, gives=CustomerOut)
def add_customer(work: Work, body: CustomerIn) -> CustomerOut:
    """Keep a new customer."""
    return CustomerOut.of(actions.add(work, body.facts()))


@routes.get("/customers", needs=May.CUSTOMER_READ, gives=Page[CustomerOut])
def list_customers(work: Work, query: CustomersQuery) -> Page[CustomerOut]:
    """Return a page of customers, the newest first."""
    rows = queries.customers(work, query, reference=query.reference)
    return Page[CustomerOut].of(rows, query, CustomerOut.of)


@routes.get("/customers/<uuid:customer_id>", needs=May.CUSTOMER_READ, gives=CustomerOut)
def read_customer(work: Work, customer_id: UUID) -> CustomerOut:
    """Return one customer."""
    return CustomerOut.of(queries.customer(work, customer_id))


@routes.patch("/customers/<uuid:customer_id>", needs=May.CUSTOMER_EDIT, gives=CustomerOut)
def change_customer(work: Work, customer_id: UUID, body: CustomerChange) -> CustomerOut:
    """Change what is said of a customer; what is left out stays."""
    return CustomerOut.of(actions.change(work, customer_id, body.changes()))


@routes.post("/payment-methods", needs=May.CUSTOMER_EDIT, gives=PaymentMethodOut)
def save_payment_method(
    begin: Begin, body: PaymentMethodIn, providers: Providers
) -> PaymentMethodOut:
    """Save a payment method of a customer, by the tokens that providers gave for it."""
    for name, token in body.tokens.items():
        provider = providers[name]
        if not provider.owns(token):
            raise PaymentMethodUnfit(
                f"This is no token of {provider.title}.", pointer=f"#/tokens/{name}"
            )
    with begin() as work:
        return PaymentMethodOut.of(actions.attach(work, body.customer, body.method()))


@routes.get("/payment-methods", needs=May.CUSTOMER_READ, gives=Page[PaymentMethodOut])
def list_payment_methods(work: Work, query: PaymentMethodsQuery) -> Page[PaymentMethodOut]:
    """Return a page of saved payment methods, the newest first."""
    rows = queries.payment_methods(work, query, customer_id=query.customer)
    return Page[PaymentMethodOut].of(rows, query, PaymentMethodOut.of)


@routes.get("/payment-methods/<uuid:method_id>", needs=May.CUSTOMER_READ, gives=PaymentMethodOut)
def read_payment_method(work: Work, method_id: UUID) -> PaymentMethodOut:
    """Return one saved payment method."""
    return PaymentMethodOut.of(queries.payment_method(work, method_id))


@routes.delete("/payment-methods/<uuid:method_id>", needs=May.CUSTOMER_EDIT)
def detach_payment_method(work: Work, method_id: UUID) -> None:
    """Let nobody use a payment method any more."""
    actions.detach(work, method_id)
