"""The rules of rates: what one is, and how those of a bank's table become ours. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

from nexafi.kernel.values.currencies import CURRENCIES
from nexafi.kernel.values.money import Money
from nexafi.ledger.errors import RateUnfit
from nexafi.ledger.journal.rules import Draft, Leg, worth_of
from nexafi.ledger.periods.rules import Standing

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


NON_MONETARY = frozenset(
    {
        "inventory",
        "prepayment",
        "fixed_asset",
        "accumulated_depreciation",
        "intangible",
        "investment",
        "deferred_revenue",
    }
)
"""Subtypes whose worth stays that of the day they were bought or paid for (IAS 21.23)."""


def foreign(standings: Sequence[Standing], base_currency: str) -> set[str]:
    """Return the currencies that are to be looked at anew."""
    return {each.currency for each in standings if each.minor and each.currency != base_currency}


def revaluation(
    day: dt.date,
    standings: Sequence[Standing],
    rates: Mapping[str, Decimal],
    *,
    gains: str,
    losses: str,
    base_currency: str,
) -> Draft | None:
    """Return the entry by which foreign amounts are worth on *day* what the rate says.

    No amount moves, only what it is worth: to the nearest minor unit, half to
    even (IAS 21.28). What an account gains is told to *gains*, what it loses
    to *losses*. None if all is worth what it should be.
    """
    legs, gained, lost = [], 0, 0
    for each in standings:
        if each.currency == base_currency or not (each.minor or each.base_minor):
            continue
        amount = Money(each.minor, each.currency)
        worth = worth_of(amount, base_currency, rates) if each.minor else Decimal(0)
        more = int(worth.quantize(Decimal(1), ROUND_HALF_EVEN)) - each.base_minor
        if more:
            legs.append(Leg(each.account, Money(0, each.currency), Money(more, base_currency)))
        gained, lost = gained + max(more, 0), lost + min(more, 0)
    for account, worth_minor in ((gains, -gained), (losses, -lost)):
        if worth_minor:
            result = Money(worth_minor, base_currency)
            legs.append(Leg(account, result, result))
    if not legs:
        return None
    return Draft(day, f"Revaluation at {day}", tuple(legs), source="revaluation")


def plain(rate: Decimal) -> str:
    """Return *rate* without an exponent, to eighteen decimals at most."""
    text = f"{rate:.18f}".rstrip("0").rstrip(".")
    return text or "0"
