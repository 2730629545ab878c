"""The choice of providers for a charge, and why it is so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from nexafi.kernel.data.work import Work
from nexafi.payments.routing import queries, rules
from nexafi.payments.routing.rules import Case, Ranked
from nexafi.payments.routing.shapes import ChoiceIn, ConditionsIn, Way
from nexafi.payments.tables import RoutingRule


@dataclass(frozen=True, slots=True)
class Looked:
    """A rule that was looked at, and why it did not hold; empty if it did."""

    id: UUID
    name: str
    misfit: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """Providers in the order in which they are asked, and how that came."""

    ranked: Sequence[Ranked]
    rule_id: UUID | None
    looked_at: Sequence[Looked]


def choose(work: Work, case: Case, known: Sequence[str]) -> Chosen:
    """Put *known* providers, which are in the order of their connections, in that of choice."""
    looked_at = []
    for row in queries.rules(work):
        conditions = ConditionsIn.model_validate(row.conditions).conditions()
        misfit = rules.misfit(conditions, case) if row.is_on else "It is switched off."
        looked_at.append(Looked(row.id, row.name, misfit))
        if not misfit:
            return Chosen(_ranked(work, row, case, known), row.id, looked_at)
    plain = [Ranked(each, "No rule holds; it is connected in this order.") for each in known]
    return Chosen(plain, None, looked_at)


def _ranked(work: Work, row: RoutingRule, case: Case, known: Sequence[str]) -> list[Ranked]:
    choice = ChoiceIn.model_validate(row.choice)
    match choice.by:
        case Way.ORDER:
            return rules.in_order(choice.providers, known)
        case Way.SHARES:
            return rules.by_shares(choice.shares, known, case.id)
        case Way.CHEAPEST:
            return rules.cheapest(choice.prices(), known, case.amount)
        case Way.SUCCESS:
            tallies = queries.tallies(work, choice.days)
            return rules.most_successful(tallies, known, sample_min=choice.sample_min)
