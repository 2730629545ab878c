"""What follows from a country is what the standards say."""

from __future__ import annotations

from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest

from nexafi.kernel.values.currencies import decimals
from nexafi.users.organizations import rules
from nexafi.users.organizations.countries import COUNTRIES

ZONEINFO = files("tzdata") / "zoneinfo"


def table(name: str) -> list[list[str]]:
    lines = (ZONEINFO / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


def test_every_country_of_iso_3166_is_there_once():
    assert list(COUNTRIES) == sorted(row[0] for row in table("iso3166.tab"))


def test_a_zone_is_one_of_the_country():
    zones: dict[str, set[str]] = {}
    for code, _, zone, *_ in table("zone.tab"):
        zones.setdefault(code, set()).add(zone)
    for country in COUNTRIES.values():
        ZoneInfo(country.zone)
        if country.code in zones:  # two islands without people have none
            assert country.zone in zones[country.code], country


def test_a_currency_is_one_of_iso_4217_and_a_year_begins_on_a_day():
    for country in COUNTRIES.values():
        assert decimals(country.currency) in {0, 2, 3}
        assert rules.month_and_day(country.fiscal_year_start)


@pytest.mark.parametrize(
    ("code", "currency", "zone", "year"),
    [
        ("US", "USD", "America/New_York", "01-01"),
        ("GB", "GBP", "Europe/London", "01-01"),
        ("DE", "EUR", "Europe/Berlin", "01-01"),
        ("BG", "EUR", "Europe/Sofia", "01-01"),
        ("IN", "INR", "Asia/Kolkata", "04-01"),
        ("AU", "AUD", "Australia/Sydney", "07-01"),
        ("JP", "JPY", "Asia/Tokyo", "04-01"),
        ("NZ", "NZD", "Pacific/Auckland", "04-01"),
        ("RU", "RUB", "Europe/Moscow", "01-01"),
        ("KW", "KWD", "Asia/Kuwait", "01-01"),
    ],
)
def test_some_that_everybody_knows(code, currency, zone, year):
    country = COUNTRIES[code]

    assert (country.currency, country.zone, country.fiscal_year_start) == (currency, zone, year)
