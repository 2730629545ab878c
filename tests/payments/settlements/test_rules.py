"""Matching by value: names first, amounts where there are none, and never a guess."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from dataclasses import replace
from itertools import combinations
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexafi.contracts.payments.events import MovementKind
from nexafi.payments.settlements import rules
from nexafi.payments.settlements.report import Line, LineKind
from nexafi.payments.settlements.rules import BreakKind, How, Known, State
from tests.payments.settlements.generator import case

DAY = dt.date(2026, 3, 9)


def known(minor: int = 10_000, **more: object) -> Known:
    given = {"kind": MovementKind.CAPTURE, "on": DAY, "currency": "EUR", **more}
    return Known(uuid4(), minor=minor, **given)


def line(amount: int = 10_000, **more: object) -> Line:
    return Line(**{"kind": LineKind.CHARGE, "on": DAY, "currency": "EUR", "amount": amount, **more})


@pytest.mark.parametrize("seed", range(5))
def test_of_10_000_lines_with_faults_none_is_matched_wrongly_and_nearly_all_rightly(seed):
    made = case(seed, 10_000)

    began = time.perf_counter()
    found = rules.match(made.lines, made.movements)
    took = time.perf_counter() - began

    false, right = [], 0
    for truth, each in zip(made.truths, found, strict=True):
        linked = each.movement.id if each.state is State.MATCHED else None
        if linked is not None and linked != truth.movement:
            false.append((truth, each))
        right += (linked, each.is_off) == (truth.movement, truth.fault)
    assert false == []
    assert right / len(made.lines) >= 0.995, Counter(
        (truth.fault, each.is_off)
        for truth, each in zip(made.truths, found, strict=True)
        if each.is_off is not truth.fault
    )
    linked = {each.movement.id for each in found if each.state is State.MATCHED}
    assert not linked & made.dropped
    assert took < 5, "it is a matter of a tenth of a second"


def test_no_movement_is_given_to_two_lines():
    one = known(reference="ch_1")

    first, second = rules.match([line(aliases=("ch_1",)), line(aliases=("ch_1",))], [one])

    assert (first.state, first.how) == (State.MATCHED, How.REFERENCE)
    assert (second.state, second.is_off) == (State.OPEN, BreakKind.DUPLICATE)


def test_the_line_with_the_right_amount_has_it_and_not_the_one_that_comes_first():
    wrong, right = rules.match(
        [line(9_999, aliases=("ch_1",)), line(aliases=("ch_1",))], [known(reference="ch_1")]
    )

    assert (right.state, right.is_off) == (State.MATCHED, None)
    assert wrong.is_off is BreakKind.DUPLICATE


def test_two_that_fit_alike_are_left_to_a_person():
    twins = [known(), known()]

    (found,) = rules.match([line()], twins)
    assert (found.state, found.is_off) == (State.OPEN, BreakKind.AMBIGUOUS)
    (found,) = rules.match([line()], twins[:1])
    assert (found.state, found.how) == (State.MATCHED, How.AMOUNT)
    both = rules.match([line(), line()], twins[:1])
    assert [each.state for each in both] == [State.OPEN, State.OPEN]


def test_what_names_something_else_is_not_matched_by_its_amount():
    (found,) = rules.match([line(aliases=("ch_other",))], [known()])

    assert (found.state, found.is_off) == (State.OPEN, BreakKind.UNKNOWN_REFERENCE)


def test_a_fee_that_nobody_told_is_booked_and_one_that_differs_is_a_break():
    (silent,) = rules.match([line(fee=320, aliases=("a",))], [known(reference="a")])
    (other,) = rules.match([line(fee=320, aliases=("a",))], [known(reference="a", fee=300)])
    (same,) = rules.match([line(fee=320, aliases=("a",))], [known(reference="a", fee=320)])

    assert (silent.fee, silent.is_off) == (320, None)
    assert (other.fee, other.is_off) == (0, BreakKind.FEE)
    assert (same.fee, same.is_off) == (0, None)


def test_what_was_exchanged_is_compared_before_its_exchange():
    usd = known(currency="USD", reference="a")
    told = line(9_200, own=(10_000, "USD"), aliases=("a",))

    (found,) = rules.match([told], [usd])
    (silent,) = rules.match([replace(told, own=None)], [usd])
    (off,) = rules.match([replace(told, own=(9_900, "USD"))], [usd])

    assert (found.is_exchanged, found.taken, found.taken_currency) == (True, 10_000, "USD")
    assert (silent.state, silent.is_off) == (State.OPEN, BreakKind.CURRENCY)
    assert (off.state, off.is_off, off.matched - off.taken) == (
        State.MATCHED, BreakKind.AMOUNT, 100,
    )  # fmt: skip


def test_a_charge_captured_in_parts_is_told_apart_by_amounts():
    parts = [known(3_000, charge_reference="pi_1"), known(2_000, charge_reference="pi_1")]

    found = rules.match([line(2_000, aliases=("pi_1",)), line(3_000, aliases=("pi_1",))], parts)

    assert [each.movement for each in found] == [parts[1], parts[0]]


def test_names_that_contradict_each_other_are_left_to_a_person():
    one, other = known(reference="a"), known(operation_id=uuid4())

    (found,) = rules.match([line(aliases=("a",), operation=other.operation_id)], [one, other])

    assert (found.state, found.is_off) == (State.OPEN, BreakKind.AMBIGUOUS)


def test_a_refund_is_no_charge_whatever_its_name():
    (found,) = rules.match([line(-10_000, kind=LineKind.REFUND, aliases=("a",))], [
        known(reference="a")
    ])  # fmt: skip

    assert found.state is State.OPEN


@given(st.lists(st.integers(-50, 50), max_size=8), st.integers(-100, 100))
def test_payouts_are_found_in_a_transfer_only_where_one_choice_makes_it(parts, total):
    choices = [
        places
        for count in range(1, len(parts) + 1)
        for places in combinations(range(len(parts)), count)
        if sum(parts[n] for n in places) == total
    ]

    found = rules.together(total, parts)

    assert found == (choices[0] if len(choices) == 1 else None)
