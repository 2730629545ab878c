"""Which lines are new: by value, and for every way in which a file may be cut."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from nexafi.kernel.values.money import Money
from nexafi.ledger.banking.formats import StatementLine
from nexafi.ledger.imports import rules
from nexafi.ledger.imports.rules import Known

DAY = date(2026, 3, 1)


class Account:
    """What is kept of an account: the lines that were new, as the database would have them."""

    def __init__(self) -> None:
        self.known: list[Known] = []
        self.opening: int | None = None

    def take(
        self, lines: list[StatementLine], *, opening: int | None = None, of: str = "csv"
    ) -> int:
        balance = None
        if self.opening is not None:
            balance = self.opening + sum(each.minor for each in self.known)
        elif opening is not None:
            self.opening = opening
        told = rules.tell_apart(lines, self.known, format=of, opening=opening, balance=balance)
        assert len({each for each in told.same_as if each}) == sum(map(bool, told.same_as))
        new = [
            Known(
                uuid4(),
                line.booked_on,
                line.amount.minor,
                line.bank_id or None,
                look,
                occurrence,
                of,
                line.description,
            )
            for line, look, same, occurrence in zip(
                lines, told.looks, told.same_as, told.occurrences, strict=True
            )
            if same is None
        ]
        self.known += new
        keys = [(each.fingerprint, each.occurrence) for each in self.known]
        assert len(keys) == len(set(keys)), "the database would refuse them"
        return len(new)

    def looks(self) -> Counter[str]:
        return Counter(each.fingerprint for each in self.known)


def pay(day: int, cents: int, text: str = "x", name: str = "") -> StatementLine:
    return StatementLine(DAY + timedelta(days=day), Money(cents, "EUR"), text, bank_id=name)


def looks(lines: list[StatementLine]) -> Counter[str]:
    return Counter(rules.fingerprint(line) for line in lines)


any_pay = st.builds(
    pay, st.integers(0, 4), st.sampled_from([-500, -499, 1_000]), st.sampled_from(["a", "b"])
)
files = st.lists(any_pay, min_size=1, max_size=12).map(
    lambda lines: sorted(lines, key=lambda line: line.booked_on)
)
cuts = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=5)


@given(files, cuts)
def test_however_a_file_is_cut_by_days_its_lines_come_in_once(lines, parts):
    account = Account()
    for one, other in parts:
        first, last = sorted((one, other))
        account.take([line for line in lines if first <= (line.booked_on - DAY).days <= last])
    account.take(lines)

    assert account.looks() == looks(lines)
    assert account.take(lines) == 0


@given(files, cuts)
def test_with_names_of_the_bank_a_file_may_be_cut_anywhere(lines, parts):
    named = [replace(line, bank_id=f"F{place}") for place, line in enumerate(lines)]
    account, seen = Account(), set()
    for one, other in parts:
        first, last = sorted((one, other))
        window = named[first:last]
        if not rules_may_doubt(account, window):
            account.take(window, of="ofx")
            seen |= {line.bank_id for line in window}
    account.take(named, of="ofx")

    assert account.looks() == looks(lines)
    assert {each.bank_id for each in account.known} == {line.bank_id for line in named}


def rules_may_doubt(account: Account, window: list[StatementLine]) -> bool:
    """Return whether all of a window looks known under other names: then names are doubted."""
    names = {each.bank_id for each in account.known}
    if any(line.bank_id in names for line in window):
        return False
    own = set(looks(window))
    return len(own) >= rules.LIKENESSES_MIN and own <= set(account.looks())


@given(
    st.lists(
        st.tuples(st.sampled_from([100, 250]), st.sampled_from("ab")), min_size=2, max_size=10
    ),
    st.lists(st.integers(0, 10), max_size=4),
    st.integers(-1000, 1000),
)
def test_with_balances_a_day_may_be_cut_anywhere(pays, ends, opening):
    lines = [pay(0, cents, text) for cents, text in pays]
    account, reached = Account(), 0
    for end in sorted(min(end, len(lines)) for end in [*ends, len(lines)]):
        first = max(reached - 2, 0)  # each file repeats two lines of the one before
        before = opening + sum(line.amount.minor for line in lines[:first])
        account.take(lines[first:end], opening=before, of="mt940")
        reached = end

    assert account.looks() == looks(lines)


def test_two_equal_payments_are_two_and_the_same_file_again_adds_none():
    account = Account()
    assert account.take([pay(0, -500), pay(0, -500)]) == 2
    assert account.take([pay(0, -500), pay(0, -500)]) == 0
    assert account.take([pay(0, -500), pay(0, -500), pay(0, -500)]) == 1


def test_an_equal_payment_with_another_name_is_another():
    account = Account()
    account.take([pay(0, -500, name="A")], of="ofx")
    assert account.take([pay(0, -500, name="B")], of="ofx") == 1


def test_a_line_that_the_bank_moved_to_another_day_is_the_same():
    account = Account()
    account.take([pay(0, -500, "pending", name="A")], of="ofx")
    assert account.take([pay(2, -500, "booked", name="A")], of="ofx") == 0


def test_a_name_that_is_given_twice_tells_nothing():
    account = Account()
    same = [pay(0, -500, "a", name="0"), pay(0, -700, "b", name="0")]
    assert account.take(same, of="ofx") == 2
    assert account.take(same, of="ofx") == 0


def test_names_that_change_at_each_download_are_passed_over():
    account = Account()
    lines = [pay(day, -500 - day, f"text {day}", name=f"A{day}") for day in range(4)]
    account.take(lines, of="ofx")
    again = [replace(line, bank_id=f"B{line.booked_on.day}") for line in lines]
    assert account.take(again, of="ofx") == 0


def test_a_payment_that_follows_the_known_balance_is_new_however_alike():
    account = Account()
    account.take([pay(0, -500)], opening=2_000, of="mt940")
    assert account.take([pay(0, -500)], opening=1_500, of="mt940") == 1
    assert account.take([pay(0, -500)], opening=1_500, of="mt940") == 0


def test_another_format_says_the_same_in_other_words():
    account = Account()
    account.take([pay(0, -500, "Rent March landlord")], of="csv")
    assert account.take([pay(0, -500, "SEPA LANDLORD REF 7")], of="ofx") == 0
    assert account.take([pay(0, -500, "SEPA BAKER")], of="ofx") == 1
