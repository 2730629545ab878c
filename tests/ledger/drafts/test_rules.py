"""The rules of drafts."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexafi.kernel.values.money import Money
from nexafi.ledger.drafts import rules
from nexafi.ledger.errors import DraftDecided, SecondPersonNeeded
from nexafi.ledger.journal.rules import Draft, Leg

money = st.builds(Money, st.integers(-(2**62), 2**62), st.sampled_from(["EUR", "JPY", "KWD"]))
legs = st.builds(Leg, st.text(max_size=32), money, st.none() | money, st.none() | st.text())
drafts = st.builds(
    Draft,
    st.dates(date(1900, 1, 1)),
    st.text(),
    st.lists(legs, max_size=5).map(tuple),
    source=st.none() | st.text(),
    reference=st.none() | st.text(),
    tags=st.dictionaries(st.text(), st.text(), max_size=3),
    journal=st.text(),
)


@given(drafts)
def test_what_is_kept_comes_back_as_it_was(draft):
    kept = json.loads(json.dumps(rules.body_of(draft)))

    assert rules.draft_of(kept) == draft


@pytest.mark.parametrize("state", ["approved", "rejected"])
@pytest.mark.parametrize("to", ["open", "approved", "rejected"])
def test_what_is_decided_stays_so(state, to):
    with pytest.raises(DraftDecided):
        rules.check_move(state, to)
    rules.check_move("open", to)


def test_a_second_person_is_needed_only_where_it_was_said():
    rules.check_approver("ada", "ada", must_differ=False)
    rules.check_approver("ben", "ada", must_differ=True)
    with pytest.raises(SecondPersonNeeded):
        rules.check_approver("ada", "ada", must_differ=True)
