"""What money is worth in another currency. Pure."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from nexafi.kernel.values.currencies import decimals
from nexafi.kernel.values.money import Money

WIDE: Final = Context(prec=50, rounding=ROUND_HALF_EVEN)
"""Wide enough that nothing but the last step rounds a payment."""
RATE_DIGITS: Final = 18
"""So many digits a rate between two currencies has, neither of which is that of the books."""


def worth(amount: Money, rate: str, base_currency: str) -> Money:
    """Return what *amount* is worth at a locked rate, to the nearest minor unit (half to even)."""
    return converted(amount, Decimal(rate), base_currency)


def converted(amount: Money, rate: Decimal, currency: str) -> Money:
    """Return *amount* in another currency, of which one unit gives *rate*; half to even."""
    shift = decimals(currency) - decimals(amount.currency)
    exact = WIDE.multiply(Decimal(amount.minor), rate.scaleb(shift, WIDE))
    return Money(int(exact.quantize(Decimal(1), ROUND_HALF_EVEN, WIDE)), currency)


def cross(gives: str | None, takes: str | None) -> Decimal:
    """Return how much of one currency a unit of another gives, by the rates of both in the books.

    None is the currency of the books itself.
    """
    one = Decimal(1)
    exact = WIDE.divide(Decimal(gives) if gives else one, Decimal(takes) if takes else one)
    return Context(prec=RATE_DIGITS, rounding=ROUND_HALF_EVEN).plus(exact)
