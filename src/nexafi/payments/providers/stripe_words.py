"""The words of Stripe in ours: amounts, states and reasons. Pure, and needs no library.

What comes in is the JSON of Stripe's API as it was read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from nexafi.kernel.values.currencies import decimals
from nexafi.kernel.values.money import Money
from nexafi.payments import cards
from nexafi.payments.providers.port import Answer, Kind, Outcome, Reason, Request

Json = Mapping[str, Any]

# What we give along, by which we find our own again.
ORGANIZATION: Final = "nexafi_organization"
CHARGE: Final = "nexafi_charge"
OPERATION: Final = "nexafi_operation"
"""The operation that made the thing: an authorization, a sale, a refund."""
CAPTURE: Final = "nexafi_capture"
"""The latest capture of a payment intent."""

# -- amounts ------------------------------------------------------------------------------------

_DECIMALS: Final[Mapping[str, int]] = {"ISK": 2, "UGX": 2, "MGA": 0}
"""Where Stripe counts otherwise than ISO 4217."""
_STEPS: Final[Mapping[str, int]] = {"BHD": 10, "JOD": 10, "KWD": 10, "OMR": 10, "TND": 10}
"""Of three decimals the card networks carry two, so Stripe takes multiples of ten only."""


def minor_of(money: Money) -> int | None:
    """Return an amount as Stripe counts it; None if it cannot be said there."""
    shift = _decimals(money.currency) - decimals(money.currency)
    minor, rest = divmod(money.minor * 10 ** max(shift, 0), 10 ** max(-shift, 0))
    return None if rest or minor % _STEPS.get(money.currency, 1) else minor


def money_of(minor: int, currency: str) -> Money:
    """Return an amount that Stripe told; what is smaller than our unit is rounded, half to even.

    ValueError if ISO 4217 does not know the currency.
    """
    code = currency.upper()
    shift = decimals(code) - _decimals(code)
    if shift >= 0:
        return Money(minor * 10**shift, code)
    whole, rest = divmod(minor, 10**-shift)
    half = 10**-shift // 2
    return Money(whole + (rest > half or (rest == half and whole % 2)), code)


def _decimals(code: str) -> int:
    return _DECIMALS.get(code, decimals(code))


# -- reasons ------------------------------------------------------------------------------------

_R = Reason
REASONS: Final[Mapping[str, Reason]] = {
    "insufficient_funds": _R.INSUFFICIENT_FUNDS,
    "card_velocity_exceeded": _R.CARD_DECLINED,
    "withdrawal_count_limit_exceeded": _R.INSUFFICIENT_FUNDS,
    "expired_card": _R.EXPIRED_CARD,
    "expired_or_canceled_card": _R.EXPIRED_CARD,
    "invalid_expiry_month": _R.EXPIRED_CARD,
    "invalid_expiry_year": _R.EXPIRED_CARD,
    "incorrect_cvc": _R.INCORRECT_CVC,
    "invalid_cvc": _R.INCORRECT_CVC,
    "lost_card": _R.LOST_OR_STOLEN,
    "stolen_card": _R.LOST_OR_STOLEN,
    "lost_or_stolen_card": _R.LOST_OR_STOLEN,
    "pickup_card": _R.LOST_OR_STOLEN,
    "fraudulent": _R.FRAUD_SUSPECTED,
    "merchant_blacklist": _R.FRAUD_SUSPECTED,
    "security_violation": _R.FRAUD_SUSPECTED,
    "authentication_required": _R.AUTHENTICATION_FAILED,
    "authentication_not_handled": _R.AUTHENTICATION_FAILED,
    "payment_intent_authentication_failure": _R.AUTHENTICATION_FAILED,
    "capture_charge_authorization_expired": _R.AUTHORIZATION_EXPIRED,
    "charge_expired_for_capture": _R.AUTHORIZATION_EXPIRED,
    "resource_missing": _R.METHOD_INVALID,
    "incorrect_number": _R.METHOD_INVALID,
    "invalid_number": _R.METHOD_INVALID,
    "card_not_supported": _R.METHOD_INVALID,
    "payment_intent_incompatible_payment_method": _R.METHOD_INVALID,
    "payment_method_customer_decline": _R.CARD_DECLINED,
    "payment_method_invalid_parameter": _R.METHOD_INVALID,
    "payment_method_not_available": _R.METHOD_INVALID,
    "payment_method_unactivated": _R.METHOD_INVALID,
    "payment_method_unexpected_state": _R.METHOD_INVALID,
    "invalid_account": _R.METHOD_INVALID,
    "payment_intent_mandate_invalid": _R.MANDATE_INVALID,
    "mandate_invalid": _R.MANDATE_INVALID,
    "debit_not_authorized": _R.MANDATE_INVALID,
    "account_closed": _R.ACCOUNT_CLOSED,
    "bank_account_restricted": _R.ACCOUNT_CLOSED,
    "bank_account_unusable": _R.ACCOUNT_CLOSED,
    "no_account": _R.ACCOUNT_CLOSED,
    "amount_too_large": _R.AMOUNT_UNFIT,
    "amount_too_small": _R.AMOUNT_UNFIT,
    "invalid_amount": _R.AMOUNT_UNFIT,
    "invalid_charge_amount": _R.AMOUNT_UNFIT,
    "invalid_charge_amount_no_decimal_compatible": _R.AMOUNT_UNFIT,
    "parameter_invalid_integer": _R.AMOUNT_UNFIT,
    "currency_not_supported": _R.CURRENCY_UNFIT,
    "invalid_currency": _R.CURRENCY_UNFIT,
    "charge_already_captured": _R.ALREADY_DONE,
    "charge_already_refunded": _R.ALREADY_DONE,
    "payment_intent_unexpected_state": _R.ALREADY_DONE,
    "merchant_request": _R.CANCELED,
    "card_declined": _R.CARD_DECLINED,
    "generic_decline": _R.CARD_DECLINED,
    "do_not_honor": _R.CARD_DECLINED,
    "declined": _R.CARD_DECLINED,
}
"""By decline code, error code or why a refund failed; the narrower of two is looked up first."""
_FIELDS: Final[Mapping[str, Reason]] = {
    "amount": _R.AMOUNT_UNFIT,
    "amount_to_capture": _R.AMOUNT_UNFIT,
    "currency": _R.CURRENCY_UNFIT,
    "payment_method": _R.METHOD_INVALID,
    "payment_method_types": _R.METHOD_INVALID,
}


def reason_of(error: Json) -> Reason:
    """Return why something failed, from Stripe's error object."""
    for name in ("decline_code", "code"):
        if (found := REASONS.get(error.get(name) or "")) is not None:
            return found
    if error.get("type") == "card_error":
        return Reason.CARD_DECLINED
    return _FIELDS.get(error.get("param") or "", Reason.OTHER)


