"""What one asks about platform fees."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select

from nexafi.kernel.data.work import Work
from nexafi.kernel.web.paging import PageQuery, keyset
from nexafi.payments.errors import ChargeNotFound, FeeRuleNotFound
from nexafi.payments.fees.rules import Amounts, Line, Terms
from nexafi.payments.tables import Charge, ChargeFee, Customer, FeeRule

LINES_MAX = 1000


def rule(work: Work, rule_id: UUID) -> FeeRule:
    """Return one line of the schedule."""
    found = work.session.scalar(select(FeeRule).where(FeeRule.id == rule_id))
    if found is None:
        raise FeeRuleNotFound(f"There is no fee schedule {rule_id}.")
    return found


def rules(work: Work, page: PageQuery) -> Sequence[FeeRule]:
    """Return a page of the schedule, the newest line first."""
    return work.session.scalars(keyset(select(FeeRule), page, FeeRule.id, descending=True)).all()


def lines(work: Work) -> list[Line]:
    """Return the whole schedule as the rules understand it."""
    return [
        Line(
            id=row.id,
            terms=terms(row.share, row.amounts),
            plan=row.plan,
            provider=row.provider,
            method_kind=row.method_kind,
            crosses_border=row.crosses_border,
            currency=row.currency,
            valid_from=row.valid_from,
            valid_until=row.valid_until,
        )
        for row in work.session.scalars(select(FeeRule).limit(LINES_MAX))
    ]


def terms(share: str, amounts: dict[str, dict[str, int]]) -> Terms:
    """Return how much is taken, as the rules understand what is kept."""
    by_currency = {
        currency: Amounts(said.get("fixed", 0), said.get("min", 0), said.get("max"))
        for currency, said in amounts.items()
    }
    return Terms(Decimal(share), by_currency)


def charge(work: Work, charge_id: UUID) -> Charge:
    """Return the charge whose fee is asked for."""
    found = work.session.scalar(select(Charge).where(Charge.id == charge_id))
    if found is None:
        raise ChargeNotFound(f"There is no charge {charge_id}.")
    return found


def fee_of(work: Work, charge_id: UUID) -> ChargeFee | None:
    """Return what was taken of a charge, as it is now; None if nothing was."""
    return work.session.scalar(
        select(ChargeFee)
        .where(ChargeFee.charge_id == charge_id)
        .execution_options(populate_existing=True)
    )


def plan_of(work: Work, customer_id: UUID | None) -> str | None:
    """Return the plan that the metadata of a customer names, if any."""
    if customer_id is None:
        return None
    details = work.session.scalar(select(Customer.details).where(Customer.id == customer_id))
    return (details or {}).get("plan")
