"""Which line of a report is which movement of ours, and what does not fit. Pure.

A name that both sides know decides; where there is none, day and amount do, if
nothing else on either side fits as well. What fits twice is left to a person:
a line that is not matched costs a look, one that is matched wrongly costs money.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from uuid import UUID

from nexafi.contracts.payments.events import MovementKind
from nexafi.payments.settlements.report import Line, LineKind

_K = MovementKind
SIGNS: Final[Mapping[str, int]] = {
    _K.CAPTURE: 1,
    _K.REFUND: -1,
    _K.REFUND_FAILED: 1,
    _K.FEE: -1,
    _K.DISPUTE_OPENED: -1,
    _K.DISPUTE_WON: 1,
    _K.PAYOUT: -1,
    _K.PAYOUT_RETURNED: 1,
    _K.WALLET_TOP_UP: 1,
    _K.WALLET_WITHDRAWAL: -1,
    _K.ADJUSTMENT: 1,
    _K.SETTLEMENT: -1,
}
"""What a movement does to the clearing account of its provider; all others leave it alone."""

FITS: Final[Mapping[LineKind, frozenset[str]]] = {
    LineKind.CHARGE: frozenset({_K.CAPTURE, _K.WALLET_TOP_UP}),
    LineKind.REFUND: frozenset({_K.REFUND}),
    LineKind.REFUND_FAILED: frozenset({_K.REFUND_FAILED}),
    LineKind.FEE: frozenset({_K.FEE}),
    LineKind.DISPUTE: frozenset({_K.DISPUTE_OPENED}),
    LineKind.DISPUTE_REVERSAL: frozenset({_K.DISPUTE_WON}),
    LineKind.PAYOUT: frozenset({_K.PAYOUT, _K.WALLET_WITHDRAWAL}),
    LineKind.PAYOUT_RETURNED: frozenset({_K.PAYOUT_RETURNED}),
    LineKind.ADJUSTMENT: frozenset({_K.ADJUSTMENT}),
}
"""Which movements a line can be."""

SETTLED_BY_ITSELF: Final = frozenset({LineKind.FEE, LineKind.EXCHANGE})
NEAR: Final = dt.timedelta(days=3)
"""So far may the provider's day be from ours where nothing but the amount speaks."""
LATE: Final = dt.timedelta(days=10)
"""What is so much older than the newest line of a payout should have been paid."""
TOGETHER_MAX: Final = 16
"""So many payouts are tried together for one transfer of the bank."""


class How(StrEnum):
    """By what a line was matched."""

    REFERENCE = "reference"
    OPERATION = "operation"
    AMOUNT = "amount"
    PERSON = "person"
    BOOKED = "booked"
    """Made by the settlement itself."""


class State(StrEnum):
    """Where a line stands."""

    MATCHED = "matched"
    BOOKED = "booked"
    RESERVED = "reserved"
    OPEN = "open"
    EXPLAINED = "explained"


class BreakKind(StrEnum):
    """What does not fit."""

    MISSING_LINE = "missing_line"
    """Money moved, and no report tells of it although later ones came."""
    MISSING_OPERATION = "missing_operation"
    """A line without a name that we know, or of an operation that moved nothing."""
    UNKNOWN_REFERENCE = "unknown_reference"
    AMOUNT = "amount"
    FEE = "fee"
    DUPLICATE = "duplicate"
    """The movement is settled by another line, or the line was told before."""
    CURRENCY = "currency"
    AMBIGUOUS = "ambiguous"
    """Several movements fit, and nothing says which."""


@dataclass(frozen=True, slots=True)
class Known:
    """A movement as it is matched."""

    id: UUID
    kind: str
    on: dt.date
    minor: int
    currency: str
    fee: int = 0
    reference: str | None = None
    charge_reference: str | None = None
    operation_id: UUID | None = None
    is_settled: bool = False
    provider: str = ""
    worth: int | None = None
    """What the books have it at, where it is not in their currency."""

    @property
    def gross(self) -> int:
        """Return what it did to the clearing account, its fee apart."""
        return SIGNS.get(self.kind, 0) * self.minor

    @property
    def effect(self) -> int:
        """Return what it did to the clearing account."""
        return effect(self.kind, self.minor, self.fee)


def effect(kind: str, minor: int, fee: int) -> int:
    """Return what a movement does to the clearing account; a settlement's fee is taken later."""
    if kind == MovementKind.SETTLEMENT:
        return -minor
    if kind == MovementKind.SETTLEMENT_RECEIVED:
        return 0
    return SIGNS.get(kind, 0) * minor - fee


