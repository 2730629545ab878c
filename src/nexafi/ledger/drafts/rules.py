"""The rules of drafts: how one is kept, what may become of it, who may approve it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from nexafi.kernel.values.money import Money
from nexafi.ledger.errors import DraftDecided, SecondPersonNeeded
from nexafi.ledger.journal.rules import Draft, Leg, totals

MOVES: Mapping[str, frozenset[str]] = MappingProxyType(
    {"open": frozenset({"open", "approved", "rejected"})}
)
"""Which state may follow which; an open draft may be changed. What is decided stays so."""


def check_move(state: str, to: str) -> None:
    """Raise DraftDecided unless a draft in *state* may come to be in the state *to*."""
    if to not in MOVES.get(state, ()):
        raise DraftDecided(f"The draft is {state} already.", state=state)


def check_approver(approver: str, made_by: str, *, must_differ: bool) -> None:
    """Raise SecondPersonNeeded if whoever made a draft approves it and may not."""
    if must_differ and approver == made_by:
        raise SecondPersonNeeded("Another must approve what you have made or last changed.")


def body_of(draft: Draft) -> dict[str, Any]:
    """Return *draft* as it is kept: JSON with whole minor units."""
    return {
        "date": draft.date.isoformat(),
        "description": draft.description,
        "reference": draft.reference,
        "source": draft.source,
        "tags": dict(draft.tags),
        "journal": draft.journal,
        "legs": [
            {
                "account": leg.account,
                "amount": _kept(leg.amount),
                "base": leg.base and _kept(leg.base),
                "description": leg.description,
            }
            for leg in draft.legs
        ],
    }


def draft_of(body: Mapping[str, Any]) -> Draft:
    """Return the draft that was kept as *body*."""
    return Draft(
        date=date.fromisoformat(body["date"]),
        description=body["description"],
        reference=body["reference"],
        source=body["source"],
        tags=body["tags"],
        journal=body["journal"],
        legs=tuple(
            Leg(
                leg["account"],
                Money(*leg["amount"]),
                Money(*leg["base"]) if leg["base"] else None,
                leg["description"],
            )
            for leg in body["legs"]
        ),
    )


def _kept(money: Money) -> list[Any]:
    return [money.minor, money.currency]


def off(draft: Draft) -> list[Money]:
    """Return by how much debits exceed credits, in each currency in which they differ."""
    sums = sorted(totals(draft.legs).items())
    return [Money(minor, currency) for currency, minor in sums if minor]
