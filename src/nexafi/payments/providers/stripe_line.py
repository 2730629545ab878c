"""The line to Stripe: one verb of ours is one call of its library.

Stripe keeps what it answered to an idempotency key for a day, a defect of its
own (500) included, so asking again tells nothing new: then we look for what
we asked for, by what we gave along.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any, Final

from stripe import HTTPClient, StripeClient

from nexafi.payments.providers import stripe_calls as calls
from nexafi.payments.providers import stripe_words as words
from nexafi.payments.providers.port import Account, Answer, Kind, Outcome, Reason, Request

METHODS: Final = {"card": "card", "sepa_debit": "sepa_debit", "ach_debit": "us_bank_account"}
"""Our kinds of payment methods as Stripe calls them."""
CAUSES: Final = frozenset({"duplicate", "fraudulent", "requested_by_customer"})
"""The reasons of a refund that Stripe knows; others stay with us."""
FEE: Final = "latest_charge.balance_transaction"
"""What is to be told along, because the fee stands there."""
PAGE: Final = 100
PAGES_MAX: Final = 2
"""How much of a list is read where Stripe cannot search."""


class Line:
    """Stripe at one address."""

    def __init__(self, url: str, answer_s: float) -> None:
        self._url, self._answer_s = url, answer_s

    @cached_property
    def _http(self) -> HTTPClient:
        return calls.http_client(self._answer_s)

    def _client(self, account: Account) -> StripeClient:
        return calls.client(self._url, account.keys["secret_key"], self._http)

    def ask(self, account: Account, request: Request) -> Answer:
        """Do what is asked; look for it where Stripe answered, but not what became of it."""
        minor = words.minor_of(request.amount)
        if minor is None:
            return _unfit(
                Reason.AMOUNT_UNFIT,
                f"Stripe does not take {request.amount.text} {request.amount.currency}:"
                " the last digit must be 0.",
            )
        try:
            return self._do(self._client(account), account, request, minor)
        except calls.Refused as no:
            return _refusal(request, no.error)
        except calls.Untouched as nothing:
            return Answer(Outcome.UNTOUCHED, reason=nothing.reason, message=str(nothing))
        except calls.Unsure as unsure:
            found = Answer(Outcome.UNKNOWN)
            if unsure.was_answered and request.tries > 1:
                found = self.look_up(account, request)
            is_found = found.outcome is not Outcome.UNKNOWN
            return found if is_found else _unsure(unsure)

    def look_up(self, account: Account, request: Request) -> Answer:
        """Return what became of a request, by its reference or by what we gave along."""
        try:
            return _found(self._client(account), request)
        except calls.Refused as no:
            is_unknown = no.error.get("code") == "resource_missing"
            return Answer(Outcome.UNKNOWN, message=str(no)) if is_unknown else _unsure(no)
        except (calls.Untouched, calls.Unsure) as error:
            return _unsure(error)  # this question did nothing; the one before may have

    def _do(self, client: StripeClient, account: Account, request: Request, minor: int) -> Answer:
        options: Any = {"idempotency_key": str(request.id)}
        intents, reference = client.v1.payment_intents, request.reference or ""
        asked: Any
        match request.kind:
            case Kind.AUTHORIZE | Kind.SALE:
                asked = _beginning(account, request, minor)
                intent = calls.told(lambda: intents.create(asked, options))
                return words.begun(request.kind, intent)
            case Kind.CAPTURE:
                if not request.is_last and not _captures_often(account):
                    return _unfit(
                        Reason.OTHER,
                        "This account captures once: let `final` be true, or set `multicapture`.",
                    )
                asked = _capturing(account, request, minor)
                return words.captured_now(
                    calls.told(lambda: intents.capture(reference, asked, options))
                )
            case Kind.VOID:
                calls.told(lambda: intents.cancel(reference, {}, options))
                return Answer(Outcome.SUCCEEDED, charge_reference=reference, reference=reference)
            case Kind.REFUND:
                asked = _refunding(request, minor)
                return words.refund_answer(
                    calls.told(lambda: client.v1.refunds.create(asked, options))
                )


# -- what is asked ------------------------------------------------------------------------------


def _beginning(account: Account, request: Request, minor: int) -> dict[str, Any]:
    """Return a payment intent that is confirmed at once."""
    method, holds = request.method, request.kind is Kind.AUTHORIZE
    customer, _, token = method.token.rpartition("/")
    asked: dict[str, Any] = {
        "amount": minor,
        "currency": request.amount.currency.lower(),
        "payment_method": token,
        "confirm": True,
        "capture_method": "manual" if holds else "automatic",
        "metadata": {
            words.ORGANIZATION: str(account.organization_id),
            words.CHARGE: str(request.charge_id),
            words.OPERATION: str(request.id),
        },
        "expand": [FEE],
    }
    if (kind := METHODS.get(method.kind)) is not None:
        asked["payment_method_types"] = [kind]
    else:
        redirects = "always" if request.return_url else "never"
        asked["automatic_payment_methods"] = {"enabled": True, "allow_redirects": redirects}
    if customer := method.customer_token or customer:
        asked["customer"] = customer
    if request.return_url:
        asked["return_url"] = request.return_url
    if request.description:
        asked["description"] = request.description
    if method.kind.endswith("_debit") and account.settings.get("mandates") == "offline":
        asked["mandate_data"] = {"customer_acceptance": {"type": "offline"}}
    if holds and _captures_often(account):
        asked["payment_method_options"] = {"card": {"request_multicapture": "if_available"}}
    return asked


def _capturing(account: Account, request: Request, minor: int) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "amount_to_capture": minor,
        "metadata": {words.CAPTURE: str(request.id)},
        "expand": [FEE],
    }
    if _captures_often(account):
        asked["final_capture"] = request.is_last
    return asked


def _refunding(request: Request, minor: int) -> dict[str, Any]:
    reference = request.reference or ""
    by = "payment_intent" if reference.startswith("pi_") else "charge"
    asked: dict[str, Any] = {
        by: reference,
        "amount": minor,
        "metadata": {words.CHARGE: str(request.charge_id), words.OPERATION: str(request.id)},
    }
    if request.cause in CAUSES:
        asked["reason"] = request.cause
    return asked


def _captures_often(account: Account) -> bool:
    return account.settings.get("multicapture") == "true"


# -- what is found ------------------------------------------------------------------------------


def _found(client: StripeClient, request: Request) -> Answer:
    """Return what became of a request, as Stripe shows it now."""
    if request.kind is Kind.REFUND:
        return _refund(client, request)
    if (intent := _intent(client, request)) is None:
        return Answer(Outcome.UNKNOWN, message="Stripe knows no payment of this operation.")
    return words.intent_answer(request, intent)


def _intent(client: StripeClient, request: Request) -> dict[str, Any] | None:
    """Return the payment intent of a request; by what we gave along where it has no reference."""
    intents = client.v1.payment_intents
    if (reference := request.reference) is not None:
        return calls.told(lambda: intents.retrieve(reference, {"expand": [FEE]}))
    try:
        query = f'metadata["{words.OPERATION}"]:"{request.id}"'
        found = calls.told(
            lambda: intents.search({"query": query, "limit": 1, "expand": [f"data.{FEE}"]})
        )["data"]
    except calls.Refused:
        found = []  # carrying on: not everywhere can one search
    return found[0] if found else _listed(client, request)


def _listed(client: StripeClient, request: Request) -> dict[str, Any] | None:
    """Return what a search does not find yet: it takes a minute until a new one is found.

    Unsure if there are too many to go through.
    """
    asked: Any = {"limit": PAGE, "expand": [f"data.{FEE}"]}
    if request.first_asked_at is not None:
        asked["created"] = {"gte": int(request.first_asked_at.timestamp()) - 60}
    for _ in range(PAGES_MAX):
        page = calls.told(lambda: client.v1.payment_intents.list(asked))
        for each in page["data"]:
            if (each.get("metadata") or {}).get(words.OPERATION) == str(request.id):
                found: dict[str, Any] = each
                return found
        if not page.get("has_more"):
            return None
        asked["starting_after"] = page["data"][-1]["id"]
    raise calls.Unsure("There are too many payments to find this one among them.")


def _refund(client: StripeClient, request: Request) -> Answer:
    """Return what became of a refund; a charge has no more than fit on a page."""
    refunds = client.v1.refunds
    if (own := request.own_reference) is not None:
        return words.refund_answer(calls.told(lambda: refunds.retrieve(own)))
    reference = request.reference or ""
    by = "payment_intent" if reference.startswith("pi_") else "charge"
    asked: Any = {by: reference, "limit": PAGE}
    page = calls.told(lambda: refunds.list(asked))
    for each in page["data"]:
        if (each.get("metadata") or {}).get(words.OPERATION) == str(request.id):
            return words.refund_answer(each)
    if page.get("has_more"):
        return Answer.unsure("There are too many refunds to find this one among them.")
    return Answer(Outcome.UNKNOWN, message="Stripe knows no refund of this operation.")


# -- what is refused ----------------------------------------------------------------------------


def _refusal(request: Request, error: Any) -> Answer:  # noqa: ANN401 - Stripe's JSON
    """Return why Stripe said no; where the payment intent stands elsewhere, how it stands.

    A capture may have come too late, a void twice.
    """
    intent = error.get("payment_intent")
    if not isinstance(intent, dict) or not intent.get("id"):
        return words.refused(error)
    refused = words.refused(error, charge_reference=str(intent["id"]))
    if request.kind in {Kind.CAPTURE, Kind.VOID}:
        stands = words.intent_answer(request, intent)
        is_said = stands.outcome in {Outcome.SUCCEEDED, Outcome.FAILED}
        return stands if is_said else refused
    charge = words.latest_charge(intent).get("id") or error.get("charge")
    return replace(refused, reference=str(charge or intent["id"]))


def _unsure(error: Exception) -> Answer:
    return Answer.unsure(str(error))


def _unfit(reason: Reason, message: str) -> Answer:
    return Answer(Outcome.FAILED, reason=reason, message=message)
