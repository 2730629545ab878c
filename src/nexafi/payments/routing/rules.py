"""For which charges a routing rule holds, and how it puts providers in order. Pure.

A choice never takes a provider away: those that it does not name come after those that it does,
in the order in which they are connected, so that there is one left to fail over to.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import blake2s
from typing import Final
from uuid import UUID

from nexafi.kernel.values.money import Money

PRIOR: Final = 20
"""A rate of success counts as if so many more charges had gone as those of all providers."""
_WHOLE: Final = 2**64


@dataclass(frozen=True, slots=True)
class Case:
    """A charge as routing sees it; what is not known is empty and fits no condition."""

    id: UUID
    amount: Money
    country: str = ""
    method_kind: str = ""
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Conditions:
    """For which charges a rule holds; what is empty does not matter."""

    currencies: Sequence[str] = ()
    least: Money | None = None
    most: Money | None = None
    countries: Sequence[str] = ()
    method_kinds: Sequence[str] = ()
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a provider takes: a share, and by currency something fixed in minor units."""

    share: Decimal
    fixed: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tally:
    """How charges at a provider ended."""

    succeeded: int
    ended: int


@dataclass(frozen=True, slots=True)
class Ranked:
    """A provider and why it stands where it does."""

    provider: str
    why: str


def misfit(conditions: Conditions, case: Case) -> str:
    """Return why a rule does not hold for a charge; empty if it does."""
    currency = case.amount.currency
    if conditions.currencies and currency not in conditions.currencies:
        return f"The currency is {currency}."
    if conditions.countries and case.country not in conditions.countries:
        return f"The country is {case.country or 'not known'}."
    if conditions.method_kinds and case.method_kind not in conditions.method_kinds:
        return f"The kind of the payment method is {case.method_kind or 'not known'}."
    if other := [n for n, value in conditions.details.items() if case.details.get(n) != value]:
        return f"Its metadata has another {other[0]}."
    return _off(conditions.least, conditions.most, case.amount)


def _off(least: Money | None, most: Money | None, amount: Money) -> str:
    """Return why an amount is not between two others; empty if it is."""
    if any(each is not None and each.currency != amount.currency for each in (least, most)):
        return f"Its amounts are not in {amount.currency}."
    if least is not None and amount.minor < least.minor:
        return f"The amount is below {least.text}."
    if most is not None and amount.minor > most.minor:
        return f"The amount is above {most.text}."
    return ""


def in_order(named: Sequence[str], known: Sequence[str]) -> list[Ranked]:
    """Put providers in the order in which they are named."""
    found = [Ranked(each, "It is named here.") for each in named if each in known]
    return _with_others(found, known)


def by_shares(shares: Mapping[str, int], known: Sequence[str], charge_id: UUID) -> list[Ranked]:
    """Spread charges over providers as *shares* say: the same charge always alike.

    Each provider draws a number from the id of the charge, and its share lengthens its odds
    (weighted rendezvous hashing); whoever is left keeps its order when one falls out.
    """
    drawn = {
        each: -math.log(_draw(charge_id, each)) / share
        for each, share in shares.items()
        if share > 0 and each in known
    }
    whole = sum(shares[each] for each in drawn)
    found = [
        Ranked(each, f"It takes {shares[each]} of {whole} parts.")
        for each in sorted(drawn, key=lambda name: drawn[name])
    ]
    return _with_others(found, known)


def _draw(charge_id: UUID, provider: str) -> float:
    """Return a number above 0 and at most 1 that the charge gives to the provider."""
    digest = blake2s(charge_id.bytes + provider.encode(), digest_size=8).digest()
    return (int.from_bytes(digest) + 1) / _WHOLE


def cheapest(costs: Mapping[str, Cost], known: Sequence[str], amount: Money) -> list[Ranked]:
    """Put providers in the order of what they take of *amount*."""
    taken = {
        each: amount.minor * cost.share + cost.fixed.get(amount.currency, 0)
        for each, cost in costs.items()
        if each in known
    }
    found = [
        Ranked(each, f"It takes {Money(round(taken[each]), amount.currency).text}.")
        for each in sorted(taken, key=lambda name: (taken[name], known.index(name)))
    ]
    return _with_others(found, known)


def most_successful(
    tallies: Mapping[str, Tally], known: Sequence[str], *, sample_min: int
) -> list[Ranked]:
    """Put providers in the order of how many of their charges succeeded.

    Each is drawn towards the rate of all; one with too few charges to tell counts as that rate.
    """
    seen = {each: tallies.get(each, Tally(0, 0)) for each in known}
    ended = sum(each.ended for each in seen.values())
    general = sum(each.succeeded for each in seen.values()) / ended if ended else 1.0
    rates = {each: _rate(tally, general, sample_min) for each, tally in seen.items()}
    return [
        Ranked(each, f"{seen[each].succeeded} of {seen[each].ended} succeeded: {rates[each]:.4f}.")
        for each in sorted(known, key=lambda name: (-rates[name], known.index(name)))
    ]


def _rate(tally: Tally, general: float, sample_min: int) -> float:
    if tally.ended < sample_min:
        return general
    return (tally.succeeded + PRIOR * general) / (tally.ended + PRIOR)


def _with_others(found: Sequence[Ranked], known: Sequence[str]) -> list[Ranked]:
    named = {each.provider for each in found}
    others = [Ranked(each, "It is not named here.") for each in known if each not in named]
    return [*found, *others]
