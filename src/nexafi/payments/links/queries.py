"""What one asks about payment links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import select

from nexafi.kernel.data.work import Work
from nexafi.kernel.web.paging import PageQuery, keyset
from nexafi.payments.charges.rules import State
from nexafi.payments.errors import LinkNotFound
from nexafi.payments.links.rules import Terms
from nexafi.payments.tables import Charge, PaymentLink


def link(work: Work, link_id: UUID) -> PaymentLink:
    """Return one payment link."""
    found = work.session.scalar(select(PaymentLink).where(PaymentLink.id == link_id))
    if found is None:
        raise LinkNotFound(f"There is no payment link {link_id}.")
    return found


def link_of_token(work: Work, token: str) -> PaymentLink:
    """Return the payment link that a token names."""
    found = work.session.scalar(select(PaymentLink).where(PaymentLink.token == token))
    if found is None:
        raise LinkNotFound("There is no such payment link.")
    return found


def link_to_pay(work: Work, link_id: UUID) -> PaymentLink:
    """Return one payment link, locked until the Work ends, as it is now."""
    return work.session.scalars(
        select(PaymentLink)
        .where(PaymentLink.id == link_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def links(work: Work, page: PageQuery) -> Sequence[PaymentLink]:
    """Return a page of payment links, the newest first."""
    return work.session.scalars(
        keyset(select(PaymentLink), page, PaymentLink.id, descending=True)
    ).all()


def states(work: Work, rows: Sequence[PaymentLink]) -> Mapping[UUID, State]:
    """Return the states of the last charges of links, by the id of the charge."""
    ids = [each.charge_id for each in rows if each.charge_id is not None]
    if not ids:
        return {}
    found = work.session.execute(select(Charge.id, Charge.state).where(Charge.id.in_(ids)))
    return {charge_id: State(state) for charge_id, state in found}


def terms(row: PaymentLink) -> Terms:
    """Return what a link asks for."""
    return Terms(
        row.currency,
        row.amount_minor,
        row.min_minor,
        row.max_minor,
        row.is_single,
        row.is_on,
        row.expires_at,
    )
