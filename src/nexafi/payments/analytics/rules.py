"""What the sums of charges say: rates, averages, and worth in the base currency. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from nexafi.kernel.values.currencies import decimals

PLACES: Final = Decimal("0.000001")
SPANS_MAX: Final = 400


class By(StrEnum):
    """By what charges are told apart."""

    PROVIDER = "provider"
    METHOD = "method"
    COUNTRY = "country"
    CURRENCY = "currency"


class Every(StrEnum):
    """How long the spans of time are."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(slots=True)
class Sums:
    """What charges of one currency add up to, in its minor units."""

    charges: int = 0
    authorized: int = 0
    captured: int = 0
    failed: int = 0
    refunded: int = 0
    disputed: int = 0
    volume: int = 0
    refunds: int = 0
    disputes: int = 0
    fees: int = 0

    def add(self, other: Sums) -> None:
        """Add what others add up to."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))

    @property
    def net(self) -> int:
        """Return what was left of the volume."""
        return self.volume - self.refunds - self.disputes - self.fees


AMOUNTS: Final = ("volume", "refunds", "disputes", "fees", "net")


@dataclass(slots=True)
class Group:
    """Charges that have the same of what was asked for."""

    sums: Sums = field(default_factory=Sums)
    """Of numbers all are right; amounts only where there is one currency."""
    by_currency: dict[str, Sums] = field(default_factory=dict)
    worth: dict[str, Decimal] = field(default_factory=dict)
    """In minor units of the base currency, exact, by what they are of."""


def share(part: int | Decimal, whole: int | Decimal) -> str | None:
    """Return *part* of *whole* as a decimal of six places; None of nothing."""
    if not whole:
        return None
    return str((Decimal(part) / Decimal(whole)).quantize(PLACES, ROUND_HALF_EVEN))


def rounded(exact: Decimal) -> int:
    """Return whole minor units, half to even."""
    return int(exact.quantize(Decimal(1), ROUND_HALF_EVEN))


def worth(minor: int, currency: str, rate: str | None, base_currency: str) -> Decimal:
    """Return what an amount is worth at its locked rate, in minor units, exact."""
    shift = decimals(base_currency) - decimals(currency)
    return Decimal(minor) * (Decimal(rate) if rate is not None else Decimal(1)).scaleb(shift)


def put(
    groups: dict[tuple[str, ...], Group],
    key: tuple[str, ...],
    sums: Sums,
    priced: tuple[str, str | None, str],
) -> None:
    """Add the sums of charges of one currency and rate to their group."""
    currency, rate, base_currency = priced
    group = groups.setdefault(key, Group())
    group.sums.add(sums)
    group.by_currency.setdefault(currency, Sums()).add(sums)
    for name in AMOUNTS:
        more = worth(getattr(sums, name), currency, rate, base_currency)
        group.worth[name] = group.worth.get(name, Decimal(0)) + more


def spans(since: dt.date, until: dt.date, every: Every | None) -> Iterator[tuple[dt.date, dt.date]]:
    """Yield first days, and the days after the last; weeks begin on Monday.

    Those at either end may be cut.
    """
    end = until + dt.timedelta(days=1)
    first = since
    while first < end:
        after = min(_after(first, every), end) if every else end
        yield first, after
        first = after


def _after(day: dt.date, every: Every) -> dt.date:
    if every is Every.DAY:
        return day + dt.timedelta(days=1)
    if every is Every.WEEK:
        return day + dt.timedelta(days=7 - day.weekday())
    return (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def beginning(day: dt.date, zone: str) -> dt.datetime:
    """Return the moment at which a day begins in *zone*."""
    return dt.datetime.combine(day, dt.time(0), ZoneInfo(zone)).astimezone(dt.UTC)


def rates(sums: Sums) -> Mapping[str, str | None]:
    """Return the shares of numbers; what has not ended yet counts neither way."""
    return {
        "success_rate": share(sums.captured, sums.captured + sums.failed),
        "authorization_rate": share(sums.authorized, sums.authorized + sums.failed),
        "dispute_rate": share(sums.disputed, sums.captured),
    }
