"""Payouts over HTTP."""

from __future__ import annotations

from uuid import UUID

from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.web.endpoints import Routes
from nexafi.kernel.web.paging import Page
from nexafi.payments.payouts import actions, queries
from nexafi.payments.payouts.schemas import PayoutIn, PayoutOut, PayoutsQuery

routes = Routes("/api/v1/payments/payouts")


@routes.post("", needs=May.PAYOUT_CREATE, gives=PayoutOut)
def order_payout(work: Work, body: PayoutIn, secret: Secret) -> PayoutOut:
    """Send money to somebody's account. It waits until a file for the bank is made.

    A day on which the banks are closed becomes the next on which they are not; `message` says so.
    """
    return PayoutOut.of(actions.order(work, secret, body.new()))


@routes.get("", needs=May.PAYOUT_READ, gives=Page[PayoutOut])
def list_payouts(work: Work, query: PayoutsQuery) -> Page[PayoutOut]:
    """Return a page of payouts, the newest first."""
    rows = queries.payouts(work, query, state=query.state, customer_id=query.customer)
    return Page[PayoutOut].of(rows, query, PayoutOut.of)


@routes.get("/<uuid:payout_id>", needs=May.PAYOUT_READ, gives=PayoutOut)
def read_payout(work: Work, payout_id: UUID) -> PayoutOut:
    """Return one payout."""
    return PayoutOut.of(queries.payout(work, payout_id))


@routes.act("/<uuid:payout_id>/cancel", needs=May.PAYOUT_CREATE, gives=PayoutOut)
def cancel_payout(work: Work, payout_id: UUID) -> PayoutOut:
    """Take back a payout that is in no file yet."""
    return PayoutOut.of(actions.cancel(work, payout_id))
