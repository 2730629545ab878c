"""Mandates over HTTP."""

from __future__ import annotations

from uuid import UUID

from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.web.endpoints import Routes
from nexafi.kernel.web.paging import Page
from nexafi.payments.mandates import actions, queries
from nexafi.payments.mandates.schemas import MandateIn, MandateOut, MandatesQuery

routes = Routes("/api/v1/payments/mandates")


@routes.post("", needs=May.CUSTOMER_EDIT, gives=MandateOut)
def add_mandate(work: Work, body: MandateIn, secret: Secret) -> MandateOut:
    """Keep a mandate to debit an account. It makes a payment method, which charges by it.

    The account is checked by its own digits, kept encrypted, and never shown again.
    """
    return MandateOut.of(actions.add(work, secret, body.new()))


@routes.get("", needs=May.CUSTOMER_READ, gives=Page[MandateOut])
def list_mandates(work: Work, query: MandatesQuery) -> Page[MandateOut]:
    """Return a page of mandates, the newest first."""
    rows = queries.mandates(work, query, customer_id=query.customer, state=query.state)
    return Page[MandateOut].of(rows, query, MandateOut.of)


@routes.get("/<uuid:mandate_id>", needs=May.CUSTOMER_READ, gives=MandateOut)
def read_mandate(work: Work, mandate_id: UUID) -> MandateOut:
    """Return one mandate."""
    return MandateOut.of(queries.mandate(work, mandate_id))


@routes.act("/<uuid:mandate_id>/revoke", needs=May.CUSTOMER_EDIT, gives=MandateOut)
def revoke_mandate(work: Work, mandate_id: UUID) -> MandateOut:
    """End a mandate at its payer's word. What is in no file yet is not collected any more."""
    return MandateOut.of(actions.revoke(work, mandate_id))
