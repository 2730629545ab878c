"""Money is exact, in each currency with the decimals that it has."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from nexafi.kernel.values.currencies import CURRENCIES, WITHOUT_MINOR_UNIT, decimals
from nexafi.kernel.values.money import INT64_MAX, Money

moneys = st.builds(Money, st.integers(-INT64_MAX, INT64_MAX), st.sampled_from(sorted(CURRENCIES)))


class Priced(BaseModel):
    price: Money


@given(moneys)
def test_money_comes_back_as_it_went_out(money):
    assert Money.of(money.text, money.currency) == money
    assert Priced.model_validate_json(Priced(price=money).model_dump_json()).price == money
    assert Priced.model_validate(Priced(price=money).model_dump(mode="json")).price == money


@pytest.mark.parametrize(
    ("text", "currency", "minor", "written"),
    [
        ("96.80", "EUR", 9680, "96.80"),
        ("96.8", "EUR", 9680, "96.80"),
        ("-0.05", "EUR", -5, "-0.05"),
        ("-0", "EUR", 0, "0.00"),
        ("1200", "JPY", 1200, "1200"),
        ("1.234", "KWD", 1234, "1.234"),
        ("0.0001", "CLF", 1, "0.0001"),
        ("7", "UYW", 70000, "7.0000"),
        ("92233720368547758.07", "EUR", INT64_MAX, "92233720368547758.07"),
    ],
)
def test_an_amount_means_as_many_minor_units_as_its_currency_has(text, currency, minor, written):
    money = Money.of(text, currency)

    assert money.minor == minor
    assert money.text == written


@pytest.mark.parametrize(
    ("text", "currency", "why"),
    [
        ("1.000", "EUR", "2 decimals"),
        ("1.0", "JPY", "0 decimals"),
        ("1", "XAU", "no minor unit"),
        ("1", "EURO", "no currency"),
        ("1", "eur", "no currency"),
        ("92233720368547758.08", "EUR", "too large"),
        ("1,00", "EUR", "no amount"),
        ("1e2", "EUR", "no amount"),
        ("+1", "EUR", "no amount"),
        ("", "EUR", "no amount"),
        (".5", "EUR", "no amount"),
        ("5.", "EUR", "no amount"),
        ("٣", "EUR", "no amount"),
        ("1\n", "EUR", "no amount"),
        ("NaN", "EUR", "no amount"),
    ],
)
def test_what_is_no_exact_amount_is_refused(text, currency, why):
    with pytest.raises(ValueError, match=why):
        Money.of(text, currency)


@pytest.mark.parametrize(
    "wire",
    [
        {"amount": 1, "currency": "EUR"},
        {"amount": "1"},
        {"amount": "1", "currency": "EUR", "minor": 100},
        {"amount": "1.001", "currency": "EUR"},
        ["1", "EUR"],
        None,
    ],
)
def test_on_the_wire_money_is_an_object_of_two_texts(wire):
    with pytest.raises(ValidationError) as refused:
        Priced.model_validate({"price": wire})

    assert refused.value.errors()[0]["loc"][0] == "price"


def test_the_list_is_that_of_iso_4217():
    assert len(CURRENCIES) == 165
    assert {c.decimals for c in CURRENCIES.values()} == {0, 2, 3, 4}
    assert [decimals(code) for code in ("JPY", "EUR", "TND", "CLF")] == [0, 2, 3, 4]
    assert not WITHOUT_MINOR_UNIT & set(CURRENCIES)
    assert {"XXX", "XTS", "XDR", "XAU"} <= WITHOUT_MINOR_UNIT


def test_two_currencies_are_never_added():
    assert Money(5, "EUR") - Money(7, "EUR") == Money(-2, "EUR")
    with pytest.raises(AssertionError):
        Money(1, "EUR") + Money(1, "USD")
