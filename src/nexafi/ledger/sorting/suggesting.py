"""What we would do with open lines, how sure we are, and why. Pure.

What is in the books already comes first, else it would be booked twice; then
transfers between own accounts, the user's rules in their order, and what was
done before with lines like this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from nexafi.kernel.values.money import Money
from nexafi.ledger.errors import SharesUnfit
from nexafi.ledger.reconciliation.rules import Proposal, Transfer
from nexafi.ledger.sorting.learning import Learned
from nexafi.ledger.sorting.rules import Look, Outcome, Portion, Rule, apportion

TRANSFER_CONFIDENCE = 0.9
RULE_TRUST = (19, 20)
"""A new rule counts as if it had been right 19 times of 20."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What we would do with a line."""

    body: dict[str, Any]
    confidence: float


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All that suggestions are made from."""

    rules: Sequence[Rule]
    learned: Learned
    trust: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """How often people did what a rule said, of how many times; by the id of the rule."""
    matches: Mapping[UUID, Proposal] = field(default_factory=dict)
    """What is certain to be in the books already, by statement line."""
    entries: Mapping[UUID, UUID] = field(default_factory=dict)
    """The entry of each line of the books that matches speak of."""
    transfers: Mapping[UUID, Transfer] = field(default_factory=dict)


def suggest(look: Look, known: Knowledge) -> Suggestion | None:
    """Return what to do with a line, or None where nobody can tell."""
    if not look.minor:
        return Suggestion({"kind": "rule", "ignore": True, "why": "It moves no money."}, 1.0)
    if match := known.matches.get(look.id):
        return _matched(match, known)
    if moved := known.transfers.get(look.id):
        other = moved.in_id if moved.out_id == look.id else moved.out_id
        why = "The same amount moved the other way on another bank account of yours."
        return Suggestion(
            {"kind": "transfer", "statement_line": str(other), "why": why}, TRANSFER_CONFIDENCE
        )
    for rule in known.rules:
        if rule.fits(look) and (found := _ruled(look, rule, known)):
            return found
    if (guessed := known.learned.guess(look)) is None:
        return None
    guess, confidence = guessed
    words = ", ".join(guess.words)
    body = body_of(look, Outcome((Portion(guess.account),)))
    why = f"Lines with {words} went to {guess.account} before."
    return Suggestion(
        {"kind": "history", **body, "words": list(guess.words), "why": why}, confidence
    )


def _matched(match: Proposal, known: Knowledge) -> Suggestion:
    return Suggestion(
        {
            "kind": "match",
            "lines": [str(each) for each in match.lines],
            "entries": sorted({str(known.entries[each]) for each in match.lines}),
            "why": f"It is in the books already: {', '.join(match.why)}.",
        },
        min(round(match.score + 0.15, 3), 0.99),
    )


def _ruled(look: Look, rule: Rule, known: Knowledge) -> Suggestion | None:
    """Return what a rule says of a line; None if its fixed amounts exceed it."""
    try:
        body = body_of(look, rule.outcome)
    except SharesUnfit:  # carrying on: the next rule may fit
        return None
    right, tried = known.trust.get(str(rule.id), (0, 0))
    confidence = round((right + RULE_TRUST[0]) / (tried + RULE_TRUST[1]), 3)
    why = f"The rule {rule.name} says so."
    return Suggestion({"kind": "rule", "rule": str(rule.id), **body, "why": why}, confidence)


def body_of(look: Look, outcome: Outcome) -> dict[str, Any]:
    """Return what an outcome means for a line, as it is kept and shown."""
    if outcome.ignore:
        return {"ignore": True}
    amounts = apportion(Money(look.minor, look.currency), outcome.portions)
    splits = [
        {
            "account": portion.account,
            "amount": {"amount": amount.text, "currency": amount.currency},
            **({"description": portion.description} if portion.description else {}),
        }
        for portion, amount in zip(outcome.portions, amounts, strict=True)
    ]
    body: dict[str, Any] = {
        "account": outcome.portions[0].account if len(splits) == 1 else None,
        "splits": splits,
    }
    if outcome.description:
        body["description"] = outcome.description
    if outcome.tags:
        body["tags"] = dict(outcome.tags)
    return body
