"""Which days a report and its comparisons go over."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nexafi.ledger.errors import ReportTooLarge, SpanInvalid
from nexafi.ledger.reports import rules

DAYS = st.dates(date(1900, 1, 1), date(2200, 12, 31))
STARTS = st.sampled_from(["01-01", "04-01", "04-06", "07-01", "02-29", "12-31"])
UNITS = st.sampled_from(["month", "quarter", "year", "period"])


def d(text: str) -> date:
    return date.fromisoformat(text)


def moved(compare: str | None, first: str, last: str, fiscal: str = "01-01") -> list[str]:
    spans = rules.movements(d(first), d(last), compare, fiscal)
    return [f"{span.starts_on}..{span.ends_on}" for span in spans]


def stood(compare: str | None, on: str, fiscal: str = "01-01") -> list[str]:
    return [str(span.ends_on) for span in rules.balances(d(on), compare, fiscal)]


def test_the_period_before_a_quarter_is_a_quarter():
    assert moved("previous_period", "2026-01-01", "2026-03-31") == [
        "2026-01-01..2026-03-31",
        "2025-10-01..2025-12-31",
    ]


def test_the_period_before_ten_days_is_ten_days():
    assert moved("previous_period", "2026-03-11", "2026-03-20")[1] == "2026-03-01..2026-03-10"


def test_the_year_before_a_leap_february_ends_with_its_last_day():
    assert moved("previous_year", "2024-02-01", "2024-02-29")[1] == "2023-02-01..2023-02-28"
    assert moved("previous_year", "2025-02-01", "2025-02-28")[1] == "2024-02-01..2024-02-29"


def test_months_follow_time_and_the_last_is_cut():
    assert moved("3 months", "2026-01-01", "2026-03-15") == [
        "2026-01-01..2026-01-31",
        "2026-02-01..2026-02-28",
        "2026-03-01..2026-03-15",
    ]


def test_quarters_and_years_are_those_of_the_fiscal_year():
    assert moved("2 quarters", "2026-01-01", "2026-04-10", "04-06") == [
        "2026-01-06..2026-04-05",
        "2026-04-06..2026-04-10",
    ]
    assert moved("2 years", "2026-01-01", "2026-03-31", "04-01") == [
        "2024-04-01..2025-03-31",
        "2025-04-01..2026-03-31",
    ]


def test_balances_are_compared_at_the_ends_of_periods():
    assert stood(None, "2026-03-31") == ["2026-03-31"]
    assert stood("previous_period", "2026-03-31") == ["2026-03-31", "2026-02-28"]
    assert stood("previous_year", "2024-02-29") == ["2024-02-29", "2023-02-28"]
    assert stood("3_quarters", "2026-05-10") == ["2025-12-31", "2026-03-31", "2026-05-10"]
    assert stood("2-years", "2026-05-10", "04-06") == ["2026-04-05", "2026-05-10"]


@pytest.mark.parametrize(
    ("first", "last", "title"),
    [
        ("2025-01-01", "2025-12-31", "2025"),
        ("2025-04-01", "2026-03-31", "Apr 2025\u2013Mar 2026"),
        ("2026-03-01", "2026-03-31", "Mar 2026"),
        ("2026-01-01", "2026-03-31", "Jan\u2013Mar 2026"),
        ("2026-01-01", "2026-03-15", "1 Jan\u201315 Mar 2026"),
        ("2025-12-15", "2026-03-15", "15 Dec 2025\u201315 Mar 2026"),
        ("2026-03-15", "2026-03-15", "15 Mar 2026"),
    ],
)
def test_a_column_is_named_as_one_would_say_it(first, last, title):
    assert rules.span_title(d(first), d(last)) == title


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (None, "2026-03-31", "As of 31 March 2026"),
        ("2025-01-01", "2025-12-31", "Year ended 31 December 2025"),
        ("2026-01-01", "2026-03-31", "Three months ended 31 March 2026"),
        ("2026-03-01", "2026-03-31", "Month ended 31 March 2026"),
        ("2026-03-01", "2026-03-30", "1 March 2026 to 30 March 2026"),
    ],
)
def test_a_period_is_told_in_words(first, last, words):
    assert rules.in_words(d(first) if first else None, d(last)) == words


@pytest.mark.parametrize("compare", ["", "0 months", "37 months", "yesterday", "1e3 years", "12"])
def test_a_comparison_that_we_do_not_know_is_refused(compare):
    with pytest.raises(SpanInvalid):
        rules.balances(d("2026-03-31"), compare, "01-01")


def test_a_report_may_not_end_before_it_begins_nor_have_too_many_columns():
    with pytest.raises(SpanInvalid):
        rules.movements(d("2026-03-31"), d("2026-03-30"), None, "01-01")
    with pytest.raises(ReportTooLarge):
        rules.months(d("2020-01-01"), d("2026-03-30"))


@given(DAYS, st.integers(0, 800), st.integers(1, 36), UNITS, STARTS)
def test_counted_spans_meet_without_gap_and_end_where_asked(first, length, count, unit, fiscal):
    last = first + timedelta(length)
    assume(unit != "period" or count * length < 20_000)
    spans = rules.movements(first, last, f"{count} {unit}s", fiscal)

    assert len(spans) == count
    assert spans[-1].ends_on == last
    for one, two in pairwise(spans):
        assert one.starts_on <= one.ends_on
        assert two.starts_on == one.ends_on + timedelta(1)


@given(DAYS, st.integers(1, 36), UNITS, STARTS)
def test_counted_balances_are_the_ends_of_counted_spans(on, count, unit, fiscal):
    spans = rules.movements(on, on, f"{count} {'month' if unit == 'period' else unit}s", fiscal)
    days = [span.ends_on for span in rules.balances(on, f"{count} {unit}s", fiscal)]

    assert days == [span.ends_on for span in spans]


@given(DAYS, STARTS)
def test_a_fiscal_year_begins_on_or_before_a_day_and_within_a_year(on, fiscal):
    start = rules.fiscal_year_start(on, fiscal)

    assert start <= on < start + timedelta(367)
    assert rules.fiscal_year_start(start, fiscal) == start


@given(DAYS, st.integers(0, 1000))
def test_months_cover_the_days(first, length):
    last = first + timedelta(length)
    spans = rules.months(first, last)

    assert (spans[0].starts_on, spans[-1].ends_on) == (first, last)
    assert sum((s.ends_on - s.starts_on).days + 1 for s in spans) == length + 1
    assert all(s.starts_on.month == s.ends_on.month for s in spans)
