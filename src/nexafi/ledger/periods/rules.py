"""The rules of periods: where years begin, what may follow what, what closes a year. Pure."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

from nexafi.kernel.files.table import MONTHS
from nexafi.kernel.values.money import Money
from nexafi.ledger.errors import NoSuchMove, PeriodUnfit
from nexafi.ledger.journal.rules import MINOR_MAX, Draft, Leg, totals

DAY = timedelta(days=1)
MONTHS_IN = MappingProxyType({"month": 1, "quarter": 3})
LEGS_AT_ONCE = 500
"""Of accounts that are closed by one entry; what stands against them has room in it, too."""
YEAR_DAYS_MAX = 366 + 183
"""A first or last fiscal year may be longer than twelve months, up to eighteen."""

MOVES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "open": frozenset({"soft", "closed"}),
        "soft": frozenset({"open", "closed"}),
        "closed": frozenset({"open", "soft"}),
    }
)
"""Which state may follow which; staying put is no move."""


@dataclass(frozen=True, slots=True)
class Span:
    """Some days with a name; the last of them belongs to it."""

    name: str
    starts_on: date
    ends_on: date


def first_open(day: date, locked_through: date | None, shut: Sequence[tuple[date, date]]) -> date:
    """Return *day*, or the first day after it that is neither locked nor in a span that is *shut*.

    The spans, first and last day of each, are in the order of their first days.
    """
    if locked_through is not None and day <= locked_through:
        day = locked_through + DAY
    for starts_on, ends_on in shut:
        if starts_on <= day <= ends_on:
            day = ends_on + DAY
    return day


def check_move(name: str, state: str, to: str) -> None:
    """Raise NoSuchMove unless a period in *state* may come to be in the state *to*."""
    if to not in MOVES[state]:
        words = {"open": "open", "soft": "softly closed", "closed": "closed"}
        raise NoSuchMove(f"{name} is {words[state]} already.", state=state)


def year_of(day: date, start: str) -> tuple[date, date]:
    """Return the first and last day of the fiscal year of *day*; *start* is such as ``04-01``."""
    first = _start(day.year, start)
    if first > day:
        first = _start(day.year - 1, start)
    return first, _start(first.year + 1, start) - DAY


def _start(year: int, start: str) -> date:
    """Return the day *start* of a year; 29 February is the last of February."""
    month, day = (int(part) for part in start.split("-"))
    return date(year, month, min(day, monthrange(year, month)[1]))


def year_name(starts_on: date, ends_on: date) -> str:
    """Return what a fiscal year is called: ``2026``, or ``2026/27`` where it spans two."""
    if starts_on.year == ends_on.year:
        return str(ends_on.year)
    return f"{starts_on.year}/{ends_on.year % 100:02}"


def check_year(starts_on: date, ends_on: date) -> None:
    """Raise PeriodUnfit unless these days may be a fiscal year."""
    if starts_on > ends_on:
        raise PeriodUnfit(f"It begins on {starts_on}, after its end on {ends_on}.")
    if (ends_on - starts_on).days >= YEAR_DAYS_MAX:
        raise PeriodUnfit("A fiscal year is at most eighteen months long.")


def split(starts_on: date, ends_on: date, into: str) -> list[Span]:
    """Return the months or quarters of a year; a short one at either end stays short.

    Months are those of the calendar, unless the year begins within one: then
    they begin on its day. Quarters count from the beginning of the year.
    """
    found: list[Span] = []
    first = starts_on
    while first <= ends_on:
        count = (len(found) + 1) * MONTHS_IN[into]
        last = min(_months_on(starts_on, count) - DAY, ends_on)
        if into == "quarter":
            name = f"Q{len(found) + 1} {year_name(starts_on, ends_on)}"
        elif first.day == 1:
            name = f"{MONTHS[first.month - 1]} {first.year}"
        else:
            name = f"{first.day} {MONTHS[first.month - 1]} {first.year}"
        found.append(Span(name, first, last))
        first = last + DAY
    return found


def _months_on(day: date, count: int) -> date:
    """Return *day* moved on by whole months; what a month lacks is its last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@dataclass(frozen=True, slots=True)
class Standing:
    """What an income or expense account stands at in one currency, in minor units."""

    account: str
    currency: str
    minor: int
    base_minor: int


def closing(
    name: str, day: date, standings: Sequence[Standing], into: str, base_currency: str
) -> list[Draft]:
    """Return what closes the year *name* on *day*: income and expense to the account *into*.

    Each account is brought to zero, in each currency and in what it is worth.
    There is more than one draft only for more legs than an entry may have.
    """
    legs = [
        leg
        for each in standings
        if each.minor or each.base_minor
        for leg in _legs(each.account, each.currency, -each.minor, -each.base_minor, base_currency)
    ]
    return [
        Draft(
            date=day,
            description=f"Close {name}",
            legs=(*some, *_against(some, into, base_currency)),
            kind="closing",
            journal="closing",
        )
        for some in (
            legs[first : first + LEGS_AT_ONCE] for first in range(0, len(legs), LEGS_AT_ONCE)
        )
    ]


def _against(legs: Sequence[Leg], into: str, base_currency: str) -> list[Leg]:
    """Return the legs that take the result of *legs* to the account *into*.

    The result is told in the base currency. Only where nothing would stand
    against a foreign amount (what is left of it is worth nothing, or is a debit
    worth a credit) does the account *into* take the foreign amounts as well.
    """
    worth = sum(leg.base.minor for leg in legs if leg.base)
    result = _legs(into, base_currency, -worth, -worth, base_currency)
    off = {minor for minor in totals((*legs, *result)).values() if minor}
    if not off or min(off) < 0 < max(off):
        return result
    amounts = {code: minor for code, minor in totals(tuple(legs)).items() if code != base_currency}
    odd = [
        leg
        for currency, minor in sorted(amounts.items())
        if minor
        for leg in _legs(into, currency, -minor, 0, base_currency)
    ]
    return [*odd, *result]


def _legs(account: str, currency: str, minor: int, worth: int, base_currency: str) -> list[Leg]:
    """Return the legs that move *minor* worth *worth*, each fit for the journal.

    That is one, unless it would be too large, or amount and worth are on
    different sides: then one moves the amount and another the worth.
    """
    if not minor and not worth:
        return []
    if minor * worth < 0:
        return [
            *_legs(account, currency, minor, 0, base_currency),
            *_legs(account, currency, 0, worth, base_currency),
        ]
    count = -(-max(abs(minor), abs(worth)) // MINOR_MAX)
    return [
        Leg(
            account,
            Money(_part(minor, n, count), currency),
            Money(_part(worth, n, count), base_currency),
        )
        for n in range(count)
    ]


def _part(whole: int, n: int, count: int) -> int:
    """Return the *n*-th of *count* parts of *whole*, which differ by one at most."""
    size = abs(whole)
    part = size * (n + 1) // count - size * n // count
    return part if whole > 0 else -part
