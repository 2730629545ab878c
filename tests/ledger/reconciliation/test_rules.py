"""Which lines may be the same money: by value, at scale, and by property."""

from __future__ import annotations

import time
from datetime import date, timedelta
from random import Random
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from nexafi.ledger.reconciliation import rules
from nexafi.ledger.reconciliation.rules import Item, Sides

DAY = date(2026, 3, 1)


def item(day: int, minor: int, text: str = "", reference: str = "") -> Item:
    return Item(uuid4(), DAY + timedelta(days=day), minor, text, reference, uuid4())


def test_a_reference_tells_equal_amounts_apart():
    rents = [item(0, -50_000, "Rent", "R-1001"), item(0, -50_000, "Rent", "R-1002")]
    line = item(2, -50_000, "Transfer R-1002")

    found = rules.certain([line], rents)
    assert found[line.id].lines == (rents[1].id,)
    assert rules.propose(line, [], rents)[0].lines == (rents[1].id,)


def test_two_equal_lines_are_left_to_a_person():
    rents = [item(0, -50_000), item(1, -50_000)]
    assert rules.certain([item(0, -50_000)], rents) == {}
    assert rules.certain([item(0, -50_000), item(1, -50_000)], rents[:1]) == {}


def test_what_is_far_in_time_is_another_payment():
    assert rules.certain([item(11, 100)], [item(0, 100)]) == {}
    assert rules.certain([item(8, 100)], [item(0, 100)]) == {}
    assert rules.propose(item(11, 100), [], [item(0, 100)]) == []


def test_a_fee_is_proposed_where_words_speak_for_it():
    line, sale = item(2, 9_680, "Payout stripe"), item(0, 10_000, "Sales stripe")
    [found] = rules.propose(line, [], [sale])

    assert found.difference == -320
    assert rules.propose(item(2, 9_680, "Other"), [], [sale]) == []


lines = st.lists(
    st.builds(item, st.integers(0, 12), st.sampled_from([100, -100, 250]), st.sampled_from("ab")),
    max_size=8,
)


@given(lines, lines)
def test_what_is_certain_is_one_to_one_and_has_no_rival(ours, theirs):
    found = rules.certain(ours, theirs)
    taken = [proposal.lines[0] for proposal in found.values()]
    by_id = {each.id: each for each in [*ours, *theirs]}

    assert len(taken) == len(set(taken))
    for line_id, proposal in found.items():
        line, other = by_id[line_id], by_id[proposal.lines[0]]
        assert line.minor == other.minor
        near = [
            each
            for each in theirs
            if each.minor == line.minor and abs((each.on - line.on).days) <= rules.DRIFT_DAYS
        ]
        assert near == [other]


@given(lines, lines)
def test_what_is_proposed_adds_up(ours, theirs):
    by_id = {each.id: each for each in [*ours, *theirs]}

    def total(ids: tuple[UUID, ...]) -> int:
        return sum(by_id[each].minor for each in ids)

    for line in ours:
        for each in rules.propose(line, ours, theirs):
            assert total(each.statement_lines) - total(each.lines) == each.difference
            assert line.id in each.statement_lines
            assert len(set(each.statement_lines)) == len(each.statement_lines)


def test_a_transfer_has_two_halves_and_no_third():
    one, two = uuid4(), uuid4()
    out, back = item(0, -500), item(1, 500)
    [found] = rules.transfers([(out, one, "EUR"), (back, two, "EUR")])
    assert (found.out_id, found.in_id) == (out.id, back.id)

    assert rules.transfers([(out, one, "EUR"), (back, one, "EUR")]) == []
    assert rules.transfers([(out, one, "EUR"), (back, two, "USD")]) == []
    third = item(2, 500)
    assert rules.transfers([(out, one, "EUR"), (back, two, "EUR"), (third, two, "EUR")]) == []


def test_thousands_on_both_sides_are_matched_within_seconds():
    chance = Random(7)  # noqa: S311 - no secret
    books = [item(chance.randrange(90), chance.randrange(1, 200_000)) for _ in range(6_000)]
    ours = [
        Item(uuid4(), each.on + timedelta(days=chance.randrange(4)), each.minor, "")
        for each in books
    ]
    started = time.perf_counter()
    found = rules.certain(ours, books)

    assert time.perf_counter() - started < 10
    assert len(found) > 5_000
    right = sum(
        found[line.id].lines[0] == book.id
        for line, book in zip(ours, books, strict=True)
        if line.id in found
    )
    assert right / len(found) >= 0.99


whole = st.integers(-(10**9), 10**9)


@given(whole, whole, whole, whole, whole, whole, whole)
def test_what_is_unexplained_is_what_is_missing(matched, opening, books, open_, ignored, own, gap):
    """The identity, from its parts: what both sides have, what one has, and what neither tells."""
    sides = Sides(
        bank=opening + matched + open_ + ignored + gap,
        books=books + matched + own,
        opening=opening,
        opening_in_books=books,
        open_at_bank=open_,
        ignored=ignored,
        open_in_books=own,
    )

    assert sides.unexplained == gap
    assert sides.difference == sides.explained + gap