def refused(error: Json, **known: Any) -> Answer:  # noqa: ANN401 - fields of an answer
    """Return that Stripe said no, and why."""
    return Answer(Outcome.FAILED, reason=reason_of(error), message=_message(error), **known)


def _message(error: Json) -> str:
    return cards.masked(str(error.get("message") or error.get("code") or ""))


# -- states -------------------------------------------------------------------------------------


def intent_answer(request: Request, intent: Json) -> Answer:
    """Return what became of *request*, as the payment intent that it is about shows."""
    known = _known(intent)
    match request.kind:
        case Kind.CAPTURE:
            return _captured(request, intent, known)
        case Kind.VOID:
            return _voided(intent, known)
        case _:
            return begun(request.kind, intent, known)


def begun(kind: Kind, intent: Json, known: Answer | None = None) -> Answer:
    """Return how an authorization or a sale stands."""
    known = known or _known(intent)
    status = intent.get("status")
    match status:
        case "requires_action":
            return replace(known, outcome=Outcome.ACTION, action=_action(intent))
        case "requires_payment_method" if error := intent.get("last_payment_error"):
            return refused(
                error, charge_reference=known.charge_reference, reference=known.reference
            )
        case "canceled":
            return _gone(intent, known)
        case "succeeded" if kind is Kind.SALE:
            return replace(known, outcome=Outcome.SUCCEEDED)
        case "succeeded" | "requires_capture" if kind is Kind.AUTHORIZE:
            # The charge there, and its fee, belong to the capture, by which a settlement names it.
            return replace(
                known, outcome=Outcome.SUCCEEDED, reference=known.charge_reference, fee=None
            )
    return replace(known, message=f"The payment intent is {status}.")


def captured_now(intent: Json) -> Answer:
    """Return the answer to a capture that Stripe has just done."""
    known = _known(intent)
    if intent.get("status") in {"succeeded", "requires_capture"}:
        return replace(known, outcome=Outcome.SUCCEEDED)
    return replace(known, message=f"The payment intent is {intent.get('status')}.")


