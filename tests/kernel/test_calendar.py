"""Business days of TARGET and of the Federal Reserve, against days that were published."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexafi.kernel.values.calendar import FEDERAL_RESERVE, TARGET, easter

DAYS = st.dates(date(1990, 1, 1), date(2190, 12, 31))


@pytest.mark.parametrize(
    "sunday", ["2000-04-23", "2008-03-23", "2011-04-24", "2024-03-31", "2026-04-05", "2038-04-25"]
)
def test_easter_falls_where_it_fell(sunday):
    day = date.fromisoformat(sunday)

    assert easter(day.year) == day


@pytest.mark.parametrize(
    "day",
    [
        "2026-01-01", "2026-04-03", "2026-04-06", "2026-05-01", "2026-12-25",
        "2025-12-26", "2026-04-04", "2026-04-05",
    ],
)  # fmt: skip
def test_target_is_closed(day):
    assert not TARGET.is_open(date.fromisoformat(day))


@pytest.mark.parametrize(
    "day",
    [
        "2026-01-01", "2026-01-19", "2026-02-16", "2026-05-25", "2026-06-19", "2026-09-07",
        "2026-10-12", "2026-11-11", "2026-11-26", "2026-12-25", "2027-07-05", "2023-01-02",
    ],
)  # fmt: skip
def test_the_federal_reserve_is_closed(day):
    assert not FEDERAL_RESERVE.is_open(date.fromisoformat(day))


def test_the_federal_reserve_keeps_no_holiday_that_falls_on_a_saturday():
    fourth_of_july = date(2026, 7, 4)

    assert FEDERAL_RESERVE.is_open(fourth_of_july - timedelta(days=1))


def test_good_friday_is_a_business_day_in_new_york_only():
    good_friday = date(2026, 4, 3)

    assert (FEDERAL_RESERVE.is_open(good_friday), TARGET.is_open(good_friday)) == (True, False)
    assert TARGET.after(date(2026, 4, 2), 1) == date(2026, 4, 7)


@given(DAYS, st.integers(0, 10))
def test_counting_business_days_ends_on_one_and_skips_none(day, days):
    for calendar in (TARGET, FEDERAL_RESERVE):
        then = calendar.after(day, days)
        between = [day + timedelta(n) for n in range((then - day).days + 1)]

        assert calendar.is_open(then)
        assert sum(map(calendar.is_open, between)) == days + 1
