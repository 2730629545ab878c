"""The rules of periods, by value and by property."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexafi.ledger.errors import NoSuchMove, PeriodUnfit
from nexafi.ledger.journal import rules as journal
from nexafi.ledger.periods import rules
from nexafi.ledger.periods.rules import Standing

days = st.dates(date(1990, 1, 1), date(2100, 12, 31))
starts = st.dates(date(2024, 1, 1), date(2024, 12, 31)).map(lambda day: f"{day:%m-%d}")


@given(days, starts)
def test_each_day_lies_in_one_year_and_years_meet(day, start):
    first, last = rules.year_of(day, start)
    after, _ = rules.year_of(last + timedelta(1), start)

    assert first <= day <= last
    assert after == last + timedelta(1)
    assert 364 <= (last - first).days <= 366


@pytest.mark.parametrize(
    ("day", "start", "first", "last", "name"),
    [
        ("2026-04-01", "01-01", "2026-01-01", "2026-12-31", "2026"),
        ("2026-03-31", "04-01", "2025-04-01", "2026-03-31", "2025/26"),
        ("2026-04-01", "04-01", "2026-04-01", "2027-03-31", "2026/27"),
        ("2025-01-01", "02-29", "2024-02-29", "2025-02-27", "2024/25"),
        ("2000-01-01", "07-01", "1999-07-01", "2000-06-30", "1999/00"),
    ],
)
def test_a_fiscal_year_begins_where_the_organization_says(day, start, first, last, name):
    found = rules.year_of(date.fromisoformat(day), start)

    assert found == (date.fromisoformat(first), date.fromisoformat(last))
    assert rules.year_name(*found) == name


@given(days, st.integers(0, 540), st.sampled_from(["month", "quarter"]))
def test_the_parts_of_a_year_are_all_of_it_and_meet(first, length, into):
    last = first + timedelta(length)
    spans = rules.split(first, last, into)

    assert spans[0].starts_on == first
    assert spans[-1].ends_on == last
    for span, after in itertools.pairwise(spans):
        assert span.starts_on <= span.ends_on
        assert after.starts_on == span.ends_on + timedelta(1)
    assert len({span.name for span in spans}) == len(spans)


def test_a_year_has_twelve_months_of_the_calendar():
    spans = rules.split(date(2024, 1, 1), date(2024, 12, 31), "month")

    assert [span.name for span in spans[:2]] == ["January 2024", "February 2024"]
    assert spans[1].ends_on == date(2024, 2, 29)
    assert len(spans) == 12
    quarters = rules.split(date(2025, 4, 1), date(2026, 3, 31), "quarter")
    assert [span.name for span in quarters] == [f"Q{n} 2025/26" for n in (1, 2, 3, 4)]


def test_a_year_is_no_longer_than_eighteen_months():
    rules.check_year(date(2025, 7, 1), date(2026, 12, 31))
    with pytest.raises(PeriodUnfit):
        rules.check_year(date(2025, 6, 1), date(2026, 12, 31))
    with pytest.raises(PeriodUnfit):
        rules.check_year(date(2026, 1, 2), date(2026, 1, 1))


@pytest.mark.parametrize("state", rules.MOVES)
def test_staying_put_is_no_move_and_all_else_is(state):
    for to in rules.MOVES:
        if to == state:
            with pytest.raises(NoSuchMove):
                rules.check_move("2026", state, to)
        else:
            rules.check_move("2026", state, to)


minors = st.integers(-20, 20) | st.integers(-(10**18), 10**18)


@st.composite
def books(draw) -> list[Standing]:
    """Draw what accounts stand at, in currencies whose worth follows no rate at all."""
    places = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["4000", "4100", "6000", "7000"]),
                st.sampled_from(["EUR", "USD", "JPY"]),
            ),
            unique=True,
            max_size=12,
        )
    )
    found = []
    for account, currency in places:
        minor = draw(minors)
        worth = minor if currency == "EUR" else draw(minors)
        found.append(Standing(account, currency, minor, worth))
    return found


@given(books())
def test_whatever_accounts_stand_at_the_closing_can_be_posted_and_leaves_nothing(standings):
    drafts = rules.closing("2025", date(2025, 12, 31), standings, "3900", "EUR")

    left = {(s.account, s.currency): [s.minor, s.base_minor] for s in standings}
    for draft in drafts:
        journal.check(draft, "EUR")
        assert (draft.kind, draft.date) == ("closing", date(2025, 12, 31))
        for leg in draft.legs:
            if leg.account != "3900":
                both = left[leg.account, leg.amount.currency]
                both[0] += leg.amount.minor
                both[1] += leg.base.minor
    assert all(both == [0, 0] for both in left.values())
    result = sum(leg.base.minor for d in drafts for leg in d.legs if leg.account == "3900")
    assert result == sum(s.base_minor for s in standings)


def test_a_result_is_told_in_the_base_currency():
    standings = [Standing("4000", "USD", -1000, -900), Standing("6000", "EUR", 200, 200)]
    [draft] = rules.closing("2025", date(2025, 12, 31), standings, "3900", "EUR")

    [result] = [leg for leg in draft.legs if leg.account == "3900"]
    assert (result.amount.minor, result.amount.currency) == (-700, "EUR")


def test_more_accounts_than_an_entry_holds_are_closed_by_several():
    standings = [Standing(str(n), "EUR", n, n) for n in range(1, 1202)]
    drafts = rules.closing("2025", date(2025, 12, 31), standings, "0", "EUR")

    assert len(drafts) == 3
    for draft in drafts:
        journal.check(draft, "EUR")
