"""For which charges a rule holds, and how it chooses, by value."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexafi.kernel.values.money import Money
from nexafi.payments.routing import rules
from nexafi.payments.routing.rules import Case, Conditions, Cost, Tally

KNOWN = ["stripe", "paypal", "sandbox"]
CASE = Case(UUID(int=1), Money(10_000, "EUR"), "DE", "card", {"shop": "north"})


def names(ranked) -> list[str]:
    return [each.provider for each in ranked]


@pytest.mark.parametrize(
    ("conditions", "fits"),
    [
        (Conditions(), True),
        (Conditions(currencies=["EUR", "USD"]), True),
        (Conditions(currencies=["USD"]), False),
        (Conditions(least=Money(10_000, "EUR"), most=Money(10_000, "EUR")), True),
        (Conditions(least=Money(10_001, "EUR")), False),
        (Conditions(most=Money(9_999, "EUR")), False),
        (Conditions(most=Money(10**9, "USD")), False),
        (Conditions(countries=["DE"]), True),
        (Conditions(countries=["FR"]), False),
        (Conditions(method_kinds=["card"]), True),
        (Conditions(method_kinds=["sepa_debit"]), False),
        (Conditions(details={"shop": "north"}), True),
        (Conditions(details={"shop": "south"}), False),
        (Conditions(details={"till": "1"}), False),
    ],
)
def test_a_rule_holds_where_all_its_conditions_do(conditions, fits):
    assert (rules.misfit(conditions, CASE) == "") is fits


def test_what_is_not_known_fits_no_condition():
    unknown = Case(UUID(int=1), Money(1, "EUR"))
    for asked in (Conditions(countries=["DE"]), Conditions(method_kinds=["card"])):
        assert rules.misfit(asked, unknown).endswith("not known.")


def test_providers_that_are_not_named_come_last_as_they_are_connected():
    assert names(rules.in_order(["sandbox", "bank"], KNOWN)) == ["sandbox", "stripe", "paypal"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_shares_hold_within_one_in_a_hundred(seed):
    dice = Random(seed)  # noqa: S311 - a game, not a secret
    shares = {"stripe": 70, "paypal": 20, "sandbox": 10}
    count = dict.fromkeys(KNOWN, 0)
    for _ in range(10_000):
        ranked = rules.by_shares(shares, KNOWN, UUID(int=dice.getrandbits(128)))
        count[ranked[0].provider] += 1

    assert all(abs(count[each] - shares[each] * 100) <= 100 for each in KNOWN), count


@given(st.uuids(), st.dictionaries(st.sampled_from(KNOWN), st.integers(0, 100)))
def test_the_same_charge_is_put_alike_and_nobody_is_lost(charge_id, shares):
    first = rules.by_shares(shares, KNOWN, charge_id)

    assert first == rules.by_shares(shares, KNOWN, charge_id)
    assert sorted(names(first)) == sorted(KNOWN)
    left = [each for each in KNOWN if each != first[0].provider]
    assert names(rules.by_shares(shares, left, charge_id)) == names(first)[1:]


def test_the_cheapest_depends_on_the_amount():
    costs = {
        "stripe": Cost(Decimal("0.029"), {"EUR": 30}),
        "paypal": Cost(Decimal("0.034"), {"EUR": 10}),
    }

    assert names(rules.cheapest(costs, KNOWN, Money(1_000, "EUR")))[0] == "paypal"
    assert names(rules.cheapest(costs, KNOWN, Money(10_000, "EUR")))[0] == "stripe"


@pytest.mark.parametrize(
    ("tallies", "first"),
    [
        ({}, "stripe"),
        ({"stripe": Tally(80, 100), "paypal": Tally(90, 100)}, "paypal"),
        ({"stripe": Tally(95, 100), "paypal": Tally(9, 9), "sandbox": Tally(70, 100)}, "stripe"),
        ({"stripe": Tally(80, 100), "paypal": Tally(95, 100), "sandbox": Tally(0, 49)}, "paypal"),
    ],
)
def test_success_counts_where_there_is_enough_to_tell(tallies, first):
    assert names(rules.most_successful(tallies, KNOWN, sample_min=50))[0] == first


def test_a_small_sample_is_drawn_towards_all():
    tallies = {"stripe": Tally(5, 5), "paypal": Tally(950, 1000)}

    ranked = rules.most_successful(tallies, ["stripe", "paypal"], sample_min=1)

    rate = {each.provider: float(each.why.split()[-1].rstrip(".")) for each in ranked}
    assert 0.95 < rate["stripe"] < 0.965
