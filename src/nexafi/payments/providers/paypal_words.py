"""The words of PayPal in ours: amounts, states and reasons. Pure.

What comes in is the JSON of PayPal's Orders v2 and Payments v2 as it was read.

We give along two names with each thing: the invoice id is the operation that
made it (PayPal can refuse one that it had before), the custom id says what
began the whole, such as `authorize-...`. A capture of an authorization has the
custom id of its order and an invoice id of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from nexafi.kernel.values.currencies import decimals
from nexafi.kernel.values.money import Money
from nexafi.payments import cards
from nexafi.payments.providers.port import Answer, Kind, Outcome, Reason, Request

Json = Mapping[str, Any]

CURRENCIES: Final = frozenset(
    {
        "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS",
        "JPY", "MXN", "MYR", "NOK", "NZD", "PHP", "PLN", "SEK", "SGD", "THB", "TWD", "USD",
    }
)  # fmt: skip
WHOLE: Final = frozenset({"HUF", "JPY", "TWD"})
"""PayPal takes no decimals of these."""

# -- what we give along -------------------------------------------------------------------------


def custom_id(kind: Kind, operation_id: UUID) -> str:
    """Return by which name an operation that begins something, or gives back, is known."""
    return f"{kind}-{operation_id}"


def began(thing: Json) -> tuple[str, UUID | None]:
    """Return what the custom id of a thing says: the kind and the operation; else nothing."""
    kind, _, id_ = str(thing.get("custom_id") or "").partition("-")
    return kind, operation_of(id_)


def operation_of(text: object) -> UUID | None:
    """Return the operation that an invoice id names; None if it is none of ours."""
    try:
        return UUID(str(text))
    except ValueError:
        return None  # carrying on: it was made elsewhere


# -- amounts ------------------------------------------------------------------------------------


def amount_of(money: Money) -> dict[str, str] | None:
    """Return an amount as PayPal writes it; None if it cannot be said there."""
    value = Decimal(money.minor).scaleb(-decimals(money.currency))
    if money.currency in WHOLE:
        if value != value.to_integral_value():
            return None
        value = value.to_integral_value()
    return {"currency_code": money.currency, "value": f"{value:f}"}


def money_of(amount: Json) -> Money:
    """Return an amount that PayPal told; ValueError if it is none."""
    currency = str(amount["currency_code"])
    try:
        minor = Decimal(str(amount["value"])).scaleb(decimals(currency))
    except InvalidOperation as error:
        raise ValueError("This is no amount.") from error
    if minor != minor.to_integral_value():
        raise ValueError(f"{currency} has fewer decimals.")
    return Money(int(minor), currency)


def fee_of(capture: Json) -> Money | None:
    """Return what PayPal kept of a capture; None if it does not say so."""
    told = (capture.get("seller_receivable_breakdown") or {}).get("paypal_fee")
    try:
        return money_of(told) if told else None
    except ValueError:
        return None  # carrying on: the settlement explains it


def moment_of(text: object) -> datetime | None:
    """Return a moment that PayPal told, if it is one."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else None


# -- reasons ------------------------------------------------------------------------------------

