"""The rules of the chart, by value and by property; and the charts that come with it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexafi.kernel.values.money import Money
from nexafi.ledger.accounts import rules, templates
from nexafi.ledger.accounts.rules import Place
from nexafi.ledger.errors import ParentUnfit, SubtypeUnfit, TemplateUnknown
from nexafi.ledger.journal import rules as journal
from nexafi.ledger.journal.rules import Draft, Leg
from nexafi.ledger.reports import balance_sheet, cash, income_statement


@given(
    st.lists(st.tuples(st.integers(0, 9), st.none() | st.integers(0, 9)), max_size=60),
)
def test_however_accounts_are_moved_none_stands_below_itself(moves):
    chart = {n: Place(str(n), "asset") for n in range(10)}
    for own, parent in moves:
        if parent is not None:
            try:
                rules.check_parent(str(own), "asset", own, parent, chart)
            except ParentUnfit:
                continue
        chart[own] = Place(str(own), "asset", parent)

    for own, place in chart.items():
        above, steps = place.parent, 0
        while above is not None:
            assert above != own
            above, steps = chart[above].parent, steps + 1
            assert steps <= len(chart), "a cycle above it"


@given(st.permutations(range(6)))
def test_a_chain_is_refused_exactly_where_it_would_close(order):
    chart = {
        n: Place(str(n), "asset", above) for n, above in zip(order, [None, *order], strict=False)
    }

    for lower in order[1:]:
        with pytest.raises(ParentUnfit):
            rules.check_parent(str(order[0]), "asset", order[0], lower, chart)
    rules.check_parent(str(order[-1]), "asset", order[-1], order[0], chart)


def test_an_account_stands_below_one_of_its_type_only():
    with pytest.raises(ParentUnfit):
        rules.check_parent("4010", "income", None, 1, {1: Place("1000", "asset")})


@pytest.mark.parametrize("type_", rules.SUBTYPES)
def test_a_subtype_belongs_to_its_type(type_):
    for subtype in rules.SUBTYPES[type_]:
        rules.check_subtype(type_, subtype)
    with pytest.raises(SubtypeUnfit):
        rules.check_subtype(type_, "secret")
    rules.check_subtype(type_, None)


def test_reports_know_the_subtypes_by_the_same_words():
    assert cash.CASH in rules.SUBTYPES["asset"]
    long_term = {"fixed_asset", "accumulated_depreciation", "intangible", "investment"}
    assert long_term | {"non_current_asset"} == balance_sheet.NON_CURRENT["asset"] & set(
        rules.SUBTYPES["asset"]
    )
    assert {"loan", "non_current_liability"} == balance_sheet.NON_CURRENT["liability"] & set(
        rules.SUBTYPES["liability"]
    )
    assert {"other_income", "interest_income", "gains"} == income_statement.OTHER_INCOME & set(
        rules.SUBTYPES["income"]
    )
    expenses = set(rules.SUBTYPES["expense"])
    assert expenses - income_statement.APART == {"operating", "payroll", "depreciation"}


@pytest.mark.parametrize("template", templates.TEMPLATES.values(), ids=lambda each: each.name)
def test_a_template_has_what_the_ledger_asks_for(template):
    subtypes = [each.subtype for each in template.accounts]

    assert None not in subtypes
    for one in ("retained_earnings", "opening_balance"):
        assert subtypes.count(one) == 1
    for some in ("cash", "receivable", "payable", "revenue", "gains", "losses", "income_tax"):
        assert some in subtypes
    assert len({each.name for each in template.accounts}) == len(template.accounts)


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("us-small-company", "us-small-company"),
        ("US small company", "us-small-company"),
        ("us_small_company", "us-small-company"),
        ("IFRS", "ifrs"),
        ("IFRS-style", "ifrs"),
        ("freelancer", "freelancer"),
        ("sole trader", "freelancer"),
    ],
)
def test_a_template_is_found_however_it_is_spelled(asked, name):
    assert templates.template(asked).name == name


def test_no_two_templates_answer_to_one_name():
    names = [name for each in templates.TEMPLATES.values() for name in (each.name, *each.aliases)]
    assert sorted(names) == sorted(set(names))
    with pytest.raises(TemplateUnknown):
        templates.template("skr04")


amounts = st.builds(
    Leg,
    st.sampled_from(["1000", "1200", "2000"]),
    st.builds(Money, st.integers(-(10**9), 10**9), st.sampled_from(["EUR", "USD", "JPY"])),
)


@given(st.lists(amounts, min_size=1, max_size=8))
def test_opening_balances_always_sum_to_zero_and_worth_follows_the_rate(legs):
    rates = {"USD": Decimal("0.9"), "JPY": Decimal("0.006")}
    draft = Draft(date(2026, 1, 1), "Opening", tuple(legs))

    opening = rules.opening(draft, "3800", "EUR", rates)

    assert sum(leg.base.minor for leg in opening.legs) == 0
    assert opening.kind == "opening"
    for leg, worth in zip(legs, opening.legs, strict=False):
        exact = journal.worth_of(leg.amount, "EUR", rates | {"EUR": Decimal(1)})
        assert abs(worth.base.minor - exact) <= Decimal("0.5")
