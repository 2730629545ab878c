"""The sandbox: a provider without an account, whose outcomes are scripted.

What is charged decides what happens: a published payment method, or a
published amount with any method that would succeed (`docs/guides/sandbox.md`).
It remembers nothing: whatever it is asked twice it answers alike, and what a
script delays is counted from the moment that stands in the id of the request
(UUIDv7). Its webhooks are signed as Standard Webhooks prescribe.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final
from uuid import UUID

from nexafi.kernel.values.money import Money
from nexafi.payments import signing
from nexafi.payments.providers import sandbox_notices
from nexafi.payments.providers.port import (
    WEBHOOK_SECRET,
    Account,
    Answer,
    Evidence,
    Kind,
    Notice,
    Outcome,
    Reason,
    Request,
    Takes,
)

PREFIX: Final = "sandbox_"
FEE_SHARE: Final = 29
"""Thousandths of the amount."""
FEE_FIXED: Final = 30
"""Minor units."""
HELD_FOR: Final = timedelta(days=7)
DELAY: Final = timedelta(seconds=3)
"""How long what is slow takes: a debit, a refund."""
SLOW_S: Final = 2.0

AMOUNTS: Final = {
    90_001: "sandbox_declined",
    90_002: "sandbox_insufficient_funds",
    90_003: "sandbox_expired",
    90_004: "sandbox_3ds",
    90_005: "sandbox_lost_answer",
    90_006: "sandbox_slow",
    90_007: "sandbox_unreachable",
    90_008: "sandbox_debit",
    90_009: "sandbox_fraud",
}
"""Minor units, 900.01 and so on, that do with any method what the one beside them does."""


class AnswerLost(ConnectionResetError):
    """What the sandbox raises where a script says that the answer does not arrive."""


@dataclass(frozen=True, slots=True)
class Script:
    """What a payment method does."""

    about: str
    outcome: Outcome = Outcome.SUCCEEDED
    reason: str = ""
    delay: timedelta | None = None
    """PENDING until then, then the outcome."""
    loses_answers: bool = False
    is_slow: bool = False
    capture: Outcome | None = None
    """What becomes of a capture, where it is not what becomes of the rest."""
    refund: Outcome | None = None
    is_forgetful: bool = False
    """It loses the answer, and knows of nothing later: what is left is a person."""


SCRIPTS: Final[Mapping[str, Script]] = {
    "sandbox_visa": Script("Succeeds."),
    "sandbox_mastercard": Script("Succeeds."),
    "sandbox_amex": Script("Succeeds."),
    "sandbox_paypal": Script("Succeeds, as a PayPal account that the payer agreed to charge."),
    "sandbox_declined": Script("Is declined.", Outcome.FAILED, Reason.CARD_DECLINED),
    "sandbox_insufficient_funds": Script(
        "Is declined: not enough money.", Outcome.FAILED, Reason.INSUFFICIENT_FUNDS
    ),
    "sandbox_expired": Script("Is declined: expired.", Outcome.FAILED, Reason.EXPIRED_CARD),
    "sandbox_lost": Script("Is declined: lost or stolen.", Outcome.FAILED, Reason.LOST_OR_STOLEN),
    "sandbox_fraud": Script(
        "Is declined: fraud is suspected.", Outcome.FAILED, Reason.FRAUD_SUSPECTED
    ),
    "sandbox_3ds": Script(
        "Asks the payer for 3-D Secure; what is said to `/sandbox/notices` then counts.",
        Outcome.ACTION,
    ),
    "sandbox_debit": Script("Is taken, and succeeds three seconds later.", delay=DELAY),
    "sandbox_debit_returned": Script(
        "Is taken, and fails three seconds later: not enough money.",
        Outcome.FAILED,
        Reason.INSUFFICIENT_FUNDS,
        delay=DELAY,
    ),
    "sandbox_slow": Script("Succeeds after two seconds.", is_slow=True),
    "sandbox_lost_answer": Script(
        "Succeeds, but the first answer is lost on the way.", loses_answers=True
    ),
    "sandbox_forgotten": Script(
        "The answer is lost, and the sandbox never knows what became of it: held for a person.",
        is_forgetful=True,
    ),
    "sandbox_unreachable": Script(
        "The provider is down and did nothing: another is asked, if there is one.",
        Outcome.UNTOUCHED,
        Reason.UNAVAILABLE,
    ),
    "sandbox_capture_fails": Script(
        "Is authorized; a capture is refused.",
        reason=Reason.AUTHORIZATION_EXPIRED,
        capture=Outcome.FAILED,
    ),
    "sandbox_refund_fails": Script(
        "Succeeds; a refund is refused.", reason=Reason.ACCOUNT_CLOSED, refund=Outcome.FAILED
    ),
    "sandbox_refund_slow": Script(
        "Succeeds; a refund takes three seconds.", refund=Outcome.PENDING
    ),
}
"""All published payment methods."""


class Sandbox:
    """The provider of first steps, demonstrations and tests."""

    name: ClassVar[str] = "sandbox"
    title: ClassVar[str] = "Sandbox"
    keys: ClassVar[Mapping[str, str]] = {}
    takes: ClassVar[Takes] = Takes(
        methods=frozenset({"card", "sepa_debit", "ach_debit", "paypal"}), captures_often=True
    )
    window: ClassVar[timedelta] = timedelta(hours=24)

    def __init__(self, wait: Callable[[float], None] = time.sleep) -> None:
        self._wait = wait

    def owns(self, token: str) -> bool:
        """Return whether this is a payment method of the sandbox."""
        return token.startswith(PREFIX)

    def ask(self, account: Account, request: Request) -> Answer:
        """Answer as the script says; the first answer may be lost."""
        script = script_of(request)
        if script is None:
            return Answer(
                Outcome.FAILED,
                reason=Reason.METHOD_INVALID,
                message="The sandbox knows no such payment method.",
            )
        if script.is_slow and request.tries == 1:
            self._wait(SLOW_S)
        if script.is_forgetful or (script.loses_answers and request.tries == 1):
            raise AnswerLost("The script says that the answer is lost.")
        return self.look_up(account, request)

    def look_up(self, account: Account, request: Request) -> Answer:  # noqa: ARG002 - has none
        """Answer as the script says by now."""
        script = script_of(request)
        assert script is not None, "who was refused is not asked about"
        if script.is_forgetful:
            return Answer(Outcome.UNKNOWN)
        return _said(script, request)

    def read_notice(
        self, account: Account, body: bytes, headers: Mapping[str, str], now: datetime
    ) -> Notice:
        """Return what a webhook says that was signed as Standard Webhooks prescribe."""
        secret = signing.secret_bytes(account.keys[WEBHOOK_SECRET])
        return sandbox_notices.read(signing.check(secret, headers, body, now), body)

    def submit_evidence(self, account: Account, evidence: Evidence) -> Answer:  # noqa: ARG002
        """Take what is said to a dispute; how it ends is said to `/sandbox/notices`."""
        return Answer(Outcome.SUCCEEDED)


def _said(script: Script, request: Request) -> Answer:
    """Return the answer that a script gives to a request by now."""
    outcome = _outcome(script, request)
    known = Answer(
        outcome,
        charge_reference=request.reference or f"sb_{request.id.hex}",
        reference=f"sb_{request.kind}_{request.id.hex}",
    )
    match outcome:
        case Outcome.UNTOUCHED:
            return Answer(outcome, reason=script.reason, message=script.about)
        case Outcome.FAILED:
            return replace(known, reason=script.reason, message=script.about)
        case Outcome.ACTION:
            url = f"https://sandbox.invalid/3ds/{request.id}"
            return replace(known, action={"kind": "redirect", "url": url})
        case Outcome.SUCCEEDED if request.kind in {Kind.SALE, Kind.CAPTURE}:
            return replace(known, fee=fee(request.amount))
        case Outcome.SUCCEEDED if request.kind is Kind.AUTHORIZE:
            return replace(known, expires_at=_made_at(request.id) + HELD_FOR)
    return known


def script_of(request: Request) -> Script | None:
    """Return what is to happen: by the amount, else by the payment method."""
    script = SCRIPTS.get(request.method.token)
    begins = request.kind in {Kind.AUTHORIZE, Kind.SALE}
    scripted = AMOUNTS.get(request.amount.minor) if begins else None
    is_plain = script is not None and script.outcome is Outcome.SUCCEEDED
    return SCRIPTS[scripted] if scripted and is_plain else script


def fee(amount: Money) -> Money:
    """Return what the sandbox keeps: 2.9 % and 30 minor units, at most all of it."""
    kept = (amount.minor * FEE_SHARE + 500) // 1000 + FEE_FIXED
    return Money(min(kept, amount.minor), amount.currency)


def _outcome(script: Script, request: Request) -> Outcome:
    own = {Kind.CAPTURE: script.capture, Kind.REFUND: script.refund}.get(request.kind)
    is_later = request.now is not None and request.now >= _made_at(request.id) + DELAY
    if own is Outcome.PENDING:
        return Outcome.SUCCEEDED if is_later else Outcome.PENDING
    if own is not None:
        return own
    if request.kind not in {Kind.AUTHORIZE, Kind.SALE}:
        return Outcome.SUCCEEDED
    if script.delay is not None and not is_later:
        return Outcome.PENDING
    return script.outcome


def _made_at(id_: UUID) -> datetime:
    """Return the moment at which an id was made, which a UUIDv7 tells."""
    return datetime.fromtimestamp((id_.int >> 80) / 1000, UTC)
