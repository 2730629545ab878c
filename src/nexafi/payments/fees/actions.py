"""What one does to platform fees: keep the schedule, take what it says, give back a share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from nexafi.contracts.payments.events import MoneyMoved, MovementKind
from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.trust import audit
from nexafi.kernel.values.ids import new_id
from nexafi.kernel.values.money import Money
from nexafi.payments.fees import queries, rules
from nexafi.payments.fees.rules import Case, Line
from nexafi.payments.movements import actions as movements
from nexafi.payments.rates.rules import worth
from nexafi.payments.tables import Charge, ChargeFee, FeeRule, Operation


def keep(work: Work, rule_id: UUID | None, facts: Mapping[str, Any]) -> FeeRule:
    """Add a line to the schedule, or put it in the place of one that is there."""
    row = FeeRule(id=new_id()) if rule_id is None else queries.rule(work, rule_id)
    for name, value in facts.items():
        setattr(row, name, value)
    row.changed_at = work.context.now
    work.session.add(row)
    work.session.flush()
    audit.note(work, May.FEE_EDIT, f"fee-schedules/{row.id} kept")
    return row


def remove(work: Work, rule_id: UUID) -> None:
    """Take a line out of the schedule; what it took stays taken."""
    work.session.delete(queries.rule(work, rule_id))
    audit.note(work, May.FEE_EDIT, f"fee-schedules/{rule_id} removed")


def case_of(work: Work, charge: Charge) -> Case:
    """Return a charge as the schedule sees it today."""
    return Case(
        currency=charge.currency,
        on=work.context.today,
        plan=charge.details.get("plan") or queries.plan_of(work, charge.customer_id),
        provider=charge.provider,
        method_kind=charge.method_kind or None,
        crosses_border=crosses_border(work, charge.country),
    )


def crosses_border(work: Work, country: str | None) -> bool | None:
    """Return whether a payment method is of another country than the organization, if known."""
    return None if country is None else country != work.context.known.country


def take(work: Work, charge: Charge, operation: Operation) -> None:
    """Take the fee of what has just been captured, by the rule that first held for the charge."""
    row = queries.fee_of(work, charge.id) or _chosen(work, charge)
    if row is None:
        return
    terms = queries.terms(row.said["share"], row.said["amounts"])
    captured = Money(charge.captured_minor, charge.currency)
    minor = rules.still_owed(terms, captured, row.taken_minor)
    if minor:
        row.taken_minor += minor
        _tell(work, charge, operation, MovementKind.PLATFORM_FEE, row.said["name"], minor=minor)


def give_back(work: Work, charge: Charge, operation: Operation) -> None:
    """Give back the share of the fee that belongs to what has just been refunded."""
    row = queries.fee_of(work, charge.id)
    if row is None:
        return
    minor = rules.to_give_back(
        row.taken_minor,
        row.returned_minor,
        captured=charge.captured_minor,
        refunded=charge.refunded_minor,
    )
    if minor:
        row.returned_minor += minor
        kind = MovementKind.PLATFORM_FEE_REFUND
        _tell(work, charge, operation, kind, row.said["name"], minor=minor)


def _chosen(work: Work, charge: Charge) -> ChargeFee | None:
    """Choose the rule that holds for a charge; None if none does."""
    line = rules.best(queries.lines(work), case_of(work, charge))
    if line is None:
        return None
    row = ChargeFee(
        charge_id=charge.id,
        rule_id=line.id,
        said=_said(work, line),
        currency=charge.currency,
        taken_minor=0,
        returned_minor=0,
    )
    work.session.add(row)
    return row


def _said(work: Work, line: Line) -> dict[str, Any]:
    row = queries.rule(work, line.id)
    return {"name": row.name, "share": row.share, "amounts": row.amounts}


def _tell(
    work: Work, charge: Charge, operation: Operation, kind: MovementKind, name: str, *, minor: int
) -> None:
    amount = Money(minor, charge.currency)
    base_currency = work.context.known.base_currency
    news = MoneyMoved(
        movement_id=new_id(),
        kind=kind,
        on=work.context.today,
        amount=amount,
        worth=worth(amount, charge.rate, base_currency) if charge.rate is not None else None,
        description=name,
        references={"charge": str(charge.id), "operation": str(operation.id)},
    )
    movements.move(work, news, charge_id=charge.id, operation_id=operation.id)
