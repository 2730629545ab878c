"""What may be said of an organization. Pure."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

from nexafi.kernel.values.currencies import decimals
from nexafi.users.organizations.countries import COUNTRIES

DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def country(text: str) -> str:
    """Return the code of a country of ISO 3166-1, or raise ValueError."""
    if text not in COUNTRIES:
        raise ValueError("no country of ISO 3166-1; two letters, such as US")
    return text


def zone(text: str) -> str:
    """Return the name of a time zone that we know, or raise ValueError."""
    try:
        ZoneInfo(text)
    except (OSError, ValueError, KeyError):
        raise ValueError("no zone of the IANA time zone database, such as Europe/Paris") from None
    return text


def currency(text: str) -> str:
    """Return the code of a currency of ISO 4217 that money can be kept in, or raise ValueError."""
    decimals(text)
    return text


def month_and_day(text: str) -> str:
    """Return a day that each year has, or raise ValueError."""
    found = re.fullmatch(r"(\d\d)-(\d\d)", text, re.ASCII)
    if (
        not found
        or not 1 <= int(found[1]) <= 12
        or not 1 <= int(found[2]) <= DAYS[int(found[1]) - 1]
    ):
        raise ValueError("no day that each year has; month and day, such as 04-01")
    return text


def title(text: str) -> str:
    """Return a name as it was written; ValueError if it is nothing but spaces."""
    if not text.strip():
        raise ValueError("a name has letters")
    return text