@dataclass(slots=True)
class Found:
    """What became of a line."""

    state: State = State.OPEN
    movement: Known | None = None
    """What it is linked to; of what is open, what may be meant."""
    how: How | None = None
    is_off: BreakKind | None = None
    taken: int = 0
    taken_currency: str = ""
    fee: int = 0
    """To be booked, for nobody had told it before."""
    is_exchanged: bool = False

    @property
    def matched(self) -> int:
        """Return what the movement that it is linked to did to the clearing account."""
        linked = self.state is State.MATCHED and self.movement
        return linked.effect if linked else 0


@dataclass(slots=True)
class _Desk:
    """What is being matched."""

    lines: Sequence[Line]
    found: list[Found]
    used: dict[UUID, int] = field(default_factory=dict)
    """By movement the line that has it."""

    def is_free(self, known: Known) -> bool:
        return not known.is_settled and known.id not in self.used

    def take(self, place: int, known: Known, how: How) -> None:
        self.used[known.id] = place
        self.found[place] = _compared(self.lines[place], known, how)


def match(lines: Sequence[Line], movements: Iterable[Known]) -> list[Found]:
    """Return for each line what it is; each movement is given to one line at most.

    First what one name says by itself, the amounts that agree before those that
    do not; then the names of whole charges; then day and amount.
    """
    known = [each for each in movements if each.gross or each.fee]
    desk = _Desk(lines, [_untouched(each) for each in lines])
    by_reference = _index(known, lambda each: each.reference)
    by_operation = _index(known, lambda each: each.operation_id)
    by_charge = _index(known, lambda each: each.charge_reference)
    own = {
        n: pair
        for n, line in enumerate(lines)
        if _is_matched(line) and (pair := _named(line, by_reference, by_operation))
    }
    for is_exact in (True, False):
        for place, (candidates, how) in own.items():
            if desk.found[place].how is None:
                _settle(desk, place, candidates, how, is_exact=is_exact)
    _by_charge(desk, by_charge, own)
    _by_amount(desk, known)
    for place, line in enumerate(lines):
        _judge(desk, place, line, own.get(place), by_charge)
    return desk.found


def _is_matched(line: Line) -> bool:
    return line.kind in FITS and not line.is_repeated


def _untouched(line: Line) -> Found:
    return Found(taken=line.net, taken_currency=line.currency)


def _index(
    known: Iterable[Known], key: Callable[[Known], object]
) -> Mapping[object, Sequence[Known]]:
    found: dict[object, list[Known]] = defaultdict(list)
    for each in known:
        if (name := key(each)) is not None:
            found[name].append(each)
    return found


def _fitting(line: Line, candidates: Iterable[Known]) -> list[Known]:
    return [each for each in candidates if each.kind in FITS.get(line.kind, ())]


def _named(
    line: Line,
    by_reference: Mapping[object, Sequence[Known]],
    by_operation: Mapping[object, Sequence[Known]],
) -> tuple[list[Known], How] | None:
    """Return the movements that a line names, and by what; two names that disagree name both."""
    ours = _fitting(line, by_operation.get(line.operation, ())) if line.operation else []
    for alias in line.aliases:
        if theirs := _fitting(line, by_reference.get(alias, ())):
            both = [each for each in theirs if each in ours]
            return (both or theirs + ours if ours else theirs), How.REFERENCE
    return (ours, How.OPERATION) if ours else None


def _settle(
    desk: _Desk, place: int, candidates: Sequence[Known], how: How, *, is_exact: bool
) -> None:
    """Give a line the one movement that it names, if it is free."""
    line = desk.lines[place]
    exact = [each for each in candidates if _agrees(line, each)]
    if is_exact:
        free = [each for each in exact if desk.is_free(each)]
        if len(free) == 1 and (len(exact) == 1 or len(candidates) == len(exact)):
            desk.take(place, free[0], how)
        return
    free = [each for each in candidates if desk.is_free(each)]
    if len(free) == 1 and not exact and _is_comparable(line, free[0]):
        desk.take(place, free[0], how)


def _agrees(line: Line, known: Known) -> bool:
    """Return whether the amounts are the same, before any exchange."""
    if line.currency == known.currency:
        return line.amount == known.gross or (line.kind is LineKind.FEE and line.net == known.gross)
    return line.own == (known.gross, known.currency)


def _is_comparable(line: Line, known: Known) -> bool:
    return known.currency in {line.currency, line.own[1] if line.own else ""}


def _by_charge(
    desk: _Desk,
    by_charge: Mapping[object, Sequence[Known]],
    own: Mapping[int, object],
) -> None:
    """Match lines that name only a charge, where one movement of it has the amount."""
    wanted: dict[int, list[Known]] = {}
    rivals: dict[UUID, int] = defaultdict(int)
    for place, line in enumerate(desk.lines):
        if place in own or not _is_matched(line):
            continue
        named = [each for alias in line.aliases for each in by_charge.get(alias, ())]
        fits = [
            each for each in _fitting(line, named) if desk.is_free(each) and _agrees(line, each)
        ]
        wanted[place] = list({each.id: each for each in fits}.values())
        for each in wanted[place]:
            rivals[each.id] += 1
    for place, fits in wanted.items():
        if len(fits) == 1 and rivals[fits[0].id] == 1:
            desk.take(place, fits[0], How.REFERENCE)


