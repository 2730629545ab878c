"""What foreign amounts are worth at the end of a day, told for that day only."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexafi.contracts.ledger.permissions import LedgerPermission as May
from nexafi.kernel.values.money import Money
from nexafi.ledger.currencies import rules
from nexafi.ledger.journal import actions, queries
from nexafi.ledger.journal import rules as journal
from nexafi.ledger.journal.rules import Draft, Leg
from nexafi.ledger.periods.rules import Standing
from nexafi.ledger.tables import Account

RATES = "/api/v1/ledger/rates"
DAY = date(2026, 3, 31)
KNOWN = {"USD": Decimal("0.95"), "JPY": Decimal("0.006")}

standings = st.lists(
    st.builds(
        Standing,
        st.sampled_from(["1000", "1200", "2000"]),
        st.sampled_from(["EUR", "USD", "JPY"]),
        st.integers(-(10**12), 10**12),
        st.integers(-(10**12), 10**12),
    ),
    max_size=8,
    unique_by=lambda each: (each.account, each.currency),
)


@given(standings)
def test_after_it_all_is_worth_what_the_rate_says_and_no_amount_has_moved(found):
    draft = rules.revaluation(DAY, found, KNOWN, gains="4920", losses="7100", base_currency="EUR")

    worth = {(s.account, s.currency): s.base_minor for s in found}
    if draft is not None:
        journal.check(draft, "EUR")
        for leg in draft.legs:
            if leg.account not in {"4920", "7100"}:
                assert leg.amount.minor == 0
                worth[leg.account, leg.amount.currency] += leg.base.minor
    for each in found:
        if each.currency != "EUR":
            exact = journal.worth_of(Money(each.minor, each.currency), "EUR", KNOWN)
            assert abs(worth[each.account, each.currency] - exact) <= Decimal("0.5")


@pytest.fixture
def abroad(ledger):
    """A ledger with 100 dollars owed to it, booked at 90 euro, and goods bought for 10."""
    with ledger.database.work(ledger.caller) as work:
        work.session.add_all(
            Account(code=code, name=code, type=kind, subtype=subtype, normal_side="debit")
            for code, kind, subtype in (
                ("1300", "asset", "inventory"),
                ("4920", "income", "gains"),
                ("7100", "expense", "losses"),
            )
        )
    with ledger.database.work(ledger.caller) as work:
        for debit, credit, minor, worth in (("1200", "4000", 100, 90), ("1300", "1050", 10, 9)):
            legs = (
                Leg(debit, Money(minor * 100, "USD"), Money(worth * 100, "EUR")),
                Leg(credit, Money(-worth * 100, "EUR")),
            )
            actions.post(work, Draft(date(2026, 3, 1), "Abroad", legs))
    return ledger


def worths(ledger) -> dict[str, int]:
    with ledger.database.work(ledger.caller) as work:
        found: dict[str, int] = {}
        for each in queries.sums_kept(work):
            found[each.code] = found.get(each.code, 0) + each.base_minor
        return {code: minor for code, minor in found.items() if minor}


def revalue(ledger, **more: object):
    return ledger.client.post(f"{RATES}/revaluation", json={"date": "2026-03-31", **more})


def put(ledger, rate: str) -> None:
    body = {"currency": "USD", "date": "2026-03-31", "rate": rate}
    assert ledger.client.post(RATES, json=body).status_code == 201


def test_a_gain_is_told_for_a_day_and_taken_back_the_next(abroad):
    before = worths(abroad)
    put(abroad, "0.95")
    answer = revalue(abroad)

    assert answer.status_code == 200, answer.json
    assert [(line["account"], line["base"]["amount"]) for line in answer.json["lines"]] == [
        ("1200", "5.00"),
        ("4920", "-5.00"),
    ]
    entry = abroad.client.get(f"/api/v1/ledger/entries/{answer.json['entry_id']}").json
    back = abroad.client.get(f"/api/v1/ledger/entries/{answer.json['reversal_id']}").json
    assert (entry["date"], back["date"]) == ("2026-03-31", "2026-04-01")
    assert back["reverses"] == entry["id"]
    assert worths(abroad) == before


def test_done_again_it_posts_only_what_a_better_rate_adds(abroad):
    put(abroad, "0.95")
    revalue(abroad)
    assert revalue(abroad).json == {"entry_id": None, "reversal_id": None, "lines": []}
    assert abroad.count("entries") == 4

    put(abroad, "0.85")
    lines = revalue(abroad).json["lines"]
    assert [(line["account"], line["base"]["amount"]) for line in lines] == [
        ("1200", "-10.00"),
        ("7100", "10.00"),
    ]


def test_many_at_once_tell_it_once(abroad):
    put(abroad, "0.95")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: revalue(abroad), range(8)))

    assert {each.status_code for each in answers} == {200}
    assert sum(each.json["entry_id"] is not None for each in answers) == 1
    assert abroad.count("entries") == 4


@pytest.mark.parametrize("lack", ["rate", "account", "open day"])
def test_what_it_lacks_is_said_and_nothing_is_posted(abroad, lack):
    if lack != "rate":
        put(abroad, "0.95")
    if lack == "account":
        with abroad.database.work(abroad.caller) as work:
            for account in work.session.query(Account).where(Account.code == "4920"):
                account.is_open = False
    if lack == "open day":
        abroad.client.post("/api/v1/ledger/periods/lock", json={"date": "2026-04-01"})
    answer = revalue(abroad)

    problem = {"rate": "rate-unknown", "account": "account-missing", "open day": "period-closed"}
    assert answer.json["type"] == f"/problems/ledger/{problem[lack]}"
    assert abroad.count("entries") == 2


def test_who_may_not_post_revalues_nothing(abroad):
    put(abroad, "0.95")
    may = frozenset(May) - {May.ENTRY_POST}
    abroad.caller = replace(abroad.caller, permissions=may)

    assert revalue(abroad).status_code == 403
    assert abroad.count("entries") == 2
