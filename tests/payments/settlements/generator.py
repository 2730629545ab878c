"""Payout reports with known faults: what a provider may say of movements that we made up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from uuid import UUID

from nexafi.contracts.payments.events import MovementKind
from nexafi.payments.settlements.report import Line, LineKind
from nexafi.payments.settlements.rules import BreakKind, Known

DAY = dt.date(2026, 3, 1)
KINDS = [
    (LineKind.CHARGE, MovementKind.CAPTURE, 80),
    (LineKind.REFUND, MovementKind.REFUND, 12),
    (LineKind.DISPUTE, MovementKind.DISPUTE_OPENED, 3),
    (LineKind.DISPUTE_REVERSAL, MovementKind.DISPUTE_WON, 2),
    (LineKind.PAYOUT, MovementKind.PAYOUT, 3),
]


@dataclass(frozen=True)
class Truth:
    """What a line really is, and what is wrong with it."""

    movement: UUID | None
    fault: BreakKind | None = None


@dataclass
class Case:
    lines: list[Line]
    truths: list[Truth]
    movements: list[Known]
    dropped: set[UUID]
    """Movements of which no line tells."""


def case(seed: int, size: int, faults: float = 0.05) -> Case:
    """Return *size* movements and the report on them, of which a share is wrong."""
    random = Random(seed)  # noqa: S311
    made = Case([], [], [], set())
    for number in range(size):
        known, line = _pair(random, number)
        made.movements.append(known)
        if random.random() < faults:
            random.choice(FAULTS)(made, random, known, line)
        else:
            _add(made, _shorn(random, line), Truth(known.id))
    order = list(range(len(made.lines)))
    random.shuffle(order)
    made.lines = [made.lines[n] for n in order]
    made.truths = [made.truths[n] for n in order]
    _first_is_real(made)
    random.shuffle(made.movements)
    return made


def _first_is_real(made: Case) -> None:
    """Let of two lines that are alike but for their own id the first be the real one."""
    places: dict[str, int] = {}
    for place, line in enumerate(made.lines):
        name = str(line.id).removeprefix("x")
        if made.truths[place].fault in {None, BreakKind.DUPLICATE} and not line.is_repeated:
            first = places.setdefault(name, place)
            if made.truths[first].fault is BreakKind.DUPLICATE:
                made.truths[first], made.truths[place] = made.truths[place], made.truths[first]


def _pair(random: Random, number: int) -> tuple[Known, Line]:
    kind, movement_kind, _ = random.choices(KINDS, [weight for *_, weight in KINDS])[0]
    minor = random.randint(100, 500_000)
    fee = minor * 29 // 1000 + 30 if kind is LineKind.CHARGE else 0
    told = fee if random.random() < 0.9 else 0
    on = DAY + dt.timedelta(days=random.randrange(28))
    charge = f"ch_{number}" if random.random() < 0.9 else f"ch_{max(0, number - 1)}"
    is_foreign = random.random() < 0.04
    currency = "USD" if is_foreign else "EUR"
    known = Known(
        UUID(int=random.getrandbits(128)), movement_kind, on, minor, currency,
        0 if is_foreign else told, f"tx_{number}", charge, UUID(int=random.getrandbits(128)),
    )  # fmt: skip
    line = Line(
        kind,
        on + dt.timedelta(days=random.randrange(3)),
        "EUR",
        known.gross * 92 // 100 if is_foreign else known.gross,
        fee,
        f"txn_{number}",
        (f"tx_{number}", charge),
        known.operation_id if random.random() < 0.5 else None,
        (known.gross, "USD") if is_foreign else None,
    )
    return known, line


def _shorn(random: Random, line: Line) -> Line:
    """Return *line* as some providers write it: without one or the other name."""
    way = random.random()
    if way < 0.03:
        return replace(line, aliases=())  # found by our id, or by amount
    if way < 0.06:
        return replace(line, aliases=line.aliases[:1], operation=None)
    return line


def _add(made: Case, line: Line, truth: Truth) -> None:
    made.lines.append(line)
    made.truths.append(truth)


def _no_line(made: Case, random: Random, known: Known, line: Line) -> None:
    made.dropped.add(known.id)


def _no_operation(made: Case, random: Random, known: Known, line: Line) -> None:
    _add(made, line, Truth(known.id))
    alien = replace(
        line,
        id=f"x{line.id}",
        aliases=(),
        operation=UUID(int=random.getrandbits(128)),
        amount=line.amount + 7,
    )
    _add(made, alien, Truth(None, BreakKind.MISSING_OPERATION))


def _unknown(made: Case, random: Random, known: Known, line: Line) -> None:
    _add(made, line, Truth(known.id))
    alien = replace(line, id=f"x{line.id}", aliases=(f"other_{line.id}",), operation=None)
    _add(made, alien, Truth(None, BreakKind.UNKNOWN_REFERENCE))


def _wrong_amount(made: Case, random: Random, known: Known, line: Line) -> None:
    off = random.choice([-50, -1, 1, 1000])
    own = (line.own[0] + off, line.own[1]) if line.own else None
    _add(made, replace(line, amount=line.amount + off, own=own), Truth(known.id, BreakKind.AMOUNT))


def _wrong_fee(made: Case, random: Random, known: Known, line: Line) -> None:
    if not known.fee:
        _add(made, line, Truth(known.id))
        return
    _add(made, replace(line, fee=line.fee + 11), Truth(known.id, BreakKind.FEE))


def _twice(made: Case, random: Random, known: Known, line: Line) -> None:
    _add(made, line, Truth(known.id))
    again = replace(line, id=f"x{line.id}", is_repeated=random.random() < 0.5)
    _add(made, again, Truth(None, BreakKind.DUPLICATE))


def _wrong_currency(made: Case, random: Random, known: Known, line: Line) -> None:
    _add(made, replace(line, currency="GBP", own=None), Truth(None, BreakKind.CURRENCY))


FAULTS: list[Callable[[Case, Random, Known, Line], None]] = [
    _no_line, _no_operation, _unknown, _wrong_amount, _wrong_fee, _twice, _wrong_currency,
]  # fmt: skip
