"""What follows from what a bank says, by Hypothesis: in any order, however often."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from nexafi.payments.bank_files.rules import Deed, Fact, Facts, deeds

TALES = st.lists(st.sampled_from(list(Fact)), max_size=8)


def told(tale: list[Fact]) -> tuple[Facts, list[Deed]]:
    known, done = Facts(), []
    for fact in tale:
        then = replace(known, **{f"is_{fact}": True})
        done.extend(deeds(known, then))
        known = then
    return known, done


def moved(done: list[Deed]) -> int:
    return done.count(Deed.PAY) - done.count(Deed.GIVE_BACK)


@given(TALES)
def test_each_deed_is_done_once_at_most_and_money_never_comes_back_that_did_not_go(tale):
    _, done = told(tale)

    assert len(done) == len(set(done))
    if Deed.GIVE_BACK in done:
        assert done.index(Deed.PAY) < done.index(Deed.GIVE_BACK)


@given(TALES, st.randoms())
def test_the_order_in_which_it_is_told_changes_neither_state_nor_money(tale, random):
    shuffled = random.sample(tale, len(tale))

    (known, done), (other, done_too) = told(tale), told(shuffled + tale)

    assert known.state(is_sent=True) == other.state(is_sent=True)
    assert moved(done) == moved(done_too)
