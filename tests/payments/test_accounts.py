"""Bank accounts: which numbers hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexafi.payments import accounts
from nexafi.payments.accounts import BankAccount
from nexafi.payments.errors import AccountUnfit

IBAN = "DE89370400440532013000"


def test_an_iban_is_kept_without_blanks_and_shown_by_four_digits():
    account = accounts.sepa("de89 3704 0044 0532 0130 00", "COBADEFFXXX")

    assert account == BankAccount(iban=IBAN, bic="COBADEFFXXX")
    assert (account.last4, account.country, account.currency) == ("3000", "DE", "EUR")
    assert BankAccount.of(account.plain()) == account


@given(st.integers(2, 21), st.integers(1, 9))
def test_a_wrong_digit_is_found(place, by):
    wrong = IBAN[:place] + str((int(IBAN[place]) + by) % 10) + IBAN[place + 1 :]

    with pytest.raises(AccountUnfit):
        accounts.sepa(wrong)


@pytest.mark.parametrize(
    "iban", ["", "XX", "DE8937040044053201300", "BR1800360305000010009795493C1"]
)
def test_what_is_no_iban_or_out_of_reach_is_refused(iban):
    with pytest.raises(AccountUnfit):
        accounts.sepa(iban)


def test_a_wrong_bic_is_refused():
    with pytest.raises(AccountUnfit):
        accounts.sepa(IBAN, "COBADEFF1")


@given(st.integers(0, 8), st.integers(1, 9))
def test_a_wrong_digit_of_a_routing_number_is_found(place, by):
    right = "021000021"
    wrong = right[:place] + str((int(right[place]) + by) % 10) + right[place + 1 :]

    assert accounts.is_routing(right)
    assert not accounts.is_routing(wrong)


@pytest.mark.parametrize("number", ["", "1" * 18, "12 34", "äöü"])
def test_what_is_no_account_number_is_refused(number):
    with pytest.raises(AccountUnfit):
        accounts.us("021000021", number)


@pytest.mark.parametrize("text", ["DE98ZZZ09999999999", "AT61ZZZ01234567890", "FR72ZZZ123456"])
def test_creditor_identifiers_hold_by_their_digits(text):
    changed = text[:-1] + str((int(text[-1]) + 1) % 10)

    assert accounts.is_creditor_identifier(text)
    assert accounts.is_creditor_identifier(text[:4] + "ABC" + text[7:])
    assert not accounts.is_creditor_identifier(changed)


def test_creditor_references_hold_by_their_digits():
    assert accounts.is_creditor_reference("RF18539007547034")
    assert not accounts.is_creditor_reference("RF18539007547035")
    assert not accounts.is_creditor_reference("539007547034")
