"""What may be done with a wallet, and how much. Pure.

Balances are never below zero and never hold less than is reserved: the rules say so in words,
and the constraints of the tables say it again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from nexafi.kernel.values.money import Money
from nexafi.payments.errors import OtherCurrency, TooMuch
from nexafi.payments.wallets.problems import (
    LimitExceeded,
    NotEnough,
    QuoteSpent,
    WalletClosed,
    WalletNotEmpty,
    WrongWalletState,
)

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII)


class State(StrEnum):
    """Whether a wallet can be used."""

    OPEN = "open"
    FROZEN = "frozen"
    """Nothing goes in or out but what others decide: money that came or was taken back."""
    CLOSED = "closed"


MOVES = {
    State.OPEN: {State.FROZEN, State.CLOSED},
    State.FROZEN: {State.OPEN, State.CLOSED},
    State.CLOSED: {State.OPEN},
}
"""Which states may follow which."""


class HoldState(StrEnum):
    """Where a hold stands."""

    ACTIVE = "active"
    CAPTURED = "captured"
    """All of it, or a part and the rest let go."""
    RELEASED = "released"
    EXPIRED = "expired"


class HoldKind(StrEnum):
    """Why money is reserved."""

    HOLD = "hold"
    """Somebody asked for it, and captures or releases it."""
    WITHDRAWAL = "withdrawal"
    RETURN = "return"
    """A top-up is on its way back to its payer."""
    DISPUTE = "dispute"
    """A payer contests a top-up."""


class EntryKind(StrEnum):
    """Why a balance changed."""

    TOP_UP = "top_up"
    TOP_UP_RETURNED = "top_up_returned"
    """It went back to its payer, by a refund or a lost dispute."""
    DEBT_PAID = "debt_paid"
    """What the customer owed since such a return was taken from money that came in."""
    PAYMENT = "payment"
    REFUND = "refund"
    TRANSFER_OUT = "transfer_out"
    TRANSFER_IN = "transfer_in"
    WITHDRAWAL = "withdrawal"
    EXCHANGE_OUT = "exchange_out"
    EXCHANGE_IN = "exchange_in"


SPENDING = frozenset({EntryKind.PAYMENT, EntryKind.TRANSFER_OUT, EntryKind.WITHDRAWAL})
"""What the limits of a day and a month count; what is held and not captured yet counts as well."""


class WithdrawalState(StrEnum):
    """Where a withdrawal stands."""

    REQUESTED = "requested"
    """The money is reserved, and somebody is to send it."""
    PAID = "paid"
    FAILED = "failed"
    """It was not sent; the money can be used again."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a wallet may hold and move in one currency, in minor units; None is no limit."""

    balance: int | None = None
    transaction: int | None = None
    day: int | None = None
    month: int | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """What left a wallet today and in this month, or is held to leave, in minor units."""

    day: int = 0
    month: int = 0


def move(now: State, then: State) -> State:
    """Return *then* if a wallet may come to it, or raise WrongWalletState."""
    if then not in MOVES[now]:
        raise WrongWalletState(f"A wallet that is {now} cannot become {then}.", state=now)
    return then


def check_open(state: State) -> None:
    """Raise unless a wallet can be used."""
    if state is State.CLOSED:
        raise WalletClosed("The wallet is closed.")
    if state is not State.OPEN:
        raise WrongWalletState("The wallet is frozen; nothing goes in or out.", state=state)


def check_empty(balances: list[tuple[Money, int, int]], *, awaits: int) -> None:
    """Raise unless a wallet with these balances, holds and debts can be closed."""
    for balance, held, owed in balances:
        if balance.minor or held or owed:
            raise WalletNotEmpty(
                f"The wallet still has {balance.text} {balance.currency}, or owes something.",
                currency=balance.currency,
            )
    if awaits:
        raise WalletNotEmpty("A top-up of this wallet has not ended yet.")


def check_enough(amount: Money, available: int) -> None:
    """Raise NotEnough unless what is available covers *amount*."""
    if amount.minor > available:
        left = Money(available, amount.currency)
        raise NotEnough(
            f"The wallet has {left.text} {left.currency} that can be used.",
            pointer="#/amount",
            available={"amount": left.text, "currency": left.currency},
        )


def check_coming(amount: Money, balance: int, limits: Limits) -> None:
    """Raise LimitExceeded if *amount* may not come to what a wallet has."""
    _check_limit("transaction", amount.minor, limits.transaction, amount.currency)
    _check_limit("balance", balance + amount.minor, limits.balance, amount.currency)


def check_going(amount: Money, spent: Spent, limits: Limits) -> None:
    """Raise LimitExceeded if *amount* may not leave after what has left already."""
    _check_limit("transaction", amount.minor, limits.transaction, amount.currency)
    _check_limit("day", spent.day + amount.minor, limits.day, amount.currency)
    _check_limit("month", spent.month + amount.minor, limits.month, amount.currency)


def _check_limit(name: str, minor: int, limit: int | None, currency: str) -> None:
    if limit is not None and minor > limit:
        most = Money(limit, currency)
        words = {
            "transaction": "at a time",
            "balance": "in the wallet",
            "day": "in a day",
            "month": "in a month",
        }
        raise LimitExceeded(
            f"At most {most.text} {currency} {words[name]}.",
            pointer="#/amount",
            limit=name,
            most={"amount": most.text, "currency": currency},
        )


def month_of(day: date) -> date:
    """Return the first day of the month of *day*."""
    return day.replace(day=1)


def part(asked: Money | None, left: int, currency: str, deed: str) -> Money:
    """Return how much of what is *left* is meant: what was asked for, or all; or raise."""
    whole = Money(left, currency)
    meant = asked or whole
    if meant.currency != currency:
        raise OtherCurrency(f"This is in {currency}.", pointer="#/amount")
    if not 0 < meant.minor <= left:
        raise TooMuch(
            f"{whole.text} {currency} are left to {deed}.",
            pointer="#/amount",
            left={"amount": whole.text, "currency": currency},
        )
    return meant


def after_capture(left: int, captured: int, *, is_final: bool) -> HoldState:
    """Return where a hold stands after a part of what was *left* was captured."""
    return HoldState.CAPTURED if is_final or captured == left else HoldState.ACTIVE


@dataclass(frozen=True, slots=True)
class Taken:
    """How a return is covered, in minor units."""

    from_balance: int
    owed: int


def take_back(amount: int, available: int) -> Taken:
    """Return what of a return the wallet still covers, and what its customer then owes."""
    covered = min(amount, max(available, 0))
    return Taken(covered, amount - covered)


QUOTED_FOR = timedelta(minutes=5)
"""How long a rate is locked."""


def check_quote(*, is_used: bool, is_late: bool) -> None:
    """Raise unless a quote can still be used."""
    if is_used:
        raise QuoteSpent("This quote was used; ask for another.")
    if is_late:
        raise QuoteSpent("This quote is too old; ask for another.")


def is_iban(text: str) -> bool:
    """Return whether *text* has the form of an IBAN, and its check digits (ISO 7064 mod 97-10)."""
    plain = text.replace(" ", "").upper()
    if not _IBAN.fullmatch(plain):
        return False
    return int("".join(str(int(each, 36)) for each in plain[4:] + plain[:4])) % 97 == 1
