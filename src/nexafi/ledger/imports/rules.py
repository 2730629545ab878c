"""Which lines of a file are here already. Pure.

The same payment may come in twice: the same file again, a file that overlaps
it, a file of another format. And two equal payments on one day are two. What
tells them apart, the surest first:

1. The bank's own name of the line (FITID, AcctSvcrRef), where it names one
   line of the file only. Some banks make these up anew at each download; if
   none is known while all lines of the days that are known look known, the
   names are passed over.
2. The balance. If the file opens with a balance, and our lines end with one,
   then what follows the place where the two meet is new, however alike.
3. The looks: day, amount and words. Of n equal lines in the file and m here,
   n - m are new.
4. For lines from files of another format: day, amount, and a word in common,
   since banks write the same thing differently in each format.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from nexafi.ledger.banking.formats import StatementLine

DRIFT = timedelta(days=10)
"""So far may the bank move the day of a line that it calls by the same name."""
LIKENESSES_MIN = 3
"""So many different lines must look known before the bank's names are passed over."""
WORD_MIN = 3


@dataclass(frozen=True, slots=True)
class File:
    """A file that was handed in."""

    name: str
    raw: bytes

    @property
    def sha256(self) -> str:
        """Return by what the same file is known again."""
        return hashlib.sha256(self.raw).hexdigest()


@dataclass(frozen=True, slots=True)
class Known:
    """A line that is here."""

    id: UUID
    booked_on: date
    minor: int
    bank_id: str | None
    fingerprint: str
    occurrence: int
    format: str
    text: str


@dataclass(frozen=True, slots=True)
class Told:
    """For each line of a file the one that it is, or None if it is new."""

    same_as: tuple[UUID | None, ...]
    looks: tuple[str, ...] = ()
    """What each line looks like; see `fingerprint`."""
    occurrences: tuple[int, ...] = ()
    """Which of several equal ones each new line is; -1 for the others."""
    passed_over: bool = False
    """Whether the bank's own names of lines could not be relied on."""
    alike: int = 0
    """New lines that differ from one of another format in their words only."""


