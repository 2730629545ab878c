"""Which line of a fee schedule holds, and how much it takes. Pure.

The most specific line wins: the one with more conditions; of two with as many, the one that
names what comes first in `WEIGHTS`; then the one that is valid since later, then the newer one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final
from uuid import UUID

from nexafi.kernel.values.money import Money

WEIGHTS: Final = ("plan", "provider", "method_kind", "crosses_border", "currency")
"""The conditions, those that weigh more first."""
WIDE: Final = Context(prec=60, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class Amounts:
    """What a line says of one currency, in minor units."""

    fixed: int = 0
    least: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """How much is taken."""

    share: Decimal
    amounts: Mapping[str, Amounts] = field(default_factory=dict)
    """By currency; a line that has any holds for these currencies only."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the schedule; a condition that is None does not matter."""

    id: UUID
    terms: Terms
    plan: str | None = None
    provider: str | None = None
    method_kind: str | None = None
    crosses_border: bool | None = None
    currency: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A payment as the schedule sees it."""

    currency: str
    on: date
    plan: str | None = None
    provider: str | None = None
    method_kind: str | None = None
    crosses_border: bool | None = None
    """None where the country of the payment method is not known; then no line fits that asks."""


def best(lines: Iterable[Line], case: Case) -> Line | None:
    """Return the most specific line that holds for a payment; None if none does."""
    return max((each for each in lines if holds(each, case)), key=_rank, default=None)


def holds(line: Line, case: Case) -> bool:
    """Return whether a line holds for a payment."""
    if line.valid_from is not None and case.on < line.valid_from:
        return False
    if line.valid_until is not None and case.on > line.valid_until:
        return False
    if line.terms.amounts and case.currency not in line.terms.amounts:
        return False
    return all(getattr(line, name) in {None, getattr(case, name)} for name in WEIGHTS)


def _rank(line: Line) -> tuple[int, tuple[bool, ...], date, int]:
    named = tuple(getattr(line, name) is not None for name in WEIGHTS)
    return sum(named), named, line.valid_from or date.min, line.id.int


def fee(terms: Terms, amount: Money) -> int:
    """Return what is taken of *amount*, in minor units: never below zero, never more than it.

    The share is rounded half to even, once.
    """
    said = terms.amounts.get(amount.currency, Amounts())
    share = int(
        WIDE.multiply(terms.share, Decimal(amount.minor)).quantize(Decimal(1), context=WIDE)
    )
    whole = max(share + said.fixed, said.least)
    if said.most is not None:
        whole = min(whole, said.most)
    return max(0, min(whole, amount.minor))


def still_owed(terms: Terms, captured: Money, taken: int) -> int:
    """Return what is to be taken after a further capture, so that parts cost what the whole does.

    *captured* is all that was captured so far.
    """
    return max(0, fee(terms, captured) - taken)


def to_give_back(taken: int, returned: int, *, captured: int, refunded: int) -> int:
    """Return what of a fee goes back after a further refund: its share, never more than taken.

    *captured* and *refunded* are all so far; who gives all back gets all of the fee back.
    """
    exact = WIDE.divide(Decimal(taken * refunded), Decimal(captured))
    share = int(exact.quantize(Decimal(1), context=WIDE))
    return max(0, min(share, taken) - returned)
