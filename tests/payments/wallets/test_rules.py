"""What may be done with a wallet, by value."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexafi.kernel.values.money import Money
from nexafi.payments.errors import OtherCurrency, TooMuch
from nexafi.payments.rates.rules import converted, cross, worth
from nexafi.payments.wallets import rules
from nexafi.payments.wallets.problems import (
    LimitExceeded,
    NotEnough,
    WalletNotEmpty,
    WrongWalletState,
)
from nexafi.payments.wallets.rules import Limits, Spent, State

MINOR = st.integers(1, 10**12)


@given(MINOR, st.integers(0, 10**12))
def test_what_goes_back_is_covered_or_owed_to_the_cent(amount, available):
    taken = rules.take_back(amount, available)

    assert taken.from_balance + taken.owed == amount
    assert 0 <= taken.from_balance <= available
    assert taken.owed == 0 or taken.from_balance == available


@given(MINOR, st.integers(0, 10**12))
def test_enough_is_what_is_available(amount, available):
    if amount <= available:
        rules.check_enough(Money(amount, "EUR"), available)
        return
    with pytest.raises(NotEnough):
        rules.check_enough(Money(amount, "EUR"), available)


@pytest.mark.parametrize(
    ("limits", "spent", "is_refused"),
    [
        (Limits(), Spent(10**9, 10**9), False),
        (Limits(transaction=100), Spent(), False),
        (Limits(transaction=99), Spent(), True),
        (Limits(day=150), Spent(day=50), False),
        (Limits(day=150), Spent(day=51), True),
        (Limits(month=150), Spent(month=51), True),
        (Limits(balance=1), Spent(), False),
        (Limits(day=0), Spent(), True),
    ],
)
def test_what_leaves_stays_within_its_limits(limits, spent, is_refused):
    amount = Money(100, "EUR")
    if not is_refused:
        rules.check_going(amount, spent, limits)
        return
    with pytest.raises(LimitExceeded):
        rules.check_going(amount, spent, limits)


def test_what_comes_stays_within_the_balance_that_may_be_kept():
    rules.check_coming(Money(100, "EUR"), 900, Limits(balance=1000))
    with pytest.raises(LimitExceeded):
        rules.check_coming(Money(101, "EUR"), 900, Limits(balance=1000))


def test_a_part_is_at_most_what_is_left_and_in_its_currency():
    assert rules.part(None, 100, "EUR", "capture") == Money(100, "EUR")
    assert rules.part(Money(40, "EUR"), 100, "EUR", "capture") == Money(40, "EUR")
    with pytest.raises(TooMuch):
        rules.part(Money(101, "EUR"), 100, "EUR", "capture")
    with pytest.raises(TooMuch):
        rules.part(None, 0, "EUR", "capture")
    with pytest.raises(OtherCurrency):
        rules.part(Money(40, "USD"), 100, "EUR", "capture")


def test_states_follow_the_table_and_nothing_stays_put():
    for now in State:
        for then in State:
            if then in rules.MOVES[now]:
                assert rules.move(now, then) is then
            else:
                with pytest.raises(WrongWalletState):
                    rules.move(now, then)


def test_only_what_is_empty_is_closed():
    nothing = Money(0, "EUR")
    rules.check_empty([(nothing, 0, 0)], awaits=0)
    for held in ([(Money(1, "EUR"), 0, 0)], [(nothing, 0, 1)]):
        with pytest.raises(WalletNotEmpty):
            rules.check_empty(held, awaits=0)
    with pytest.raises(WalletNotEmpty):
        rules.check_empty([(nothing, 0, 0)], awaits=1)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("DE89370400440532013000", True),
        ("GB29 NWBK 6016 1331 9268 19", True),
        ("de89370400440532013000", True),
        ("DE88370400440532013000", False),
        ("DE8937040044053201300", False),
        ("4242424242424242", False),
        ("", False),
    ],
)
def test_an_iban_has_the_right_check_digits(text, is_one):
    assert rules.is_iban(text) is is_one


def test_the_month_begins_on_its_first_day():
    assert rules.month_of(date(2026, 2, 28)) == date(2026, 2, 1)


@pytest.mark.parametrize(
    ("gives", "takes", "amount", "comes"),
    [
        (None, "0.80", Money(4000, "EUR"), Money(5000, "USD")),
        ("0.80", None, Money(5000, "USD"), Money(4000, "EUR")),
        ("0.006", "0.80", Money(10000, "JPY"), Money(7500, "USD")),
        ("0.80", "0.006", Money(7500, "USD"), Money(10000, "JPY")),
        ("3", "7", Money(100, "KWD"), Money(4, "USD")),
    ],
)
def test_an_exchange_goes_through_the_currency_of_the_books(gives, takes, amount, comes):
    assert converted(amount, cross(gives, takes), comes.currency) == comes


@given(MINOR, st.decimals("0.0001", "9999", places=6))
def test_what_money_is_worth_is_off_by_half_a_unit_at_most(minor, rate):
    found = worth(Money(minor, "USD"), str(rate), "EUR")

    assert abs(Decimal(found.minor) - minor * rate) <= Decimal("0.5")