def _by_amount(desk: _Desk, known: Sequence[Known]) -> None:
    """Match lines without any name by kind, amount, fee and day, where nothing else fits."""
    pool: dict[tuple[str, str, int], list[Known]] = defaultdict(list)
    for each in known:
        if desk.is_free(each):
            pool[each.kind, each.currency, each.gross].append(each)
    wanted: dict[int, list[Known]] = {}
    rivals: dict[UUID, int] = defaultdict(int)
    for place, line in enumerate(desk.lines):
        if desk.found[place].how or not _is_matched(line) or line.aliases or line.operation:
            continue
        near = [
            each
            for kind in FITS[line.kind]
            for each in pool.get((kind, line.currency, line.amount), ())
            if abs(each.on - line.on) <= NEAR
        ]
        wanted[place] = near
        for each in near:
            rivals[each.id] += 1
    for place, near in wanted.items():
        line = desk.lines[place]
        if len(near) == 1 and rivals[near[0].id] == 1 and near[0].fee in {0, line.fee}:
            desk.take(place, near[0], How.AMOUNT)
        elif near:
            desk.found[place].is_off = BreakKind.AMBIGUOUS


def _compared(line: Line, known: Known, how: How) -> Found:
    """Return a line that is linked to a movement, and what of it differs."""
    found = Found(State.MATCHED, known, how, None, line.net, line.currency)
    if line.currency != known.currency:
        assert line.own is not None, "only what was exchanged is linked across currencies"
        found.is_exchanged = True
        found.taken, found.taken_currency = line.own[0] - known.fee, line.own[1]
        found.is_off = None if line.own[0] == known.gross else BreakKind.AMOUNT
        return found
    if not _agrees(line, known):
        found.is_off = BreakKind.AMOUNT
    elif line.kind is LineKind.FEE or line.fee == known.fee:
        pass
    elif known.fee == 0 and line.fee > 0:
        found.fee = line.fee
    else:
        found.is_off = BreakKind.FEE
    return found


def _judge(
    desk: _Desk,
    place: int,
    line: Line,
    own: tuple[list[Known], How] | None,
    by_charge: Mapping[object, Sequence[Known]],
) -> None:
    """Say of a line that is linked to nothing why, or that it needs no link."""
    found = desk.found[place]
    if found.how is not None:
        return
    if line.is_repeated:
        found.is_off = BreakKind.DUPLICATE
    elif own is not None:
        found.movement = own[0][0] if len(own[0]) == 1 else None
        found.is_off = _why_not(desk, line, own[0])
    elif line.kind is LineKind.RESERVE:
        found.state = State.RESERVED
    elif line.kind is LineKind.FEE or (line.kind is LineKind.EXCHANGE and line.own):
        found.state = State.BOOKED
    elif found.is_off is None:
        found.is_off = _unknown(desk, line, by_charge)


def _why_not(desk: _Desk, line: Line, candidates: Sequence[Known]) -> BreakKind:
    if not any(desk.is_free(each) for each in candidates):
        return BreakKind.DUPLICATE
    if len(candidates) == 1 and not _is_comparable(line, candidates[0]):
        return BreakKind.CURRENCY
    return BreakKind.AMBIGUOUS


def _unknown(desk: _Desk, line: Line, by_charge: Mapping[object, Sequence[Known]]) -> BreakKind:
    """Return what is wrong with a line that names nothing that moved."""
    named = [each for alias in line.aliases for each in by_charge.get(alias, ())]
    fits = _fitting(line, named)
    if fits and not any(desk.is_free(each) for each in fits):
        return BreakKind.DUPLICATE
    if fits:
        return BreakKind.AMBIGUOUS
    if line.aliases and line.operation is None:
        return BreakKind.UNKNOWN_REFERENCE
    return BreakKind.MISSING_OPERATION


# -- the bank's side ----------------------------------------------------------------------------


def together(total: int, parts: Sequence[int]) -> tuple[int, ...] | None:
    """Return the places of the parts that make *total*, if exactly one choice of them does.

    None if no choice does, or several do: nobody guesses which payouts a transfer holds.
    """
    if len(parts) > TOGETHER_MAX:
        return None
    found: list[tuple[int, ...]] = []
    for chosen in range(1, 1 << len(parts)):
        places = tuple(n for n in range(len(parts)) if chosen >> n & 1)
        if sum(parts[n] for n in places) == total:
            found.append(places)
            if len(found) > 1:
                return None
    return found[0] if found else None
