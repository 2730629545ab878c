"""Which statement lines and lines of the books may be the same money. Pure.

Amounts decide, days and words tell equals apart. A match is made without
being asked only where neither side has another choice.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from uuid import UUID

DRIFT_DAYS = 10
"""So far may a bank's day be from that of the books."""
SURE_DAYS = 5
"""So far, if nobody is asked."""
NEAR_MAX = 14
"""So many lines nearby are tried together."""
TOGETHER_MAX = 4
FEE_SHARE = 0.05
"""A difference up to this share of the amount may be a fee."""
PROPOSED_MAX = 20
WORD_MIN = 3


@dataclass(frozen=True, slots=True)
class Item:
    """A line of either side."""

    id: UUID
    on: date
    minor: int
    text: str
    reference: str = ""
    entry_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """Statement lines and lines of the books that may be the same money."""

    statement_lines: tuple[UUID, ...]
    lines: tuple[UUID, ...]
    difference: int
    """What the statement has more than the books; minor units."""
    score: float
    why: tuple[str, ...]


def words(text: str) -> frozenset[str]:
    """Return the words of *text* by which a payment may be known; what is short says little."""
    found = re.findall(r"\w+", text.casefold())
    return frozenset(word for word in found if len(word) >= WORD_MIN)


def score(bank: Item, books: Item) -> tuple[float, list[str]]:
    """Return how likely two lines are the same money, apart from their amounts, and why."""
    drift = abs((bank.on - books.on).days)
    total = 0.2 * max(0.0, 1 - drift / (DRIFT_DAYS + 1))
    why = ["same day" if not drift else f"{drift} days apart"]
    if _is_referred(bank, books):
        return total + 0.2, [*why, f"reference {books.reference or bank.reference}"]
    ours, theirs = words(bank.text), words(books.text)
    if shared := ours & theirs:
        total += 0.15 * len(shared) / min(len(ours), len(theirs))
        why.append("words " + ", ".join(sorted(shared)[:5]))
    return total, why


def _is_referred(bank: Item, books: Item) -> bool:
    """Return whether one line has the reference of the other."""
    theirs, ours = books.reference.casefold().strip(), bank.reference.casefold().strip()
    if len(theirs) >= WORD_MIN and (theirs == ours or theirs in bank.text.casefold()):
        return True
    return len(ours) >= WORD_MIN and ours in books.text.casefold()


def propose(line: Item, others: Sequence[Item], books: Sequence[Item]) -> list[Proposal]:
    """Return what *line* may be, the likeliest first.

    *others* are further statement lines of the account that nobody has decided
    on, *books* the lines of its account in the books that are still free.
    """
    near = [each for each in books if abs((each.on - line.on).days) <= DRIFT_DAYS]
    found = [_single(line, each) for each in near if each.minor == line.minor]
    found += _one_to_many(line, near)
    found += _many_to_one(line, others, near)
    found += _with_fee(line, near)
    return sorted(found, key=lambda each: -each.score)[:PROPOSED_MAX]


def _single(line: Item, other: Item) -> Proposal:
    bonus, why = score(line, other)
    return Proposal((line.id,), (other.id,), 0, round(0.6 + bonus, 3), ("same amount", *why))


def _nearest(line: Item, items: Iterable[Item]) -> list[Item]:
    """Return those on the same side as *line* and not above it, the likeliest first."""
    own = [
        each
        for each in items
        if each.minor * line.minor > 0 and abs(each.minor) < abs(line.minor) and each.id != line.id
    ]
    return sorted(own, key=lambda each: -score(line, each)[0])[:NEAR_MAX]


def _one_to_many(line: Item, near: Sequence[Item]) -> list[Proposal]:
    found = []
    for count in range(2, TOGETHER_MAX + 1):
        for some in combinations(_nearest(line, near), count):
            if sum(each.minor for each in some) == line.minor:
                bonus = min(score(line, each)[0] for each in some)
                why = (f"{count} lines of the books make the amount",)
                ids = tuple(each.id for each in some)
                found.append(
                    Proposal((line.id,), ids, 0, round(0.45 + bonus - 0.02 * count, 3), why)
                )
    return found


def _many_to_one(line: Item, others: Sequence[Item], near: Sequence[Item]) -> list[Proposal]:
    found = []
    around = [each for each in others if abs((each.on - line.on).days) <= DRIFT_DAYS]
    for target in near:
        if target.minor * line.minor <= 0 or abs(target.minor) <= abs(line.minor):
            continue
        fitting = _nearest(target, (each for each in around if each.id != line.id))
        for count in range(1, TOGETHER_MAX):
            for some in combinations(fitting, count):
                if line.minor + sum(each.minor for each in some) == target.minor:
                    bonus = min(score(each, target)[0] for each in (line, *some))
                    why = (f"{count + 1} statement lines make the amount",)
                    ids = (line.id, *(each.id for each in some))
                    found.append(
                        Proposal(ids, (target.id,), 0, round(0.43 + bonus - 0.02 * count, 3), why)
                    )
    return found


