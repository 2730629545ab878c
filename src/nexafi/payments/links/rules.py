"""Which payment link takes which payment. Pure."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from nexafi.kernel.values.money import Money
from nexafi.payments.charges.rules import State
from nexafi.payments.errors import LinkAmountUnfit, LinkClosed, LinkNotFound

CHANCE_BYTES: Final = 20
ID_BYTES: Final = 16
NOT_PAID: Final = frozenset({State.FAILED, State.VOIDED})


class LinkState(StrEnum):
    """Whether a link takes a payment."""

    OPEN = "open"
    PENDING = "pending"
    """It is paid once, and somebody is paying it."""
    PAID = "paid"
    EXPIRED = "expired"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a link asks for."""

    currency: str
    amount: int | None
    """Minor units; None where the payer says how much."""
    least: int | None
    most: int | None
    is_single: bool
    is_on: bool
    expires_at: datetime | None


def token(organization_id: UUID, chance: bytes) -> str:
    """Return the token of a link: whose it is, and what nobody guesses."""
    return urlsafe_b64encode(organization_id.bytes + chance).decode()


def owner(text: str) -> UUID:
    """Return whose link a token names; raise LinkNotFound if it has no such form."""
    try:
        raw = urlsafe_b64decode(text.encode("ascii"))
    except ValueError:
        raw = b""
    if len(raw) != ID_BYTES + CHANCE_BYTES:
        raise LinkNotFound("There is no such payment link.")
    return UUID(bytes=raw[:ID_BYTES])


def state(terms: Terms, last: State | None, now: datetime) -> LinkState:
    """Return whether a link takes a payment; *last* is the state of the last charge made by it."""
    if terms.is_single and last is not None and last not in NOT_PAID:
        return LinkState.PAID if last is State.CAPTURED else LinkState.PENDING
    if not terms.is_on:
        return LinkState.OFF
    if terms.expires_at is not None and terms.expires_at <= now:
        return LinkState.EXPIRED
    return LinkState.OPEN


def check_open(found: LinkState) -> None:
    """Raise unless a link takes a payment."""
    if found is not LinkState.OPEN:
        raise LinkClosed(f"This payment link is {found}; it takes no payment.", state=found)


def amount(terms: Terms, given: Money | None) -> Money:
    """Return what is to be paid: what the link says, or what the payer says within its limits."""
    if given is not None and given.currency != terms.currency:
        raise LinkAmountUnfit(f"It is paid in {terms.currency}.", pointer="#/amount")
    if terms.amount is not None:
        if given is not None and given.minor != terms.amount:
            raise LinkAmountUnfit("The amount is fixed.", pointer="#/amount")
        return Money(terms.amount, terms.currency)
    assert terms.least is not None, "an open amount has limits"
    assert terms.most is not None, "an open amount has limits"
    if given is None or not terms.least <= given.minor <= terms.most:
        least, most = Money(terms.least, terms.currency), Money(terms.most, terms.currency)
        raise LinkAmountUnfit(
            f"Say how much, from {least.text} to {most.text} {terms.currency}.", pointer="#/amount"
        )
    return given