_R = Reason
REASONS: Final[Mapping[str, Reason]] = {
    "INSTRUMENT_DECLINED": _R.CARD_DECLINED,
    "PAYMENT_SOURCE_DECLINED_BY_PROCESSOR": _R.CARD_DECLINED,
    "ALIAS_DECLINED_BY_PROCESSOR": _R.CARD_DECLINED,
    "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING": _R.CARD_DECLINED,
    "TRANSACTION_REFUSED": _R.CARD_DECLINED,
    "PAYER_CANNOT_PAY": _R.CARD_DECLINED,
    "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED": _R.CARD_DECLINED,
    "DECLINED_DUE_TO_RELATED_TXN": _R.CARD_DECLINED,
    "AUTHORIZATION_DENIED": _R.CARD_DECLINED,
    "REFUND_FAILED_INSUFFICIENT_FUNDS": _R.INSUFFICIENT_FUNDS,
    "CARD_EXPIRED": _R.EXPIRED_CARD,
    "REFERENCED_CARD_EXPIRED": _R.EXPIRED_CARD,
    "TOKEN_EXPIRED": _R.EXPIRED_CARD,
    "COMPLIANCE_VIOLATION": _R.FRAUD_SUSPECTED,
    "TRANSACTION_BLOCKED_BY_PAYEE": _R.FRAUD_SUSPECTED,
    "PAYEE_BLOCKED_TRANSACTION": _R.FRAUD_SUSPECTED,
    "PAYER_ACTION_REQUIRED": _R.AUTHENTICATION_FAILED,
    "AUTHORIZATION_EXPIRED": _R.AUTHORIZATION_EXPIRED,
    "AGREEMENT_ALREADY_CANCELLED": _R.METHOD_INVALID,
    "BILLING_AGREEMENT_NOT_FOUND": _R.METHOD_INVALID,
    "BILLING_AGREEMENT_ID_MISMATCH": _R.METHOD_INVALID,
    "TOKEN_ID_NOT_FOUND": _R.METHOD_INVALID,
    "IDENTIFIER_NOT_FOUND": _R.METHOD_INVALID,
    "MISMATCHED_VAULT_ID_TO_PAYMENT_SOURCE": _R.METHOD_INVALID,
    "PAYMENT_SOURCE_CANNOT_BE_USED": _R.METHOD_INVALID,
    "PAYMENT_SOURCE_INFO_CANNOT_BE_VERIFIED": _R.METHOD_INVALID,
    "PAYMENT_SOURCE_NOT_SUPPORTED": _R.METHOD_INVALID,
    "INVALID_RESOURCE_ID": _R.METHOD_INVALID,
    "PAYER_ACCOUNT_LOCKED_OR_CLOSED": _R.ACCOUNT_CLOSED,
    "PAYER_ACCOUNT_RESTRICTED": _R.ACCOUNT_CLOSED,
    "PAYEE_ACCOUNT_LOCKED_OR_CLOSED": _R.CREDENTIALS_REFUSED,
    "PAYEE_ACCOUNT_RESTRICTED": _R.CREDENTIALS_REFUSED,
    "TRANSACTION_LIMIT_EXCEEDED": _R.AMOUNT_UNFIT,
    "TRANSACTION_RECEIVING_LIMIT_EXCEEDED": _R.AMOUNT_UNFIT,
    "MAX_VALUE_EXCEEDED": _R.AMOUNT_UNFIT,
    "MAX_CAPTURE_AMOUNT_EXCEEDED": _R.AMOUNT_UNFIT,
    "REFUND_AMOUNT_EXCEEDED": _R.AMOUNT_UNFIT,
    "REFUND_AMOUNT_TOO_LOW": _R.AMOUNT_UNFIT,
    "CANNOT_BE_ZERO_OR_NEGATIVE": _R.AMOUNT_UNFIT,
    "DECIMAL_PRECISION": _R.AMOUNT_UNFIT,
    "DECIMALS_NOT_SUPPORTED": _R.AMOUNT_UNFIT,
    "INVALID_CURRENCY_CODE": _R.CURRENCY_UNFIT,
    "AUTH_CAPTURE_CURRENCY_MISMATCH": _R.CURRENCY_UNFIT,
    "CURRENCY_MISMATCH": _R.CURRENCY_UNFIT,
    "REFUND_CAPTURE_CURRENCY_MISMATCH": _R.CURRENCY_UNFIT,
    "AUTHORIZATION_ALREADY_CAPTURED": _R.ALREADY_DONE,
    "AUTHORIZATION_VOIDED": _R.ALREADY_DONE,
    "CAPTURE_FULLY_REFUNDED": _R.ALREADY_DONE,
    "DUPLICATE_INVOICE_ID": _R.ALREADY_DONE,
    "ORDER_ALREADY_AUTHORIZED": _R.ALREADY_DONE,
    "ORDER_ALREADY_CAPTURED": _R.ALREADY_DONE,
    "PREVIOUSLY_CAPTURED": _R.ALREADY_DONE,
    "PREVIOUSLY_VOIDED": _R.ALREADY_DONE,
    "ORDER_EXPIRED": _R.CANCELED,
    "ORDER_COMPLETED_OR_VOIDED": _R.CANCELED,
}
"""By the issue that PayPal names."""
HAD_BEFORE: Final = "DUPLICATE_INVOICE_ID"
"""PayPal has had this operation of ours."""
UNDONE: Final = frozenset({"ORDER_NOT_APPROVED", "PAYER_ACTION_REQUIRED"})
"""The payer has not come so far yet."""


