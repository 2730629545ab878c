"""The rules of rates: what one is, and how those of a bank's table become ours. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal

from nexafi.kernel.values.currencies import CURRENCIES
from nexafi.ledger.errors import RateUnfit

RATE = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?", re.ASCII)
CROSS = Context(prec=12)
"""Twelve significant digits: more than twice what the published rates have."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What one unit of a currency is worth in the base currency from a day on."""

    currency: str
    date: dt.date
    rate: str
    """An exact decimal, such as ``0.9214``."""
    origin: str = ""
    """Where it was taken from."""


def check(quote: Quote, base_currency: str) -> None:
    """Raise RateUnfit unless *quote* may be kept."""
    if quote.currency not in CURRENCIES:
        raise RateUnfit(f"{quote.currency[:16]!r} is no currency of ISO 4217 to keep money in.")
    if quote.currency == base_currency:
        raise RateUnfit(f"{base_currency} is the base currency; it is always worth itself.")
    if not RATE.fullmatch(quote.rate) or not Decimal(quote.rate):
        raise RateUnfit(f"{quote.rate[:40]!r} is no rate such as 0.9214.")


def crossed(day: dt.date, per_unit: Mapping[str, Decimal], base: str, origin: str) -> list[Quote]:
    """Return the rates of a day from a table that tells how much of each currency one unit buys.

    So the European Central Bank publishes them: units for one euro, which is in
    *per_unit* as 1. Without the base currency in the table there are none.
    """
    if (of_base := per_unit.get(base)) is None:
        return []
    return [
        Quote(currency, day, plain(CROSS.divide(of_base, units)), origin)
        for currency, units in per_unit.items()
        if currency != base and currency in CURRENCIES
    ]


def plain(rate: Decimal) -> str:
    """Return *rate* without an exponent, to eighteen decimals at most."""
    text = f"{rate:.18f}".rstrip("0").rstrip(".")
    return text or "0"
