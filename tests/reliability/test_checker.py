"""The judge sees each kind of fault, and sees none where there is none."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.reliability.checker import Books, Entry, judge
from tests.reliability.history import History

MOVED = {"a": 5, "b": -5}


def history(*, told: str | None = "1", answers=(201,)) -> History:
    made = History()
    deed = made.begin("k", MOVED)
    deed.answers += answers
    if told is not None:
        deed.told.add(told)
    return made


def books(*entries: Entry, said=(), **changed: int) -> Books:
    sums = Counter()
    for entry in entries:
        sums.update(entry.movements)
    return Books(entries, dict(sums) | changed, said)


ONCE = Entry("1", "k", MOVED)


def test_what_was_acknowledged_and_is_there_once_is_right():
    verdict = judge(history(), books(ONCE))

    assert verdict.is_right
    assert str(verdict) == "nothing wrong"


@pytest.mark.parametrize("found", [[], [ONCE]])
def test_what_nobody_was_told_of_may_be_there_or_not(found):
    assert judge(history(told=None, answers=(None, 503)), books(*found)).is_right


def test_it_sees_what_was_acknowledged_and_is_lost():
    assert judge(history(), books()).lost == ["k"]


def test_it_sees_what_is_there_twice():
    verdict = judge(history(), books(ONCE, Entry("2", "k", MOVED)))
    assert verdict.kinds == {"doubled"}


def test_it_sees_what_was_told_under_two_ids():
    made = history()
    made.deeds[0].told.add("2")
    assert "doubled" in judge(made, books(ONCE)).kinds


def test_it_sees_half_of_a_deed():
    assert judge(history(), books(Entry("1", "k", {"a": 5}))).kinds == {"torn"}


def test_it_sees_a_deed_in_two_halves():
    halves = books(Entry("1", "k", {"a": 5}), Entry("2", "k", {"b": -5}))
    assert judge(history(), halves).kinds == {"torn"}


def test_it_sees_what_nobody_asked_for():
    verdict = judge(history(), books(ONCE, Entry("2", "other", MOVED)))
    assert verdict.strange == ["2"]


def test_it_sees_an_id_that_was_told_and_is_another():
    assert judge(history(told="9"), books(ONCE)).kinds == {"strange"}


def test_it_sees_a_balance_that_is_not_the_sum_of_the_entries():
    verdict = judge(history(), books(ONCE, a=4))
    assert verdict.off == ["a stands at 4, its entries sum to 5"]
    assert judge(history(), books(ONCE, c=1)).kinds == {"off"}


def test_it_sees_that_somebody_was_shown_too_little():
    made = history()
    made.look({"a": 5, "b": -5})
    made.look({"a": 5})
    verdict = judge(made, books(ONCE), [("a", "b")])
    assert verdict.uneven == ["look 1: [5]"]


@pytest.mark.parametrize("status", [500, 200, 404])
def test_it_sees_an_answer_that_is_not_clear(status):
    verdict = judge(history(answers=(None, status, 201)), books(ONCE))
    assert verdict.unclear == [f"{status} (1 times)"]


def test_it_believes_the_books_when_they_say_that_they_are_broken():
    assert judge(history(), books(ONCE, said=["a link is broken"])).kinds == {"unproven"}
    assert "a link is broken" in str(judge(history(), books(ONCE, said=["a link is broken"])))
