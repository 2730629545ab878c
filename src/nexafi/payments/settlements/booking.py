"""What is told to the ledger of a payout, so that its clearing account comes to zero. Pure.

What was sent is a SETTLEMENT; what was taken out of the clearing account of
another currency for it is one of its own, `against` that. Fees that nobody had
told are one FEE. Where a provider collects more than it sends, or exchanged
more refunds than charges, nothing can be sent the other way round: then the
difference goes by way of adjustments, which an accountant sees.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nexafi.contracts.payments.events import MovementKind
from nexafi.kernel.values.money import Money
from nexafi.payments.settlements.report import Batch, Line, LineKind
from nexafi.payments.settlements.rules import Found, State


@dataclass(frozen=True, slots=True)
class Booking:
    """A movement that a settlement makes."""

    kind: MovementKind
    amount: Money
    description: str
    against: Money | None = None
    against_worth: Money | None = None
    fee: Money | None = None


@dataclass(slots=True)
class _Exchanged:
    """What the provider exchanged out of one currency."""

    amount: int = 0
    fee: int = 0
    own: int = 0
    worth: int | None = 0
    """What the books have it at; None if that is not known of all of it."""

    @property
    def is_plain(self) -> bool:
        return self.amount > self.fee >= 0 and self.own > 0


def explained(line: Line, found: Found) -> int:
    """Return what is booked because of a line."""
    if found.state is State.BOOKED:
        return line.net
    return 0 if found.is_exchanged else -found.fee


def plan(batch: Batch, found: Sequence[Found], base_currency: str) -> list[Booking]:
    """Return what is to be booked of *batch*, whose lines became *found*."""
    pairs = list(zip(batch.lines, found, strict=True))
    groups = _groups(pairs)
    exchanged = sum(line.net for line, each in pairs if each.is_exchanged)
    rest = batch.sent - exchanged
    is_plain = batch.sent > 0 and rest >= 0 and all(each.is_plain for each in groups.values())
    sent = _sent(batch, rest, groups, base_currency) if is_plain else _turned(batch, groups)
    return [each for each in [*sent, *_fees(batch, pairs)] if each.amount.minor]


def _groups(pairs: Sequence[tuple[Line, Found]]) -> dict[str, _Exchanged]:
    groups: dict[str, _Exchanged] = {}
    for line, each in pairs:
        if not each.is_exchanged:
            continue
        assert each.movement is not None
        group = groups.setdefault(each.taken_currency, _Exchanged())
        fee = 0 if each.movement.fee else line.fee
        group.amount += line.net + fee
        group.fee += fee
        group.own += each.taken
        worth = each.movement.worth
        if worth is None or each.movement.fee or each.matched != each.taken:
            group.worth = None
        elif group.worth is not None:
            group.worth += worth if each.matched >= 0 else -worth
    return groups


def _sent(
    batch: Batch, rest: int, groups: dict[str, _Exchanged], base_currency: str
) -> Iterator[Booking]:
    words = f"Payout {batch.reference}"
    yield Booking(MovementKind.SETTLEMENT, Money(rest, batch.currency), words)
    for currency, group in sorted(groups.items()):
        is_known = group.worth is not None and group.worth > 0 and currency != base_currency
        yield Booking(
            MovementKind.SETTLEMENT,
            Money(group.amount, batch.currency),
            words,
            against=Money(group.own, currency),
            against_worth=Money(group.worth or 0, base_currency) if is_known else None,
            fee=Money(group.fee, batch.currency) if group.fee else None,
        )


def _turned(batch: Batch, groups: dict[str, _Exchanged]) -> Iterator[Booking]:
    """Return the same where something goes the other way than a settlement can."""
    words = f"Payout {batch.reference}"
    if batch.sent > 0:
        yield Booking(MovementKind.SETTLEMENT, Money(batch.sent, batch.currency), words)
    else:
        collected = f"{words}: collected from the bank"
        yield Booking(MovementKind.ADJUSTMENT, Money(-batch.sent, batch.currency), collected)
    for currency, group in sorted(groups.items()):
        came = Money(group.amount, batch.currency)
        yield from exchange(came, group.fee, Money(group.own, currency), words)


def exchange(came: Money, fee: int, went: Money, words: str) -> Iterator[Booking]:
    """Return what moves money from one clearing account to another, as adjustments."""
    words = f"{words}: exchanged"
    yield Booking(MovementKind.ADJUSTMENT, came, words)
    yield Booking(MovementKind.ADJUSTMENT, -went, words)
    yield fee_of(fee, came.currency, words)


def fee_of(minor: int, currency: str, words: str) -> Booking:
    """Return the booking of a fee; one that is given back is an adjustment."""
    if minor >= 0:
        return Booking(MovementKind.FEE, Money(minor, currency), words)
    return Booking(MovementKind.ADJUSTMENT, Money(-minor, currency), words)


def _fees(batch: Batch, pairs: Sequence[tuple[Line, Found]]) -> Iterator[Booking]:
    """Return the fees that nobody had told, as one; and what was exchanged within the balance."""
    words = f"Fees of payout {batch.reference}"
    own = [line.net for line, each in pairs if _is_booked(line, each, LineKind.FEE)]
    told = sum(each.fee for _, each in pairs if not each.is_exchanged)
    yield fee_of(told - sum(own), batch.currency, words)
    for line, each in pairs:
        if _is_booked(line, each, LineKind.EXCHANGE):
            said = f"Payout {batch.reference}: exchanged"
            yield Booking(MovementKind.ADJUSTMENT, Money(line.net, batch.currency), said)


def _is_booked(line: Line, found: Found, kind: LineKind) -> bool:
    return found.state is State.BOOKED and line.kind is kind
