"""A payout report in our words, whichever provider wrote it. Pure values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from uuid import UUID

from nexafi.kernel.values.currencies import CURRENCIES, decimals
from nexafi.payments.errors import ReportUnreadable

LINES_MAX = 200_000
MINOR_MAX = 10**15
SHOWN_MAX = 60


class LineKind(StrEnum):
    """What a line of a report is about."""

    CHARGE = "charge"
    REFUND = "refund"
    REFUND_FAILED = "refund_failed"
    FEE = "fee"
    DISPUTE = "dispute"
    DISPUTE_REVERSAL = "dispute_reversal"
    PAYOUT = "payout"
    """Money that we sent to somebody out of what the provider owes us."""
    PAYOUT_RETURNED = "payout_returned"
    EXCHANGE = "exchange"
    """The provider exchanged what it owes us; the other side is in the same file."""
    RESERVE = "reserve"
    """The provider holds money back for a while, or lets it go again."""
    ADJUSTMENT = "adjustment"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Line:
    """What one operation did to what the provider owes us."""

    kind: LineKind
    on: dt.date
    currency: str
    amount: int
    """Minor units; above zero where the provider owes us more by it."""
    fee: int = 0
    """What the provider kept of it, in the same currency."""
    id: str | None = None
    aliases: tuple[str, ...] = ()
    """By which the provider knows what it is about, the closest first."""
    operation: UUID | None = None
    """Of ours, where it was given along."""
    own: tuple[int, str] | None = None
    """The amount before the provider exchanged it."""
    description: str = ""
    is_repeated: bool = False
    """Whether a line of this name was told before."""

    @property
    def net(self) -> int:
        """Return by how much the provider owes us more."""
        return self.amount - self.fee


@dataclass(frozen=True, slots=True)
class Batch:
    """One payout, and the lines that it is made of."""

    reference: str
    currency: str
    paid_on: dt.date
    lines: Sequence[Line]
    amount: int | None = None
    """What was sent to the bank; None where the report does not say, and the lines make it."""
    kept: int = 0
    """What of the lines stays at the provider as our balance."""

    @property
    def total(self) -> int:
        """Return what the lines add up to."""
        return sum(each.net for each in self.lines)

    @property
    def sent(self) -> int:
        """Return what was sent to the bank."""
        return self.total - self.kept if self.amount is None else self.amount


@dataclass(frozen=True, slots=True)
class Report:
    """All payouts of a file."""

    format: str
    provider: str
    batches: Sequence[Batch]


def refuse(what: str, row: int | None = None) -> ReportUnreadable:
    """Return the problem of a report that cannot be read."""
    return ReportUnreadable(what if row is None else f"Row {row}: {what}")


def shown(text: object) -> str:
    """Return what stood in a file, short enough for a problem."""
    return repr(str(text)[:SHOWN_MAX])


def currency_of(text: object, row: int | None = None) -> str:
    """Return the ISO 4217 code that *text* says in either case."""
    code = str(text or "").strip().upper()
    if code not in CURRENCIES:
        raise refuse(f"{shown(text)} is no currency.", row)
    return code


def minor_of(text: object, currency: str, row: int | None = None) -> int:
    """Return minor units of a decimal such as ``-1234.50``; an empty text is nothing."""
    told = str(text or "").strip()
    if not told:
        return 0
    try:
        exact = Decimal(told).scaleb(decimals(currency))
    except InvalidOperation:
        raise refuse(f"{shown(text)} is no amount.", row) from None
    if not exact.is_finite() or exact != exact.to_integral_value() or abs(exact) > MINOR_MAX:
        raise refuse(f"{shown(text)} is no amount of {currency}.", row)
    return int(exact)


def whole_of(value: object, row: int | None = None) -> int:
    """Return a whole number of minor units."""
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > MINOR_MAX:
        raise refuse(f"{shown(value)} is no whole number of minor units.", row)
    return value


def operation_of(*texts: object) -> UUID | None:
    """Return the first of *texts* that has the form of an id of ours."""
    for text in texts:
        try:
            return UUID(str(text))
        except ValueError:
            continue
    return None


def named(*texts: object) -> tuple[str, ...]:
    """Return those of *texts* that name something, each once, the closest first."""
    kept = (str(text).strip()[:200] for text in texts if text)
    return tuple(dict.fromkeys(each for each in kept if each))
