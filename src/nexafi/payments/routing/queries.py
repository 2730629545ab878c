"""What one asks about routing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import case, func, select

from nexafi.kernel.data.work import Work
from nexafi.payments.errors import RoutingRuleNotFound
from nexafi.payments.routing.rules import Tally
from nexafi.payments.tables import Charge, Operation, RoutingRule

RULES_MAX = 100


def rule(work: Work, rule_id: UUID) -> RoutingRule:
    """Return one rule."""
    found = work.session.scalar(select(RoutingRule).where(RoutingRule.id == rule_id))
    if found is None:
        raise RoutingRuleNotFound(f"There is no routing rule {rule_id}.")
    return found


def rules(work: Work) -> Sequence[RoutingRule]:
    """Return all rules, in the order in which they are looked at."""
    return work.session.scalars(
        select(RoutingRule).order_by(RoutingRule.position, RoutingRule.id).limit(RULES_MAX)
    ).all()


def tallies(work: Work, days: int) -> dict[str, Tally]:
    """Return how what began charges of the last days ended, by provider."""
    since = work.context.now - timedelta(days=days)
    succeeded = func.sum(case((Operation.state == "succeeded", 1), else_=0))
    rows = work.session.execute(
        select(Operation.provider, succeeded, func.count())
        .join(Charge, Operation.charge_id == Charge.id)
        .where(
            Charge.created_at >= since,
            Operation.kind.in_(("sale", "authorize")),
            Operation.state.in_(("succeeded", "failed")),
        )
        .group_by(Operation.provider)
    )
    return {provider: Tally(int(good or 0), ended) for provider, good, ended in rows}
