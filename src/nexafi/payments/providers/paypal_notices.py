"""The webhooks of PayPal in our words. Pure, after the signature was found to be right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC
from typing import Any, Final

from nexafi.kernel.values.money import Money
from nexafi.payments.providers import paypal_words as words
from nexafi.payments.providers.port import (
    Answer,
    DisputeNews,
    Kind,
    Notice,
    Outcome,
    Reason,
    Subject,
)

Json = Mapping[str, Any]

DISPUTED: Final = frozenset({"CHARGEBACK", "BUYER_COMPLAINT"})
"""Why a capture is reversed where a dispute tells of the same money."""
_OPEN: Final[Mapping[str, str]] = {
    "OPEN": "needs_response",
    "WAITING_FOR_SELLER_RESPONSE": "needs_response",
    "WAITING_FOR_BUYER_RESPONSE": "under_review",
    "UNDER_REVIEW": "under_review",
}
_ENDS: Final[Mapping[str, str]] = {
    "RESOLVED_BUYER_FAVOUR": "lost",
    "ACCEPTED": "lost",
    "RESOLVED_SELLER_FAVOUR": "won",
    "RESOLVED_WITH_PAYOUT": "won",
    "DENIED": "won",
    "CANCELED_BY_BUYER": "withdrawn",
    "NONE": "withdrawn",
}


def notice(event: Json) -> Notice:
    """Return what an event says; what we do not act upon is OTHER.

    KeyError, TypeError or ValueError if it does not have the form of one.
    """
    at = words.moment_of(event["create_time"])
    if at is None:
        raise ValueError("An event says when it was.")
    name = str(event["event_type"])
    plain = Notice(str(event["id"]), name, at.astimezone(UTC), Subject.OTHER)
    read = _READERS.get(name) or _READERS.get(name.rpartition(".")[0])
    return plain if read is None else read(plain, event["resource"])


def capture_of(event: Json) -> str | None:
    """Return the capture that an event is about, where its order is not said."""
    name, resource = str(event["event_type"]), event["resource"]
    if name.startswith("CUSTOMER.DISPUTE."):
        return str(resource["disputed_transactions"][0]["seller_transaction_id"])
    return words.capture_of(resource)


def _approved(plain: Notice, order: Json) -> Notice:
    """Return that an order waits for us: whoever is asked next takes or holds its money."""
    unit = order["purchase_units"][0]
    kind = Kind.SALE if order.get("intent") == "CAPTURE" else Kind.AUTHORIZE
    id_ = str(order["id"])
    return replace(
        plain,
        subject=Subject.OPERATION,
        operation_id=words.operation_of(unit.get("invoice_id")),
        kind=kind,
        charge_reference=id_,
        amount=words.money_of(unit["amount"]),
        answer=Answer(Outcome.PENDING, id_, id_, message="The payer has approved it."),
    )


def _capture(plain: Notice, capture: Json) -> Notice:
    """Return how a capture stands: of an order at once, or of what was held."""
    began, operation_id = words.began(capture)
    own = words.operation_of(capture.get("invoice_id"))
    is_sale = began != Kind.AUTHORIZE
    if not is_sale and own == operation_id:
        own = None  # made at PayPal's own site: there it has the number of its order
    return replace(
        plain,
        subject=Subject.OPERATION,
        operation_id=own,
        kind=Kind.SALE if is_sale else Kind.CAPTURE,
        charge_reference=words.order_of(capture),
        amount=words.money_of(capture["amount"]),
        answer=words.captured(capture),
    )


def _held(plain: Notice, authorization: Json) -> Notice:
    return replace(
        plain,
        subject=Subject.OPERATION,
        operation_id=words.operation_of(authorization.get("invoice_id")),
        kind=Kind.AUTHORIZE,
        charge_reference=words.order_of(authorization),
        amount=words.money_of(authorization["amount"]),
        answer=words.authorized(authorization),
    )


def _voided(plain: Notice, authorization: Json) -> Notice:
    reference, order = str(authorization["id"]), words.order_of(authorization)
    return replace(
        plain,
        subject=Subject.OPERATION,
        kind=Kind.VOID,
        charge_reference=order,
        amount=words.money_of(authorization["amount"]),
        answer=Answer(Outcome.SUCCEEDED, order, words.void_reference(reference)),
    )


def _refund(plain: Notice, refund: Json) -> Notice:
    """Return how a refund stands: one of ours, or one made at PayPal's own site."""
    kind, operation_id = words.began(refund)
    is_ours = kind == Kind.REFUND and operation_id is not None
    return replace(
        plain,
        subject=Subject.OPERATION if is_ours else Subject.REFUND,
        operation_id=operation_id if is_ours else None,
        kind=Kind.REFUND,
        amount=words.money_of(refund["amount"]),
        answer=words.refund_answer(refund),
    )


def _reversed(plain: Notice, refund: Json) -> Notice:
    """Return that PayPal gave the money back by itself, which no operation of ours asked for."""
    answer = Answer(Outcome.SUCCEEDED, reference=str(refund["id"]), reason=Reason.OTHER)
    amount = words.money_of(refund["amount"])
    back = Money(abs(amount.minor), amount.currency)
    return replace(plain, subject=Subject.REFUND, kind=Kind.REFUND, amount=back, answer=answer)


def _dispute(plain: Notice, dispute: Json) -> Notice:
    due = words.moment_of(dispute.get("seller_response_due_date"))
    news = DisputeNews(
        reference=str(dispute["dispute_id"]),
        status=_dispute_status(dispute),
        amount=words.money_of(dispute["dispute_amount"]),
        reason=str(dispute.get("reason") or "").lower(),
        evidence_due_on=due.astimezone(UTC).date() if due else None,
    )
    return replace(plain, subject=Subject.DISPUTE, amount=news.amount, dispute=news)


def _dispute_status(dispute: Json) -> str:
    """Return how a dispute stands. PayPal holds the money from its first day on."""
    if dispute.get("status") == "RESOLVED":
        outcome = (dispute.get("dispute_outcome") or {}).get("outcome_code")
        return _ENDS.get(str(outcome), "under_review")
    return _OPEN.get(str(dispute.get("status")), "under_review")


_READERS: Final[Mapping[str, Callable[[Notice, Json], Notice]]] = {
    "CHECKOUT.ORDER.APPROVED": _approved,
    "PAYMENT.CAPTURE.COMPLETED": _capture,
    "PAYMENT.CAPTURE.PENDING": _capture,
    "PAYMENT.CAPTURE.DENIED": _capture,
    "PAYMENT.CAPTURE.DECLINED": _capture,
    "PAYMENT.CAPTURE.REFUNDED": _refund,
    "PAYMENT.CAPTURE.REVERSED": _reversed,
    "PAYMENT.REFUND": _refund,
    "PAYMENT.AUTHORIZATION.CREATED": _held,
    "PAYMENT.AUTHORIZATION.VOIDED": _voided,
    "CUSTOMER.DISPUTE": _dispute,
}
"""By what an event is called, or by all of its name but the last word."""