def plain(text: str) -> str:
    """Return the words of *text* without case and signs."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def fingerprint(line: StatementLine) -> str:
    """Return what a line looks like: its day, amount and words."""
    looks = (
        line.booked_on.isoformat(),
        str(line.amount.minor),
        line.amount.currency,
        plain(line.description),
        plain(line.counterparty),
        plain(line.counterparty_account),
        plain(line.reference),
    )
    return hashlib.sha256("\x1f".join(looks).encode("utf-8", "replace")).hexdigest()[:32]


def tell_apart(
    lines: Sequence[StatementLine],
    known: Sequence[Known],
    *,
    format: str,  # noqa: A002 - the word of the trade
    opening: int | None = None,
    balance: int | None = None,
) -> Told:
    """Say which of *lines* are among the *known*.

    *opening* is the balance before the first of *lines*, *balance* the one
    after all that is known of the account; both in minor units, None where
    nobody knows.
    """
    looks = tuple(fingerprint(line) for line in lines)
    same: list[UUID | None] = [None] * len(lines)
    free = {each.id: each for each in known}
    named = _by_name(lines, known, same, free)
    start, passed_over, alike = None, False, 0
    if not any(same) and opening is not None and balance is not None:
        start = _meeting(lines, looks, known, balance - opening)
    if start is not None:
        _by_looks(range(start), looks, same, free, lines=None)
    else:
        passed_over = not any(same) and _names_change(lines, looks, known, named=named)
        _by_looks(range(len(lines)), looks, same, free, lines=None if passed_over else lines)
        alike = _by_day_and_amount(lines, format, same, free)
    return Told(tuple(same), looks, _occurrences(looks, same, known), passed_over, alike)


def _occurrences(
    looks: Sequence[str], same: Sequence[UUID | None], known: Sequence[Known]
) -> tuple[int, ...]:
    """Return for each new line which of several equal ones it is, after those that are here."""
    following: dict[str, int] = {}
    for each in known:
        following[each.fingerprint] = max(following.get(each.fingerprint, 0), each.occurrence + 1)
    found = []
    for look, is_here in zip(looks, same, strict=True):
        found.append(-1 if is_here else following.get(look, 0))
        if not is_here:
            following[look] = found[-1] + 1
    return tuple(found)


def _by_name(
    lines: Sequence[StatementLine],
    known: Sequence[Known],
    same: list[UUID | None],
    free: dict[UUID, Known],
) -> bool:
    """Find the lines that the bank calls by a name we know; return whether it names any."""
    names = Counter(line.bank_id for line in lines if line.bank_id)
    by_name: dict[tuple[str, int], list[Known]] = defaultdict(list)
    for each in known:
        if each.bank_id:
            by_name[each.bank_id, each.minor].append(each)
    for place, line in enumerate(lines):
        if not line.bank_id or names[line.bank_id] > 1:
            continue
        for each in by_name.get((line.bank_id, line.amount.minor), ()):
            if each.id in free and abs(each.booked_on - line.booked_on) <= DRIFT:
                same[place] = each.id
                del free[each.id]
                break
    return bool(names)


def _meeting(
    lines: Sequence[StatementLine], looks: Sequence[str], known: Sequence[Known], rise: int
) -> int | None:
    """Return how many first *lines* lead from the opening to the known balance, *rise* above it.

    They must all be known, and no other number may do; else None.
    """
    here = Counter(each.fingerprint for each in known)
    found, total = [], 0
    if total == rise:
        found.append(0)
    for place, line in enumerate(lines):
        here[looks[place]] -= 1
        if here[looks[place]] < 0:
            break
        total += line.amount.minor
        if total == rise:
            found.append(place + 1)
    return found[0] if len(found) == 1 else None


def _names_change(
    lines: Sequence[StatementLine], looks: Sequence[str], known: Sequence[Known], *, named: bool
) -> bool:
    """Return whether the bank seems to give the same lines other names at each download."""
    if not named or not known:
        return False
    here = {each.fingerprint for each in known if each.bank_id}
    days = {each.booked_on for each in known}
    last, first = max(days), min(days)
    within = {
        look for line, look in zip(lines, looks, strict=True) if first <= line.booked_on <= last
    }
    return len(within) >= LIKENESSES_MIN and within <= here


def _by_looks(
    places: Iterable[int],
    looks: Sequence[str],
    same: list[UUID | None],
    free: dict[UUID, Known],
    *,
    lines: Sequence[StatementLine] | None,
) -> None:
    """Find the lines that look like one here; where both have names and *lines* count, they differ.

    A name given twice in the file names nothing, so it tells nothing apart.
    """
    alike: dict[str, list[Known]] = defaultdict(list)
    for each in sorted(free.values(), key=lambda each: each.occurrence, reverse=True):
        alike[each.fingerprint].append(each)
    names = Counter(line.bank_id for line in lines or ())
    for place in places:
        if same[place] is not None:
            continue
        candidates = alike.get(looks[place], [])
        name = lines[place].bank_id if lines is not None else ""
        own = name if names[name] == 1 else ""
        for each in reversed(candidates):
            if own and each.bank_id and each.bank_id != own:
                continue
            same[place] = each.id
            candidates.remove(each)
            del free[each.id]
            break


def _by_day_and_amount(
    lines: Sequence[StatementLine],
    format: str,  # noqa: A002 - the word of the trade
    same: list[UUID | None],
    free: dict[UUID, Known],
) -> int:
    """Find lines that came in another format; return how many only lack a word in common."""
    others: dict[tuple[date, int], list[Known]] = defaultdict(list)
    for each in free.values():
        if each.format != format:
            others[each.booked_on, each.minor].append(each)
    alike = 0
    for place, line in enumerate(lines):
        if same[place] is not None:
            continue
        candidates = others.get((line.booked_on, line.amount.minor))
        if not candidates:
            continue
        words = _words(f"{line.description} {line.counterparty} {line.reference}")
        shared = [len(words & _words(each.text)) for each in candidates]
        best = max(range(len(candidates)), key=shared.__getitem__)
        if shared[best] or not words or not _words(candidates[best].text):
            each = candidates.pop(best)
            same[place] = each.id
            del free[each.id]
        else:
            alike += 1
    return alike


def _words(text: str) -> set[str]:
    return {word for word in plain(text).split() if len(word) >= WORD_MIN}
