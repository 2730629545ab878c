"""Which line of a schedule holds, and how much it takes, by value and by law."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexafi.kernel.values.money import Money
from nexafi.payments.fees import rules
from nexafi.payments.fees.rules import Amounts, Case, Line, Terms

DAY = date(2026, 4, 1)
STANDARD = Terms(Decimal("0.029"), {"EUR": Amounts(30)})
MINOR = st.integers(1, 10**9)
TERMS = st.builds(
    lambda share, fixed, least, more: Terms(
        share, {"EUR": Amounts(fixed, least, None if more is None else least + more)}
    ),
    st.decimals(0, 1, places=6),
    st.integers(0, 10_000),
    st.integers(0, 10_000),
    st.none() | st.integers(0, 10_000),
)


def line(number: int, **conditions) -> Line:
    return Line(UUID(int=number), conditions.pop("terms", STANDARD), **conditions)


@pytest.mark.parametrize(
    ("minor", "fee"),
    [(10_000, 320), (1, 1), (30, 30), (50, 31), (15_500, 480), (500, 44), (1_500, 74)],
)
def test_a_share_is_rounded_half_to_even_and_what_is_fixed_added(minor, fee):
    assert rules.fee(STANDARD, Money(minor, "EUR")) == fee


def test_a_fee_stays_between_its_least_and_its_most():
    terms = Terms(Decimal("0.01"), {"EUR": Amounts(0, least=50, most=500)})

    found = [rules.fee(terms, Money(minor, "EUR")) for minor in (20, 100, 20_000, 90_000)]

    assert found == [20, 50, 200, 500]


CASE = Case("EUR", DAY, plan="pro", provider="stripe", method_kind="card", crosses_border=False)


@pytest.mark.parametrize(
    ("lines", "wins"),
    [
        ([line(1), line(2, plan="pro")], 2),
        ([line(1, plan="pro"), line(2, provider="stripe", method_kind="card")], 2),
        ([line(1, plan="pro"), line(2, provider="stripe")], 1),
        ([line(1, provider="stripe"), line(2, method_kind="card")], 1),
        ([line(1, method_kind="card"), line(2, crosses_border=False)], 1),
        ([line(1, crosses_border=False), line(2, currency="EUR")], 1),
        ([line(1, valid_from=date(2026, 2, 1)), line(2, valid_from=date(2026, 1, 1))], 1),
        ([line(1), line(2)], 2),
        ([line(1), line(2, plan="basic"), line(3, crosses_border=True)], 1),
        ([line(1), line(2, plan="pro", valid_until=date(2026, 3, 31))], 1),
        ([line(1), line(2, plan="pro", valid_from=date(2026, 4, 2))], 1),
        ([line(1, terms=Terms(Decimal(0))), line(2, plan="pro", terms=Terms(
            Decimal(0), {"USD": Amounts(30)}))], 1),
    ],
)  # fmt: skip
def test_the_most_specific_line_wins(lines, wins):
    for order in (lines, lines[::-1]):
        found = rules.best(order, CASE)
        assert found is not None
        assert found.id == UUID(int=wins)


def test_no_line_holds_for_another_currency_or_an_unknown_border():
    assert rules.best([line(1)], Case("USD", DAY)) is None
    for crosses in (True, False):
        assert rules.best([line(1, crosses_border=crosses)], Case("EUR", DAY)) is None


@given(TERMS, MINOR)
def test_a_fee_is_never_below_zero_nor_above_what_is_paid(terms, minor):
    assert 0 <= rules.fee(terms, Money(minor, "EUR")) <= minor


@given(TERMS, st.lists(MINOR, min_size=1, max_size=8))
def test_captured_in_parts_it_costs_what_it_costs_at_once(terms, parts):
    taken = captured = 0
    for part in parts:
        captured += part
        taken += rules.still_owed(terms, Money(captured, "EUR"), taken)

    assert taken == rules.fee(terms, Money(captured, "EUR"))


@given(st.integers(0, 10**9), st.lists(MINOR, min_size=1, max_size=8), st.data())
def test_what_goes_back_is_never_more_than_taken_and_all_in_the_end(taken, parts, data):
    captured = sum(parts)
    taken = min(taken, captured)
    returned = refunded = 0
    for part in data.draw(st.permutations(parts)):
        refunded += part
        more = rules.to_give_back(taken, returned, captured=captured, refunded=refunded)
        assert more >= 0
        returned += more
        assert returned <= taken
        assert abs(returned - Decimal(taken * refunded) / captured) <= Decimal("0.5")

    assert returned == taken
