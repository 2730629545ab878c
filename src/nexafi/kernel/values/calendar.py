"""Business days: when TARGET settles euro, and when the Federal Reserve settles dollars.

Both follow from rules, so no list runs out: TARGET closes as the European Central Bank laid down
in 2000, the Federal Reserve as its Financial Services publish. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

DAY = timedelta(days=1)
SATURDAY, SUNDAY = 5, 6
MONDAY, THURSDAY = 0, 3


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days on which money settles, of one system."""

    name: str
    """What people call it."""
    holidays: Callable[[int], frozenset[date]]
    """Of a year; weekends apart."""

    def is_open(self, day: date) -> bool:
        """Return whether money settles on *day*."""
        return day.weekday() < SATURDAY and day not in self.holidays(day.year)

    def on_or_after(self, day: date) -> date:
        """Return *day* if money settles on it, else the next on which it does."""
        while not self.is_open(day):
            day += DAY
        return day

    def after(self, day: date, days: int) -> date:
        """Return the business day that lies so many business days after *day*.

        Counting begins on the first business day that is not before it.
        """
        day = self.on_or_after(day)
        for _ in range(days):
            day = self.on_or_after(day + DAY)
        return day


def easter(year: int) -> date:
    """Return Easter Sunday of the Gregorian calendar (the rule of Meeus, Jones and Butcher)."""
    golden, century, rest = year % 19, year // 100, year % 100
    skew = (
        19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15
    ) % 30
    week = (32 + 2 * (century % 4) + 2 * (rest // 4) - skew - rest % 4) % 7
    late = (golden + 11 * skew + 22 * week) // 451
    month, day = divmod(skew + week - 7 * late + 114, 31)
    return date(year, month, day + 1)


@lru_cache(64)
def _target(year: int) -> frozenset[date]:
    sunday = easter(year)
    return frozenset(
        {
            date(year, 1, 1),
            sunday - 2 * DAY,
            sunday + DAY,
            date(year, 5, 1),
            date(year, 12, 25),
            date(year, 12, 26),
        }
    )


@lru_cache(64)
def _federal_reserve(year: int) -> frozenset[date]:
    fixed = [date(year, 1, 1), date(year, 6, 19), date(year, 7, 4), date(year, 11, 11)]
    fixed.append(date(year, 12, 25))
    moving = [
        _nth(year, 1, MONDAY, 3),  # Martin Luther King
        _nth(year, 2, MONDAY, 3),  # Washington
        _nth(year, 6, MONDAY, 1) - 7 * DAY,  # Memorial Day, the last Monday of May
        _nth(year, 9, MONDAY, 1),  # Labor Day
        _nth(year, 10, MONDAY, 2),  # Columbus
        _nth(year, 11, THURSDAY, 4),  # Thanksgiving
    ]
    # What falls on a Sunday is kept on Monday; what falls on a Saturday is not kept at all.
    return frozenset([*moving, *(each + DAY * (each.weekday() == SUNDAY) for each in fixed)])


def _nth(year: int, month: int, weekday: int, which: int) -> date:
    first = date(year, month, 1)
    return first + DAY * ((weekday - first.weekday()) % 7 + 7 * (which - 1))


TARGET = Calendar("TARGET", _target)
FEDERAL_RESERVE = Calendar("the Federal Reserve", _federal_reserve)