def _with_fee(line: Item, near: Sequence[Item]) -> list[Proposal]:
    """Return lines of about the amount, if words or a reference speak for them."""
    found = []
    for each in near:
        off = line.minor - each.minor
        if not off or each.minor * line.minor <= 0 or abs(off) > FEE_SHARE * abs(each.minor):
            continue
        bonus, why = score(line, each)
        if len(why) > 1:
            found.append(
                Proposal(
                    (line.id,), (each.id,), off, round(0.3 + bonus, 3), ("about the amount", *why)
                )
            )
    return found


def certain(statement_lines: Sequence[Item], books: Sequence[Item]) -> dict[UUID, Proposal]:
    """Return for each statement line the line of the books that it must be, where it is certain.

    Certain is: the same amount within days, and either no other line of that
    amount is near on either side, or one reference points from one to the other
    only. So two equal rents are left to a person.
    """
    by_amount: dict[int, list[Item]] = defaultdict(list)
    for each in books:
        by_amount[each.minor].append(each)
    ours: dict[UUID, list[Item]] = {}
    claims: dict[UUID, list[Item]] = defaultdict(list)
    for line in statement_lines:
        ours[line.id] = [
            each
            for each in by_amount.get(line.minor, ())
            if abs((each.on - line.on).days) <= DRIFT_DAYS
        ]
        for each in ours[line.id]:
            claims[each.id].append(line)
    found = {}
    for line in statement_lines:
        choices = ours[line.id]
        referred = [each for each in choices if _is_referred(line, each)]
        if len(referred) == 1:
            rivals = [each for each in claims[referred[0].id] if _is_referred(each, referred[0])]
            if len(rivals) == 1:
                found[line.id] = _single(line, referred[0])
        elif len(choices) == 1 and _is_alone(line, choices[0], claims):
            found[line.id] = _single(line, choices[0])
    return found


def _is_alone(line: Item, choice: Item, claims: dict[UUID, list[Item]]) -> bool:
    """Return whether a line of the books is near to one statement line only."""
    return len(claims[choice.id]) == 1 and abs((choice.on - line.on).days) <= SURE_DAYS


@dataclass(frozen=True, slots=True)
class Transfer:
    """Two statement lines of own bank accounts that are one movement between them."""

    out_id: UUID
    in_id: UUID


def transfers(lines: Sequence[tuple[Item, UUID, str]]) -> list[Transfer]:
    """Return the transfers among open *lines* (each with bank account and currency).

    What left one account came to another, the same amount, within days, and no
    third line could be either half.
    """
    outs: dict[tuple[str, int], list[tuple[Item, UUID]]] = defaultdict(list)
    ins: dict[tuple[str, int], list[tuple[Item, UUID]]] = defaultdict(list)
    for line, account, currency in lines:
        side = outs if line.minor < 0 else ins
        side[currency, abs(line.minor)].append((line, account))
    found = []
    for key, leaving in outs.items():
        arriving = ins.get(key, [])
        for line, account in leaving:
            halves = [a for a in arriving if _is_other_half((line, account), a)]
            if len(halves) == 1:
                back = [each for each in leaving if _is_other_half(each, halves[0])]
                if len(back) == 1:
                    found.append(Transfer(line.id, halves[0][0].id))
    return found


def _is_other_half(leaving: tuple[Item, UUID], arriving: tuple[Item, UUID]) -> bool:
    days = abs((arriving[0].on - leaving[0].on).days)
    return leaving[1] != arriving[1] and days <= SURE_DAYS


@dataclass(frozen=True, slots=True)
class Sides:
    """What bank and books say of an account at the end of a day; minor units."""

    bank: int
    """The balance that the bank states."""
    books: int
    """The balance of the account in the books."""
    opening: int
    """The balance at the bank before the first line that came in."""
    opening_in_books: int
    """Opening entries that no statement line stands for."""
    open_at_bank: int
    """Statement lines that are not in the books yet."""
    ignored: int
    """Statement lines that somebody decided to leave out of the books."""
    open_in_books: int
    """Lines of the books that no statement line stands for, opening entries apart."""

    @property
    def difference(self) -> int:
        """Return what the bank has more than the books."""
        return self.bank - self.books

    @property
    def explained(self) -> int:
        """Return what the named parts make of it."""
        opening = self.opening - self.opening_in_books
        return opening + self.open_at_bank + self.ignored - self.open_in_books

    @property
    def unexplained(self) -> int:
        """Return what is left: zero, unless lines are missing between the statements."""
        return self.difference - self.explained
