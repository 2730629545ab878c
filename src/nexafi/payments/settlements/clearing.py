"""What is in the clearing accounts, and why: each cent of it has a reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, or_, select

from nexafi.contracts.payments.events import MoneyMoved, MovementKind
from nexafi.kernel.data.work import Work
from nexafi.payments.settlements import rules
from nexafi.payments.settlements.rules import State
from nexafi.payments.tables import Movement, Settlement, SettlementLine, SettlementMatch

OWN_BANK = "bank"
"""The provider that keeps nothing for us: what it moves is on our own account at once."""


@dataclass(slots=True)
class Unsettled:
    """What of one kind of movement no report told of yet."""

    count: int = 0
    minor: int = 0


@dataclass(slots=True)
class Clearing:
    """The clearing account of a provider in one currency."""

    provider: str
    currency: str
    balance: int = 0
    """What our movements make of it."""
    unsettled: dict[str, Unsettled] = field(default_factory=dict)
    """By kind of movement."""
    reserved: int = 0
    """Held back by the provider."""
    kept: int = 0
    """Our balance there that was not sent."""
    in_breaks: int = 0
    explained: int = 0
    """Explained by a person, and left in the account."""

    @property
    def unexplained(self) -> int:
        """Return what has no reason: nothing, or something is wrong with us."""
        waits = sum(each.minor for each in self.unsettled.values())
        known = waits + self.reserved + self.kept + self.in_breaks + self.explained
        return self.balance - known


def clearing(work: Work) -> list[Clearing]:
    """Return all clearing accounts, by provider and currency."""
    found: dict[tuple[str, str], Clearing] = {}

    def of(provider: str, currency: str) -> Clearing:
        return found.setdefault((provider, currency), Clearing(provider, currency))

    for provider, currency, kind, _, minor, fee in _sums(work, is_settled=None):
        of(provider, currency).balance += rules.effect(kind, minor, fee)
    for provider, currency, kind, count, minor, fee in _sums(work, is_settled=False):
        if effect := rules.effect(kind, minor, fee):
            of(provider, currency).unsettled[kind] = Unsettled(count, effect)
    _add_settlements(work, of)
    _add_lines(work, of)
    kept = select(Settlement.provider, Settlement.currency, func.sum(Settlement.kept_minor))
    for provider, currency, minor in work.session.execute(
        kept.group_by(Settlement.provider, Settlement.currency)
    ):
        if minor:
            of(provider, currency).kept += int(minor)
    return sorted(found.values(), key=lambda each: (each.provider, each.currency))


def _sums(work: Work, *, is_settled: bool | None) -> Sequence[Any]:
    """Return what moved by provider, currency and kind, settlements themselves apart."""
    asked = select(
        Movement.provider,
        Movement.currency,
        Movement.kind,
        func.count(),
        func.sum(Movement.amount_minor),
        func.sum(Movement.fee_minor),
    ).where(
        Movement.provider.not_in(("", OWN_BANK)),
        Movement.kind != MovementKind.SETTLEMENT,
        or_(Movement.kind.in_(rules.SIGNS), Movement.fee_minor != 0),
    )
    if is_settled is False:
        asked = asked.outerjoin(SettlementMatch, SettlementMatch.movement_id == Movement.id).where(
            SettlementMatch.id.is_(None)
        )
    groups = asked.group_by(Movement.provider, Movement.currency, Movement.kind)
    return [
        (provider, currency, kind, count, int(minor), int(fee))
        for provider, currency, kind, count, minor, fee in work.session.execute(groups)
    ]


def _add_settlements(work: Work, of: Callable[[str, str], Clearing]) -> None:
    """Take off what was sent; where it was exchanged, from the currency that it was taken from."""
    asked = select(Movement.told).where(Movement.kind == MovementKind.SETTLEMENT)
    for told in work.session.scalars(asked):
        news = MoneyMoved.model_validate(told)
        given = news.against or news.amount
        of(news.provider, given.currency).balance -= given.minor


def _add_lines(work: Work, of: Callable[[str, str], Clearing]) -> None:
    """Add what of the lines of reports stays in the account."""
    left = SettlementLine.matched_minor + SettlementLine.explained_minor
    asked = (
        select(
            SettlementLine.provider,
            SettlementLine.taken_currency,
            SettlementLine.state,
            func.sum(left - SettlementLine.taken_minor),
        )
        .where(left != SettlementLine.taken_minor)
        .group_by(SettlementLine.provider, SettlementLine.taken_currency, SettlementLine.state)
    )
    for provider, currency, state, minor in work.session.execute(asked):
        account = of(provider, currency)
        match state:
            case State.RESERVED:
                account.reserved += int(minor)
            case State.EXPLAINED:
                account.explained += int(minor)
            case _:
                account.in_breaks += int(minor)
