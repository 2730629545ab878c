"""The webhooks of Stripe in our words. Pure, after the signature was found to be right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from nexafi.kernel.values.money import Money
from nexafi.payments.providers import stripe_words as words
from nexafi.payments.providers.port import (
    Answer,
    DisputeNews,
    Kind,
    Notice,
    Outcome,
    Reason,
    Subject,
)

_DISPUTES: Final[Mapping[str, str]] = {
    "warning_needs_response": "warning",
    "warning_under_review": "warning",
    "warning_closed": "withdrawn",
    "prevented": "withdrawn",
    "needs_response": "needs_response",
    "under_review": "under_review",
    "won": "won",
    "lost": "lost",
}
_PAYOUTS: Final[Mapping[str, Outcome]] = {
    "paid": Outcome.SUCCEEDED,
    "failed": Outcome.FAILED,
    "canceled": Outcome.FAILED,
}
_STEPS: Final = frozenset(
    {"succeeded", "amount_capturable_updated", "payment_failed", "requires_action", "processing"}
)


def notice(event: Mapping[str, Any]) -> Notice:
    """Return what an event says; what we do not act upon is OTHER.

    KeyError, TypeError or ValueError if it does not have the form of one.
    """
    name = str(event["type"])
    plain = Notice(
        id=str(event["id"]),
        name=name,
        at=datetime.fromtimestamp(event["created"], UTC),
        subject=Subject.OTHER,
    )
    thing = event["data"]["object"]
    kind, _, step = name.rpartition(".")
    read = _READERS.get("charge.dispute" if name.startswith("charge.dispute.") else kind)
    return plain if read is None else read(plain, thing, step)


def _intent(plain: Notice, intent: Mapping[str, Any], step: str) -> Notice:
    is_held = intent.get("capture_method") == "manual"
    begins = Kind.AUTHORIZE if is_held else Kind.SALE
    said = replace(
        plain,
        subject=Subject.OPERATION,
        operation_id=_id(intent, words.OPERATION),
        kind=begins,
        charge_reference=str(intent["id"]),
        amount=_money(intent, "amount"),
    )
    took = bool(intent.get("amount_received"))
    if step == "canceled":
        return _canceled(said, intent)
    if is_held and (step == "succeeded" or (step == "amount_capturable_updated" and took)):
        amount = _money(intent, "amount_received" if took else "amount")
        answer = words.captured_now(intent)
        return replace(
            said,
            operation_id=_id(intent, words.CAPTURE),
            kind=Kind.CAPTURE,
            amount=amount,
            answer=answer,
            is_last=intent.get("status") == "succeeded",
        )
    if step not in _STEPS:
        return plain
    return replace(said, answer=words.begun(begins, intent))


def _canceled(said: Notice, intent: Mapping[str, Any]) -> Notice:
    """Return what was let go: what was held, or what never came so far."""
    answer = words.begun(said.kind or Kind.SALE, intent)
    if said.kind is not Kind.AUTHORIZE or not intent.get("latest_charge"):
        return replace(said, answer=answer)
    done = replace(answer, outcome=Outcome.SUCCEEDED, reference=None)
    return replace(said, kind=Kind.VOID, operation_id=None, answer=done)


def _refund(plain: Notice, refund: Mapping[str, Any], _step: str) -> Notice:
    operation_id = _id(refund, words.OPERATION)
    return replace(
        plain,
        subject=Subject.OPERATION if operation_id else Subject.REFUND,
        operation_id=operation_id,
        kind=Kind.REFUND,
        charge_reference=_reference(refund),
        amount=_money(refund, "amount"),
        answer=words.refund_answer(refund),
    )


def _charge(plain: Notice, charge: Mapping[str, Any], step: str) -> Notice:
    """Return what a charge says of its latest refund, where an older version of the API does."""
    refunds = (charge.get("refunds") or {}).get("data") or []
    if step != "refunded" or not refunds:
        return plain
    latest = max(refunds, key=lambda each: int(each.get("created") or 0))
    about = {"payment_intent": charge.get("payment_intent"), "charge": charge.get("id")}
    return _refund(plain, {**about, **latest}, step)


def _dispute(plain: Notice, dispute: Mapping[str, Any], _step: str) -> Notice:
    due = (dispute.get("evidence_details") or {}).get("due_by")
    kept = [words.fee_of(each) for each in dispute.get("balance_transactions") or []]
    fees = [each for each in kept if each is not None and each.minor]
    is_one_currency = len({each.currency for each in fees}) == 1
    total = sum(each.minor for each in fees)
    news = DisputeNews(
        reference=str(dispute["id"]),
        status=_DISPUTES.get(str(dispute["status"]), "under_review"),
        amount=words.money_of(dispute["amount"], dispute["currency"]),
        reason=str(dispute.get("reason") or ""),
        fee=Money(total, fees[0].currency) if is_one_currency and total > 0 else None,
        evidence_due_on=datetime.fromtimestamp(due, UTC).date() if due else None,
    )
    return replace(
        plain,
        subject=Subject.DISPUTE,
        charge_reference=_reference(dispute),
        amount=news.amount,
        dispute=news,
    )


def _payout(plain: Notice, payout: Mapping[str, Any], _step: str) -> Notice:
    outcome = _PAYOUTS.get(str(payout.get("status")), Outcome.PENDING)
    answer = Answer(
        outcome,
        reference=str(payout["id"]),
        reason=Reason.OTHER if outcome is Outcome.FAILED else "",
        message=str(payout.get("failure_message") or payout.get("failure_code") or ""),
    )
    return replace(plain, subject=Subject.PAYOUT, amount=_money(payout, "amount"), answer=answer)


_READERS: Final[Mapping[str, Callable[[Notice, Mapping[str, Any], str], Notice]]] = {
    "payment_intent": _intent,
    "refund": _refund,
    "charge.refund": _refund,
    "charge": _charge,
    "charge.dispute": _dispute,
    "payout": _payout,
}
"""By what an event is about."""


def _money(thing: Mapping[str, Any], name: str) -> Money:
    return words.money_of(int(thing[name]), str(thing["currency"]))


def _reference(thing: Mapping[str, Any]) -> str | None:
    """Return the payment intent that something belongs to, else the charge of older days."""
    found = thing.get("payment_intent") or thing.get("charge")
    return str(found["id"]) if isinstance(found, Mapping) else found


def _id(thing: Mapping[str, Any], name: str) -> UUID | None:
    """Return the operation that we gave along; None if it is none of ours."""
    try:
        return UUID((thing.get("metadata") or {}).get(name))
    except (ValueError, TypeError, AttributeError):
        return None  # carrying on: it was made elsewhere
