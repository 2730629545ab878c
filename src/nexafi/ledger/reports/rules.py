"""Over which days a report goes: columns, comparisons, fiscal years. Pure.

A day belongs to the span that ends on it. Months are calendar months;
quarters and years are those of the fiscal year.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import date, timedelta

from nexafi.kernel.files.table import MONTHS, day, short_day
from nexafi.ledger.errors import ReportTooLarge, SpanInvalid

COLUMNS_MAX = 36
DAY = timedelta(days=1)
MONTHS_IN = {"month": 1, "quarter": 3, "year": 12}
COUNTED = re.compile(r"([0-9]{1,3})[ _-](month|quarter|year|period)s?", re.ASCII)
SPELLED = {3: "Three months ended", 6: "Six months ended", 9: "Nine months ended"}
FIRST_DAY = date(1, 1, 1)


@dataclass(frozen=True, slots=True)
class Span:
    """A column: the days it sums over, and the value of the dimension it is confined to."""

    ends_on: date
    starts_on: date | None = None
    """None for all that ever was: a balance, not a movement."""
    title: str = ""
    tag: tuple[str, str | None] | None = None
    """A dimension and one of its values; None in place of the value for entries without one."""


def month_start(on: date) -> date:
    """Return the first day of the month of *on*."""
    return on.replace(day=1)


def month_end(on: date) -> date:
    """Return the last day of the month of *on*."""
    return on.replace(day=monthrange(on.year, on.month)[1])


def shift(on: date, months: int) -> date:
    """Return *on* moved by whole months; the last day of a month stays the last."""
    year, month = divmod(on.year * 12 + on.month - 1 + months, 12)
    if not date.min.year < year < date.max.year:
        raise SpanInvalid("A report cannot go that far.")
    last = monthrange(year, month + 1)[1]
    return date(year, month + 1, last if on == month_end(on) else min(on.day, last))


def shift_start(on: date, months: int) -> date:
    """Return the first day of a span moved by whole months: spans that met still meet."""
    return shift(on - DAY, months) + DAY


def fiscal_year_start(on: date, start: str) -> date:
    """Return the first day of the fiscal year that *on* lies in; *start* is such as ``04-01``."""
    this = _fiscal_start(on.year, start)
    return this if this <= on else _fiscal_start(on.year - 1, start)


def _fiscal_start(year: int, start: str) -> date:
    """Return the day *start* of a year; 29 February is the last of February."""
    month, day_ = (int(part) for part in start.split("-"))
    year = max(year, date.min.year)
    return date(year, month, min(day_, monthrange(year, month)[1]))


def movements(starts_on: date, ends_on: date, compare: str | None, fiscal: str) -> list[Span]:
    """Return the columns of a report over a span of days.

    With ``previous_period`` or ``previous_year`` the newer comes first; with
    ``12 months`` the columns follow time, and the last is cut at *ends_on*.
    """
    if starts_on > ends_on:
        raise SpanInvalid(f"It begins on {starts_on}, after its end on {ends_on}.")
    if compare is None:
        pairs = [(starts_on, ends_on)]
    elif compare == "previous_period":
        pairs = [(starts_on, ends_on), _before(starts_on, ends_on)]
    elif compare == "previous_year":
        pairs = [(starts_on, ends_on), (shift_start(starts_on, -12), shift(ends_on, -12))]
    else:
        count, unit = _counted(compare)
        pairs = _run(starts_on, ends_on, count, unit, fiscal)
    return [Span(last, first, span_title(first, last)) for first, last in pairs]


def balances(as_of: date, compare: str | None, fiscal: str) -> list[Span]:
    """Return the columns of a report of balances.

    The period before ends a month earlier; ``4 quarters`` are the ends of the
    three quarters before *as_of*, and *as_of*.
    """
    if compare is None:
        days = [as_of]
    elif compare in {"previous_period", "previous_year"}:
        days = [as_of, shift(as_of, -1 if compare == "previous_period" else -12)]
    else:
        count, unit = _counted(compare)
        unit = "month" if unit == "period" else unit
        ends = [_unit_start(as_of, unit, fiscal)]
        while len(ends) < count:
            ends.append(shift_start(ends[-1], -MONTHS_IN[unit]))
        days = [*(start - DAY for start in reversed(ends[: count - 1])), as_of]
    return [Span(on, title=short_day(on)) for on in days]


def months(starts_on: date, ends_on: date) -> list[Span]:
    """Return a column for each calendar month that the days touch."""
    if starts_on > ends_on:
        raise SpanInvalid(f"It begins on {starts_on}, after its end on {ends_on}.")
    count = (ends_on.year - starts_on.year) * 12 + ends_on.month - starts_on.month + 1
    _check_count(count)
    found, first = [], starts_on
    while first <= ends_on:
        last = min(month_end(first), ends_on)
        found.append(Span(last, first, span_title(first, last)))
        first = last + DAY
    return found


def tagged(spans: list[Span], dimension: str, values: list[str | None]) -> list[Span]:
    """Return a column for each value of a dimension, in each span; None stands for no value."""
    _check_count(len(spans) * len(values))
    several = len(spans) > 1
    return [
        replace(
            span,
            title=f"{value or 'none'} {span.title}" if several else value or "none",
            tag=(dimension, value),
        )
        for span in spans
        for value in values
    ]


def _counted(compare: str) -> tuple[int, str]:
    found = COUNTED.fullmatch(compare)
    if found is None:
        raise SpanInvalid(
            f"Compare with previous_period, previous_year or a number of months, quarters, "
            f"years or periods, such as 12 months; not {compare[:40]!r}."
        )
    count = int(found[1])
    if not 1 <= count <= COLUMNS_MAX:
        raise SpanInvalid(f"A report has 1 to {COLUMNS_MAX} columns, not {count}.")
    return count, found[2]


def _check_count(count: int) -> None:
    if count > COLUMNS_MAX:
        raise ReportTooLarge(f"A report has at most {COLUMNS_MAX} columns; this one has {count}.")


def _whole_months(starts_on: date, ends_on: date) -> int | None:
    """Return how many months the days are, or None if they are not a number of months."""
    after = ends_on + DAY
    count = (after.year - starts_on.year) * 12 + after.month - starts_on.month
    return count if count > 0 and starts_on.day == after.day else None


def _before(starts_on: date, ends_on: date) -> tuple[date, date]:
    """Return the span just before, as many months long, or else as many days."""
    if count := _whole_months(starts_on, ends_on):
        return shift_start(starts_on, -count), starts_on - DAY
    length = ends_on - starts_on + DAY
    if starts_on - FIRST_DAY <= length:
        raise SpanInvalid("A report cannot go that far.")
    return starts_on - length, starts_on - DAY


def _run(
    starts_on: date, ends_on: date, count: int, unit: str, fiscal: str
) -> list[tuple[date, date]]:
    """Return *count* spans in order of time, the last of them cut at *ends_on*."""
    if unit == "period":
        pairs = [(starts_on, ends_on)]
        while len(pairs) < count:
            pairs.append(_before(*pairs[-1]))
        return pairs[::-1]
    pairs = [(_unit_start(ends_on, unit, fiscal), ends_on)]
    while len(pairs) < count:
        first = pairs[-1][0]
        pairs.append((shift_start(first, -MONTHS_IN[unit]), first - DAY))
    return pairs[::-1]


def _unit_start(on: date, unit: str, fiscal: str) -> date:
    """Return the first day of the month, fiscal quarter or fiscal year that *on* lies in."""
    if unit == "month":
        return month_start(on)
    start = fiscal_year_start(on, fiscal)
    if unit == "quarter":
        while (later := shift_start(start, 3)) <= on:
            start = later
    return start


def span_title(first: date, last: date) -> str:
    """Return the head of a column: ``2025``, ``Mar 2026``, ``Jan-Mar 2026`` or the days."""
    a, b = MONTHS[first.month - 1][:3], MONTHS[last.month - 1][:3]
    if first.day == 1 and last == month_end(last):
        if first.year == last.year:
            if (first.month, last.month) == (1, 12):
                return str(first.year)
            return f"{a} {last.year}" if a == b else f"{a}\u2013{b} {last.year}"
        return f"{a} {first.year}\u2013{b} {last.year}"
    if first == last:
        return short_day(last)
    year = "" if first.year == last.year else f" {first.year}"
    return f"{first.day} {a}{year}\u2013{short_day(last)}"


def in_words(starts_on: date | None, ends_on: date) -> str:
    """Return the period as the head of a statement says it."""
    if starts_on is None:
        return f"As of {day(ends_on)}"
    count = _whole_months(starts_on, ends_on)
    if count == 12:
        return f"Year ended {day(ends_on)}"
    if count == 1:
        return f"Month ended {day(ends_on)}"
    if count in SPELLED:
        return f"{SPELLED[count]} {day(ends_on)}"
    return f"{day(starts_on)} to {day(ends_on)}"
