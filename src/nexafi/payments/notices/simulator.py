"""What happens at the sandbox because somebody says so: written as its webhooks are.

It goes the way of every webhook, signature and all; nothing is done here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from nexafi.kernel.data.work import Work
from nexafi.kernel.values.ids import new_id
from nexafi.kernel.values.money import Money
from nexafi.payments import signing
from nexafi.payments.charges import queries, rules
from nexafi.payments.charges.rules import OperationState
from nexafi.payments.disputes import queries as disputes
from nexafi.payments.disputes.rules import OPEN
from nexafi.payments.errors import NothingToSimulate
from nexafi.payments.providers import sandbox
from nexafi.payments.providers.port import WEBHOOK_SECRET, Account, Kind, Reason
from nexafi.payments.providers.sandbox_notices import Told, Webhook, What
from nexafi.payments.tables import Charge, Dispute, Operation

DISPUTE_FEE_MINOR = 1_500
DISPUTE_DAYS = timedelta(days=7)


class Happening(StrEnum):
    """What can be made to happen."""

    ACTION_SUCCEEDED = "action_succeeded"
    ACTION_FAILED = "action_failed"
    CAPTURED = "captured"
    REFUNDED = "refunded"
    REFUND_FAILED = "refund_failed"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to happen to a charge of the sandbox."""

    charge_id: UUID
    kind: Happening
    amount: Money | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Signed:
    """A webhook as it would arrive."""

    body: bytes
    headers: dict[str, str]


def webhook(work: Work, account: Account, wish: Wish) -> Signed:
    """Return the webhook by which the sandbox tells of what is wished for."""
    charge = queries.charge(work, wish.charge_id)
    if charge.provider != sandbox.Sandbox.name or charge.reference is None:
        raise NothingToSimulate("This is no charge that the sandbox knows.")
    told = Webhook(
        type=TYPES[wish.kind],
        timestamp=work.context.now,
        data=TELLERS[wish.kind](work, charge, charge.reference, wish),
        metadata={"nexafi_organization": str(work.organization_id)},
    )
    body = told.model_dump_json(exclude_none=True).encode()
    secret = signing.secret_bytes(account.keys[WEBHOOK_SECRET])
    message_id = f"evt_{new_id().hex}"
    return Signed(body, signing.headers([secret], message_id, work.context.now, body))


def _ended(work: Work, charge: Charge, reference: str, wish: Wish) -> Told:
    """Tell how something ended that the sandbox was asked."""
    operation = _waiting(work, charge)
    if operation is None:
        raise NothingToSimulate("Nothing is under way with this charge.")
    return _of(reference, operation, wish)


def _captured(work: Work, charge: Charge, reference: str, wish: Wish) -> Told:
    """Tell of a capture: one that is under way, or one that nobody here asked for."""
    operation = _waiting(work, charge)
    if operation is not None and operation.kind in {Kind.SALE, Kind.CAPTURE}:
        return _of(reference, operation, wish)
    rules.check_asked(Kind.CAPTURE, rules.State(charge.state))
    amount = rules.part(wish.amount, charge.left_to_capture, charge.currency, "capture")
    return Told(
        charge=reference,
        kind=Kind.CAPTURE,
        reference=f"sb_capture_{new_id().hex}",
        amount=amount,
        fee=sandbox.fee(amount),
    )


def _refunded(_work: Work, charge: Charge, reference: str, wish: Wish) -> Told:
    """Tell of a refund that nobody here asked for."""
    amount = rules.part(wish.amount, charge.left_to_refund, charge.currency, "refund")
    return Told(
        charge=reference,
        reference=f"sb_refund_{new_id().hex}",
        amount=amount,
        reason=wish.reason,
    )


def _refund_failed(work: Work, charge: Charge, reference: str, wish: Wish) -> Told:
    """Tell that the last refund did not reach the payer."""
    every = queries.operations_of(work, charge.id)
    made = [
        each
        for each in every
        if each.kind == Kind.REFUND and each.reference and each.state != OperationState.FAILED
    ]
    if not made:
        raise NothingToSimulate("No refund of this charge was made.")
    last = made[-1]
    return Told(
        charge=reference,
        operation=last.id,
        kind=Kind.REFUND,
        reference=last.reference or "",
        amount=last.amount,
        reason=wish.reason or Reason.ACCOUNT_CLOSED,
    )


def _disputed(work: Work, charge: Charge, reference: str, wish: Wish) -> Told:
    """Tell that the payer contests what was captured, or a part of it."""
    amount = rules.part(wish.amount, charge.left_to_refund, charge.currency, "dispute")
    return Told(
        charge=reference,
        reference=f"sb_dispute_{new_id().hex}",
        amount=amount,
        fee=Money(DISPUTE_FEE_MINOR, charge.currency),
        reason=wish.reason or "fraudulent",
        due_on=(work.context.now + DISPUTE_DAYS).date(),
    )


def _dispute_ended(work: Work, charge: Charge, reference: str, _wish: Wish) -> Told:
    """Tell how the dispute of a charge ended."""
    row = _open_dispute(work, charge)
    return Told(charge=reference, reference=row.reference, amount=row.amount, reason=row.reason)


def _of(reference: str, operation: Operation, wish: Wish) -> Told:
    kind = Kind(operation.kind)
    takes_money = kind in {Kind.SALE, Kind.CAPTURE} and wish.kind is not Happening.ACTION_FAILED
    failure = wish.reason or Reason.AUTHENTICATION_FAILED
    return Told(
        charge=reference,
        operation=operation.id,
        kind=kind,
        reference=operation.reference or f"sb_{kind}_{operation.id.hex}",
        amount=operation.amount,
        fee=sandbox.fee(operation.amount) if takes_money else None,
        reason=failure if wish.kind is Happening.ACTION_FAILED else "",
    )


def _waiting(work: Work, charge: Charge) -> Operation | None:
    found = queries.unfinished_of(work, charge.id)
    return found[0] if found else None


def _open_dispute(work: Work, charge: Charge) -> Dispute:
    found = [each for each in disputes.disputes_of(work, charge.id) if each.state in OPEN]
    if not found:
        raise NothingToSimulate("No dispute of this charge is open.")
    return found[-1]


Teller = Callable[[Work, Charge, str, Wish], Told]
TELLERS: dict[Happening, Teller] = {
    Happening.ACTION_SUCCEEDED: _ended,
    Happening.ACTION_FAILED: _ended,
    Happening.CAPTURED: _captured,
    Happening.REFUNDED: _refunded,
    Happening.REFUND_FAILED: _refund_failed,
    Happening.DISPUTE_OPENED: _disputed,
    Happening.DISPUTE_WON: _dispute_ended,
    Happening.DISPUTE_LOST: _dispute_ended,
}
TYPES = {
    Happening.ACTION_SUCCEEDED: What.SUCCEEDED,
    Happening.ACTION_FAILED: What.FAILED,
    Happening.CAPTURED: What.CAPTURED,
    Happening.REFUNDED: What.REFUNDED,
    Happening.REFUND_FAILED: What.REFUND_FAILED,
    Happening.DISPUTE_OPENED: What.DISPUTE_OPENED,
    Happening.DISPUTE_WON: What.DISPUTE_WON,
    Happening.DISPUTE_LOST: What.DISPUTE_LOST,
}
