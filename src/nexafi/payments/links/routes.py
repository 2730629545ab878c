"""Payment links over HTTP; reading one and paying it needs its token alone."""

from __future__ import annotations

from uuid import UUID

from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Begin, Work
from nexafi.kernel.trust.permissions import Anyone
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.web.endpoints import Routes
from nexafi.kernel.web.paging import Page, PageQuery
from nexafi.payments.charges import queries as charges
from nexafi.payments.charges.asking import Tools
from nexafi.payments.errors import LinkClosed, LinkNotFound, PaymentMethodUnfit
from nexafi.payments.links import actions, queries, rules
from nexafi.payments.links.actions import Paying
from nexafi.payments.links.schemas import (
    LinkChange,
    LinkIn,
    LinkOut,
    LinkPaidOut,
    LinkPayIn,
    PublicLinkOut,
)
from nexafi.payments.providers.port import Providers
from nexafi.payments.tables import PaymentLink

routes = Routes("/api/v1/payments")


@routes.post("/payment-links", needs=May.CHARGE_CREATE, gives=LinkOut)
def add_payment_link(work: Work, body: LinkIn) -> LinkOut:
    """Make a payment link. Whoever has its token can pay by it, and do nothing else."""
    return _shown(work, actions.add(work, body.new()))


@routes.get("/payment-links", needs=May.CHARGE_READ, gives=Page[LinkOut])
def list_payment_links(work: Work, query: PageQuery) -> Page[LinkOut]:
    """Return a page of payment links, the newest first."""
    rows = queries.links(work, query)
    states = queries.states(work, rows)
    return Page[LinkOut].of(rows, query, lambda each: LinkOut.of(each, states, work.context.now))


@routes.get("/payment-links/<uuid:link_id>", needs=May.CHARGE_READ, gives=LinkOut)
def read_payment_link(work: Work, link_id: UUID) -> LinkOut:
    """Return one payment link."""
    return _shown(work, queries.link(work, link_id))


@routes.patch("/payment-links/<uuid:link_id>", needs=May.CHARGE_CREATE, gives=LinkOut)
def change_payment_link(work: Work, link_id: UUID, body: LinkChange) -> LinkOut:
    """Change what is said of a payment link, or switch it off."""
    return _shown(work, actions.change(work, link_id, body.changes()))


@routes.get("/links/<token>", needs=Anyone.PUBLIC, gives=PublicLinkOut, problems=[LinkNotFound])
def read_link(begin: Begin, token: str) -> PublicLinkOut:
    """Return what is to be paid by a link."""
    with begin(rules.owner(token)) as work:
        row = queries.link_of_token(work, token)
        states = queries.states(work, [row])
        return PublicLinkOut.of(row, states, work.context.now, work.context.known.name)


@routes.act(
    "/links/<token>/pay",
    needs=Anyone.PUBLIC,
    gives=LinkPaidOut,
    problems=[LinkNotFound, LinkClosed],
)
def pay_link(
    begin: Begin, token: str, body: LinkPayIn, providers: Providers, secret: Secret
) -> LinkPaidOut:
    """Pay by a link. One that is for single use is paid once, however many try at once.

    One whose payment failed can be tried again.
    """
    if not any(each.owns(body.payment_method) for each in providers):
        raise PaymentMethodUnfit(
            "This is no token of a payment method.", pointer="#/payment_method"
        )
    paying = Paying(body.payment_method, body.amount, body.return_url)
    charge_id = actions.pay(begin, Tools(providers, secret), token, paying)
    with begin(rules.owner(token)) as work:
        return LinkPaidOut.of(charges.charge(work, charge_id))


def _shown(work: Work, row: PaymentLink) -> LinkOut:
    return LinkOut.of(row, queries.states(work, [row]), work.context.now)
