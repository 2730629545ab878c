"""The judge: what clients were told, against what the books hold afterwards. Pure.

A deed that was acknowledged stands in the books once, wholly, under the id that was told. One that
was not may stand there once or not at all. Nothing else stands there, every balance is what the
entries add up to, and nobody was ever shown a moment at which money was missing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields

from tests.reliability.history import History

CLEAR = frozenset({201, 409, 429, 502, 503, 504})
"""What an honest answer may be while something is broken; a 500 says that we did not know."""


@dataclass(frozen=True)
class Entry:
    """An entry as the books hold it."""

    id: str
    reference: str
    movements: Mapping[str, int]


@dataclass(frozen=True)
class Books:
    """What the books hold when all has come to rest."""

    entries: Sequence[Entry]
    balances: Mapping[str, int]
    """What the books say that each account stands at."""
    said: Collection[str] = ()
    """What the books' own proofs found wrong: balances, hash chain."""


@dataclass
class Verdict:
    """What was found wrong, by kind: the key, id or account of each."""

    lost: list[str] = field(default_factory=list)
    """Acknowledged and not there."""
    doubled: list[str] = field(default_factory=list)
    """There more than once, or told under more than one id."""
    torn: list[str] = field(default_factory=list)
    """There in part, or otherwise than was asked."""
    strange: list[str] = field(default_factory=list)
    """There, and nobody asked for it, or told under an id that it has not."""
    off: list[str] = field(default_factory=list)
    """Accounts whose balance is not what the entries add up to."""
    uneven: list[str] = field(default_factory=list)
    """Moments at which somebody was shown that money was missing, or too much."""
    unclear: list[str] = field(default_factory=list)
    """Answers that do not say what the caller may do."""
    unproven: list[str] = field(default_factory=list)
    """What the books' own proofs say is broken."""

    @property
    def is_right(self) -> bool:
        """Return whether nothing is wrong."""
        return not self.kinds

    @property
    def kinds(self) -> set[str]:
        """Return which kinds of faults were found."""
        return {each.name for each in fields(self) if getattr(self, each.name)}

    def __str__(self) -> str:
        """Return each kind with how many there are and the first few."""
        found = {name: getattr(self, name) for name in sorted(self.kinds)}
        told = [f"{name}: {len(what)}, such as {what[:3]}" for name, what in found.items()]
        return "; ".join(told) or "nothing wrong"


def judge(
    history: History, books: Books, conserved: Sequence[Collection[str]] = (), *, clear=CLEAR
) -> Verdict:
    """Return what is wrong.

    Args:
        history: what the clients asked for and were told.
        books: what is there.
        conserved: groups of accounts that together never change.
        clear: the statuses that may be answered.

    """
    verdict = Verdict()
    there: dict[str, list[Entry]] = defaultdict(list)
    for entry in books.entries:
        there[entry.reference].append(entry)
    for deed in history.deeds:
        _judge_deed(deed, there.pop(deed.key, []), verdict)
    verdict.strange += [entry.id for entries in there.values() for entry in entries]
    _judge_balances(books, verdict)
    for number, look in enumerate(history.looks):
        sums = [sum(look.balances.get(each, 0) for each in group) for group in conserved]
        if any(sums):
            verdict.uneven.append(f"look {number}: {sums}")
    answers = Counter(answer for deed in history.deeds for answer in deed.answers)
    verdict.unclear = [
        f"{answer} ({times} times)"
        for answer, times in answers.items()
        if answer is not None and answer not in clear
    ]
    verdict.unproven = list(books.said)
    return verdict


def _judge_deed(deed, found: Sequence[Entry], verdict: Verdict) -> None:
    if deed.is_acknowledged and not found:
        verdict.lost.append(deed.key)
    together = Counter()
    for entry in found:
        together.update(entry.movements)
    if any(entry.movements != deed.movements for entry in found):
        verdict.torn.append(deed.key)
    if len(deed.told) > 1 or (len(found) > 1 and together != Counter(deed.movements)):
        verdict.doubled.append(deed.key)
    if found and deed.told - {entry.id for entry in found}:
        verdict.strange.append(deed.key)


def _judge_balances(books: Books, verdict: Verdict) -> None:
    sums: Counter[str] = Counter()
    for entry in books.entries:
        sums.update(entry.movements)
    for account in sorted(sums.keys() | books.balances.keys()):
        if sums[account] != books.balances.get(account, 0):
            has = books.balances.get(account, 0)
            verdict.off.append(f"{account} stands at {has}, its entries sum to {sums[account]}")
