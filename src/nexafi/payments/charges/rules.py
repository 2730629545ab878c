"""The life of a charge, and how much of it may be done. Pure.

Two tables say all: MOVES, which states may follow which, and AFTER, which
state an answer leads to. What neither names is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from nexafi.kernel.values.money import Money
from nexafi.payments.errors import OtherCurrency, ProviderUnfit, TooMuch, WrongState
from nexafi.payments.providers.port import Kind, Outcome, Takes


class State(StrEnum):
    """Where a charge stands."""

    AUTHORIZING = "authorizing"
    REQUIRES_ACTION = "requires_action"
    AUTHORIZED = "authorized"
    CAPTURING = "capturing"
    PARTIALLY_CAPTURED = "partially_captured"
    """A part is captured, and the rest still can be."""
    CAPTURED = "captured"
    VOIDING = "voiding"
    VOIDED = "voided"
    FAILED = "failed"


class OperationState(StrEnum):
    """Where an operation stands."""

    ASKING = "asking"
    """The provider is asked, and has not been heard."""
    PENDING = "pending"
    """The provider has it and will say later how it ends."""
    ACTION = "action"
    """The payer has to do something first."""
    HELD = "held"
    """Nobody knows how it ended; a person has to find out."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"


UNFINISHED = frozenset(
    {OperationState.ASKING, OperationState.PENDING, OperationState.ACTION, OperationState.HELD}
)

_S = State
MOVES = {
    _S.AUTHORIZING: {_S.REQUIRES_ACTION, _S.AUTHORIZED, _S.FAILED},
    _S.REQUIRES_ACTION: {
        _S.AUTHORIZING,
        _S.AUTHORIZED,
        _S.CAPTURING,
        _S.CAPTURED,
        _S.FAILED,
        _S.VOIDING,
    },
    _S.AUTHORIZED: {_S.CAPTURING, _S.VOIDING, _S.VOIDED},
    _S.CAPTURING: {
        _S.REQUIRES_ACTION,
        _S.CAPTURED,
        _S.PARTIALLY_CAPTURED,
        _S.AUTHORIZED,
        _S.VOIDED,
        _S.FAILED,
    },
    _S.PARTIALLY_CAPTURED: {_S.CAPTURING, _S.VOIDING, _S.CAPTURED},
    _S.VOIDING: {_S.VOIDED, _S.CAPTURED, _S.AUTHORIZED, _S.PARTIALLY_CAPTURED, _S.REQUIRES_ACTION},
    _S.FAILED: {_S.AUTHORIZED, _S.CAPTURED},
    _S.CAPTURED: set(),
    _S.VOIDED: set(),
}
"""Which states may follow which.

FAILED is left only by what a provider tells late: it took the money after all, and money that
was taken is a fact.
"""

BEFORE = {
    Kind.CAPTURE: {_S.AUTHORIZED, _S.PARTIALLY_CAPTURED},
    Kind.VOID: {_S.AUTHORIZED, _S.PARTIALLY_CAPTURED, _S.REQUIRES_ACTION},
    Kind.REFUND: {_S.CAPTURED, _S.PARTIALLY_CAPTURED, _S.CAPTURING, _S.VOIDING},
}
"""In which states something can be asked for."""

DURING = {
    Kind.AUTHORIZE: _S.AUTHORIZING,
    Kind.SALE: _S.CAPTURING,
    Kind.CAPTURE: _S.CAPTURING,
    Kind.VOID: _S.VOIDING,
}
"""In which state a charge is while a provider is asked."""

ENDS = {Kind.AUTHORIZE: State.AUTHORIZED, Kind.SALE: State.CAPTURED}
"""Where a charge stands once what begins it is done."""

OPERATION_AFTER = {
    Outcome.SUCCEEDED: OperationState.SUCCEEDED,
    Outcome.FAILED: OperationState.FAILED,
    Outcome.UNTOUCHED: OperationState.FAILED,
    Outcome.ACTION: OperationState.ACTION,
    Outcome.PENDING: OperationState.PENDING,
}


@dataclass(frozen=True, slots=True)
class Sums:
    """What of a charge is done, in minor units."""

    amount: int
    authorized: int
    captured: int


def move(now: State, then: State) -> State:
    """Return *then* if a charge may go there from *now*."""
    if then not in MOVES[now]:
        raise WrongState(f"A charge that is {now} cannot become {then}.", state=now)
    return then


def check_asked(kind: Kind, now: State) -> None:
    """Raise unless a charge in this state can be captured, voided or refunded."""
    if now not in BEFORE[kind]:
        raise WrongState(f"A charge that is {now} takes no {kind}.", state=now)


def after(kind: Kind, outcome: Outcome, sums: Sums, *, is_last: bool) -> State:
    """Return where a charge stands once a provider answered.

    *sums* are those after the answer. What failed leads back to where it began.
    """
    is_done = outcome is Outcome.SUCCEEDED
    if kind in ENDS:
        return ENDS[kind] if is_done else State.FAILED
    if is_done and kind is Kind.VOID:
        return State.CAPTURED if sums.captured else State.VOIDED
    if is_done and (is_last or sums.captured == sums.authorized):
        return State.CAPTURED
    if not sums.authorized:
        return State.REQUIRES_ACTION
    return State.PARTIALLY_CAPTURED if sums.captured else State.AUTHORIZED


def part(asked: Money | None, left: int, currency: str, deed: str) -> Money:
    """Return how much is to be done of what is *left*: what is asked for, or all of it."""
    if asked is None:
        asked = Money(left, currency)
    if asked.currency != currency:
        raise OtherCurrency(f"The charge is in {currency}.", pointer="#/amount")
    if not 0 < asked.minor <= left:
        raise TooMuch(
            f"{Money(left, currency).text} {currency} is left to {deed}.",
            pointer="#/amount",
            left={"amount": Money(left, currency).text, "currency": currency},
        )
    return asked


def check_part(takes: Takes, title: str, *, is_whole: bool, is_first: bool, is_last: bool) -> None:
    """Raise unless a provider captures a part of what it holds, or captures again."""
    if not is_whole and not takes.captures_parts:
        raise ProviderUnfit(f"{title} captures all that it holds, or nothing.", pointer="#/amount")
    if not takes.captures_often and not (is_first and is_last):
        raise ProviderUnfit(f"{title} captures once; let `final` be true.", pointer="#/final")


# -- asking again -------------------------------------------------------------------------------

PATIENCE = timedelta(minutes=2)
"""After so long whoever asked first is thought dead; longer than a request of ours may wait."""
SOON = timedelta(seconds=2)
"""How long we wait to ask again when the answer was unsure and the asker lives; then doubled."""
LATER_MAX = timedelta(hours=1)
"""We never wait longer than this to ask again."""
GIVE_UP = timedelta(days=3)
"""After so long without a word a person has to find out; debits, which take days, apart."""


def ask_again_after(tries: int, *, is_known: bool) -> timedelta:
    """Return how long to wait before asking again, after so many tries.

    What the provider is known to have is its business, and it will tell: we only make sure.
    """
    wait: timedelta = SOON * 2 ** min(tries - 1, 20)
    return min(max(wait, SOON * 2) if is_known else wait, LATER_MAX)


def is_hopeless(created_at: datetime, now: datetime, *, is_known: bool) -> bool:
    """Return whether it is time that a person looks; what the provider has may take its time."""
    return not is_known and now - created_at >= GIVE_UP