def _captured(request: Request, intent: Json, known: Answer) -> Answer:
    is_ours = _metadata(intent).get(CAPTURE) == str(request.id)
    match intent.get("status"):
        case "succeeded" | "requires_capture" if is_ours:
            return replace(known, outcome=Outcome.SUCCEEDED)
        case "succeeded" if CAPTURE not in _metadata(intent) and _took(intent, request.amount):
            return replace(known, outcome=Outcome.SUCCEEDED)  # by hand, and just as much
        case "canceled":
            return _gone(intent, known)
        case "requires_capture" | "succeeded":
            return Answer(Outcome.UNKNOWN, message="It was not captured by this operation.")
    return replace(known, message=f"The payment intent is {intent.get('status')}.")


def _voided(intent: Json, known: Answer) -> Answer:
    match intent.get("status"):
        case "canceled":
            return replace(known, outcome=Outcome.SUCCEEDED, fee=None)
        case "succeeded":
            return replace(
                known,
                outcome=Outcome.FAILED,
                fee=None,
                reason=Reason.ALREADY_DONE,
                message="It was captured before.",
            )
        case "processing":
            return known
    return Answer(Outcome.UNKNOWN, message="It was not canceled.")


def _gone(intent: Json, known: Answer) -> Answer:
    is_late = intent.get("cancellation_reason") == "automatic"
    reason = Reason.AUTHORIZATION_EXPIRED if is_late else Reason.CANCELED
    if intent.get("cancellation_reason") == "fraudulent":
        reason = Reason.FRAUD_SUSPECTED
    return replace(known, outcome=Outcome.FAILED, fee=None, reason=reason, message="Canceled.")


def refund_answer(refund: Json) -> Answer:
    """Return how a refund stands."""
    reference = str(refund["id"])
    match refund.get("status"):
        case "succeeded":
            return Answer(Outcome.SUCCEEDED, reference=reference)
        case "failed":
            why = str(refund.get("failure_reason") or "unknown")
            reason = REASONS.get(why, Reason.OTHER)
            return Answer(
                Outcome.FAILED, reference=reference, reason=reason, message=f"Stripe says: {why}."
            )
        case "canceled":
            return Answer(
                Outcome.FAILED, reference=reference, reason=Reason.CANCELED, message="Canceled."
            )
    message = f"The refund is {refund.get('status')}."
    return Answer(Outcome.PENDING, reference=reference, message=message)


def _known(intent: Json) -> Answer:
    """Return what a payment intent says beside its state, as an answer that is pending."""
    charge = latest_charge(intent)
    details = charge.get("payment_method_details") or {}
    method = details.get(details.get("type") or "card") or {}
    before = method.get("capture_before")
    return Answer(
        Outcome.PENDING,
        charge_reference=str(intent["id"]),
        reference=str(charge.get("id") or intent["id"]),
        fee=fee_of(charge.get("balance_transaction")),
        expires_at=datetime.fromtimestamp(before, UTC) if before else None,
        country=country_of(method.get("country")),
    )


def latest_charge(intent: Json) -> Json:
    """Return the charge of a payment intent; only its id may be known, or nothing."""
    found = intent.get("latest_charge")
    if isinstance(found, str):
        return {"id": found}
    return found or {}


def fee_of(transaction: object) -> Money | None:
    """Return what Stripe kept of a balance transaction; None if it does not say so yet."""
    if not isinstance(transaction, Mapping) or not isinstance(transaction.get("fee"), int):
        return None
    try:
        return money_of(transaction["fee"], str(transaction["currency"]))
    except ValueError:
        return None  # carrying on: a fee in no currency of ours is for the settlement to explain


def country_of(code: object) -> str | None:
    """Return a country in two capital letters, if it is one."""
    is_one = isinstance(code, str) and len(code) == 2 and code.isascii() and code.isalpha()
    return str(code).upper() if is_one else None


def _action(intent: Json) -> dict[str, Any]:
    """Return what the payer must do; what only Stripe's own script can do needs the secret."""
    asked = intent.get("next_action") or {}
    kind = str(asked.get("type") or "use_stripe_sdk")
    details = asked.get(kind) or {}
    for name in ("url", "hosted_verification_url", "hosted_voucher_url", "hosted_instructions_url"):
        if isinstance(url := details.get(name), str) and url:
            return {"kind": "redirect", "url": url}
    return {"kind": "stripe_sdk", "client_secret": intent.get("client_secret")}


def _took(intent: Json, amount: Money) -> bool:
    received = intent.get("amount_received")
    return isinstance(received, int) and received == minor_of(amount)


def _metadata(thing: Json) -> Json:
    return thing.get("metadata") or {}