def issue_of(error: Json) -> str:
    """Return the first issue that an error names."""
    details = error.get("details") or []
    return str(details[0].get("issue") or "") if details else str(error.get("name") or "")


def refused(error: Json) -> Answer:
    """Return that PayPal said no, and why."""
    details = error.get("details") or [{}]
    issue = issue_of(error)
    told = details[0].get("description") or error.get("message") or issue
    message = cards.masked(f"{issue}: {told}" if issue and issue != told else str(told))
    return Answer(Outcome.FAILED, reason=REASONS.get(issue, Reason.OTHER), message=message)


# -- states -------------------------------------------------------------------------------------


def begun(request: Request, order: Json) -> Answer:
    """Return how an authorization or a sale stands, as its order shows.

    PENDING where the order is approved: then it waits for us.
    """
    known = Answer(Outcome.PENDING, str(order["id"]), country=_country(order))
    status = order.get("status")
    is_sale = request.kind is Kind.SALE
    if made := _made(order, "captures" if is_sale else "authorizations"):
        tell = captured if is_sale else authorized
        return _with(tell(made), known)
    match status:
        case "CREATED" | "SAVED" | "PAYER_ACTION_REQUIRED":
            return waiting(order)
        case "VOIDED":
            return replace(
                known, outcome=Outcome.FAILED, reason=Reason.CANCELED, message="The order is void."
            )
    return replace(known, reference=str(order["id"]), message=f"The order is {status}.")


def waiting(order: Json) -> Answer:
    """Return that the payer has to approve an order, and where."""
    links = {str(each.get("rel")): each.get("href") for each in order.get("links") or []}
    url = links.get("payer-action") or links.get("approve")
    reference = str(order["id"])
    if not url:
        return Answer(
            Outcome.PENDING, reference, reference, message="Nobody says where to approve."
        )
    return Answer(Outcome.ACTION, reference, action={"kind": "redirect", "url": str(url)})


def captured(capture: Json) -> Answer:
    """Return how a capture stands."""
    known = Answer(Outcome.PENDING, order_of(capture), str(capture["id"]), fee=fee_of(capture))
    status, why = capture.get("status"), (capture.get("status_details") or {}).get("reason")
    match status:
        case "COMPLETED" | "PARTIALLY_REFUNDED" | "REFUNDED":
            return replace(known, outcome=Outcome.SUCCEEDED)
        case "DECLINED" | "FAILED" | "DENIED":
            reason, message = Reason.CARD_DECLINED, f"The capture is {status}. {why or ''}".strip()
            return replace(known, outcome=Outcome.FAILED, fee=None, reason=reason, message=message)
    return replace(known, fee=None, message=f"The capture is {status}: {why}.")


def authorized(authorization: Json) -> Answer:
    """Return how an authorization stands: whether it came about, not what became of it."""
    known = Answer(
        Outcome.PENDING,
        order_of(authorization),
        str(authorization["id"]),
        expires_at=moment_of(authorization.get("expiration_time")),
    )
    status = authorization.get("status")
    match status:
        case "CREATED" | "CAPTURED" | "PARTIALLY_CAPTURED":
            return replace(known, outcome=Outcome.SUCCEEDED)
        case "DENIED" | "VOIDED" | "EXPIRED":
            reason = Reason.CARD_DECLINED if status == "DENIED" else Reason.CANCELED
            message = f"The authorization is {status}."
            return replace(
                known, outcome=Outcome.FAILED, reason=reason, message=message, expires_at=None
            )
    return replace(known, message=f"The authorization is {status}.")


def voided(authorization: Json) -> Answer:
    """Return whether an authorization was let go; UNKNOWN if it still holds."""
    reference = void_reference(str(authorization["id"]))
    match authorization.get("status"):
        case "VOIDED":
            return Answer(Outcome.SUCCEEDED, order_of(authorization), reference)
        case "CAPTURED":
            message = "It was captured before."
            return Answer(Outcome.FAILED, reason=Reason.ALREADY_DONE, message=message)
        case "DENIED" | "EXPIRED":
            return Answer(Outcome.SUCCEEDED, order_of(authorization), reference)
    return Answer(Outcome.UNKNOWN, message="It was not voided.")


def void_reference(authorization: str) -> str:
    """Return a name for letting go of an authorization, for which PayPal has none."""
    return f"void-{authorization}"


def refund_answer(refund: Json) -> Answer:
    """Return how a refund stands."""
    status, reference = refund.get("status"), str(refund["id"])
    match status:
        case "COMPLETED":
            return Answer(Outcome.SUCCEEDED, reference=reference)
        case "FAILED" | "CANCELLED":
            is_canceled = status == "CANCELLED"
            reason = Reason.CANCELED if is_canceled else Reason.OTHER
            message = f"The refund is {status}."
            return Answer(Outcome.FAILED, reference=reference, reason=reason, message=message)
    return Answer(Outcome.PENDING, reference=reference, message=f"The refund is {status}.")


# -- what an order has --------------------------------------------------------------------------


def payments(order: Json, kind: str) -> Sequence[Json]:
    """Return the authorizations, captures or refunds of an order, which has one unit only."""
    units = order.get("purchase_units") or [{}]
    return (units[0].get("payments") or {}).get(kind) or []


def named(things: Sequence[Json], operation_id: UUID) -> Json | None:
    """Return what an operation of ours made among captures or refunds."""
    fits = (each for each in things if operation_of(each.get("invoice_id")) == operation_id)
    return next(fits, None)


def order_of(thing: Json) -> str | None:
    """Return the order that a capture or an authorization belongs to, if it says so."""
    related = (thing.get("supplementary_data") or {}).get("related_ids") or {}
    return related.get("order_id")


def capture_to_refund(order: Json, amount: Money) -> Json | None:
    """Return a capture of which so much is left; the first that is, so it is always the same."""
    back: dict[str, int] = {}
    for each in payments(order, "refunds"):
        if each.get("status") in {"COMPLETED", "PENDING"}:
            at = capture_of(each) or ""
            back[at] = back.get(at, 0) + money_of(each["amount"]).minor
    for capture in payments(order, "captures"):
        took = captured(capture).outcome is Outcome.SUCCEEDED
        left = money_of(capture["amount"]).minor - back.get(str(capture["id"]), 0)
        if took and left >= amount.minor:
            return capture
    return None


def capture_of(refund: Json) -> str | None:
    """Return the capture that a refund was made of: PayPal says so in a link only."""
    for each in refund.get("links") or []:
        _, is_one, id_ = str(each.get("href") or "").partition("/v2/payments/captures/")
        if each.get("rel") == "up" and is_one:
            return id_.partition("/")[0]
    return None


def _made(order: Json, kind: str) -> Json | None:
    """Return what came of an order: that which succeeded, else the last."""
    every = payments(order, kind)
    good = [each for each in every if each.get("status") not in {"DECLINED", "FAILED", "DENIED"}]
    return next(reversed(good or every), None)


def _with(answer: Answer, known: Answer) -> Answer:
    return replace(answer, charge_reference=known.charge_reference, country=known.country)


def _country(order: Json) -> str | None:
    code = ((order.get("payer") or {}).get("address") or {}).get("country_code")
    is_one = isinstance(code, str) and len(code) == 2 and code.isascii() and code.isalpha()
    return str(code).upper() if is_one else None
