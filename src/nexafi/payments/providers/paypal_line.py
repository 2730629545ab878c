"""The line to PayPal: what is to be done with an order, its authorization and its captures.

A charge is an order with one unit. One that is paid from the vault is done with
its creation; one that the payer must approve is done when we find it approved.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from nexafi.payments.providers import paypal_words as words
from nexafi.payments.providers.paypal_calls import Calls, Json, Refused, Unsure, Untouched
from nexafi.payments.providers.port import Account, Answer, Kind, Outcome, Reason, Request

APPROVAL: Final = "paypal"
"""The payment method of who approves at PayPal's own page."""
VAULT: Final = "vault_"
"""Stands before the id of a payment token of PayPal's vault."""
ORDERS: Final = "/v2/checkout/orders"
PAYMENTS: Final = "/v2/payments"
REPORT: Final = "/v1/reporting/transactions"
REPORTED_AFTER: Final = timedelta(hours=3)
"""So long it takes at most until PayPal's report has what was done."""
REPORTED_DURING: Final = timedelta(days=4)
"""So long after we first asked is searched: orders that nobody approves live for three days."""
PAGE: Final = 500
PAGES_MAX: Final = 4
TEXT_MAX: Final = 127
DEEDS: Final = {Kind.SALE: "capture", Kind.AUTHORIZE: "authorize"}


class Line:
    """PayPal at one address, asked in our verbs."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def ask(self, account: Account, request: Request) -> Answer:
        """Do what is asked; what PayPal says it did before is looked at."""
        amount = words.amount_of(request.amount)
        if amount is None:
            return _unfit(
                Reason.AMOUNT_UNFIT,
                f"PayPal takes no decimals of {request.amount.currency}.",
            )
        try:
            return self._do(account, request, amount)
        except Refused as no:
            return self._refusal(account, request, no)
        except Untouched as nothing:
            return Answer(Outcome.UNTOUCHED, reason=nothing.reason, message=str(nothing))
        except Unsure as unsure:
            return Answer.unsure(str(unsure))

    def look_up(self, account: Account, request: Request) -> Answer:
        """Return what became of a request; what the payer has approved meanwhile is done."""
        try:
            return self._found(account, request)
        except Refused as no:
            if no.status == 404:
                return Answer(Outcome.UNKNOWN, message=str(no))
            return Answer.unsure(str(no))
        except (Untouched, Unsure) as error:
            return Answer.unsure(str(error))  # this question did nothing; the one before may have

    def order_of_capture(self, account: Account, capture_id: str) -> tuple[str | None, str]:
        """Return the order of a capture, and why its state is what it is."""
        capture = self._calls.get(account, f"{PAYMENTS}/captures/{capture_id}")
        why = (capture.get("status_details") or {}).get("reason")
        return words.order_of(capture), str(why or "")

    # -- doing ----------------------------------------------------------------------------------

    def _do(self, account: Account, request: Request, amount: Json) -> Answer:
        if request.kind in DEEDS:
            asked = _order(request, amount)
            order = self._calls.post(account, ORDERS, asked, str(request.id))
            return self._completed(account, request, order)
        order = self._order(account, request)
        match request.kind:
            case Kind.CAPTURE:
                return self._capture(account, request, order, amount)
            case Kind.VOID:
                return self._void(account, order)
            case _:
                return self._refund(account, request, order, amount)

    def _completed(self, account: Account, request: Request, order: Json) -> Answer:
        """Return how an order stands; take or hold its money if only we are waited for."""
        status = order.get("status")
        is_saved = status == "CREATED" and _source(request) is not None
        is_made = words.payments(order, "captures") or words.payments(order, "authorizations")
        if is_made or not (is_saved or status == "APPROVED"):
            return words.begun(request, order)
        deed, id_ = DEEDS[request.kind], str(order["id"])
        asked = {"payment_source": _source(request)} if is_saved else {}
        path = f"{ORDERS}/{id_}/{deed}"
        try:
            done = self._calls.post(account, path, asked, f"{request.id}-{deed}")
        except Refused as no:
            if words.issue_of(no.error) in words.UNDONE:
                return words.waiting({"id": id_, "links": _links(order, no)})
            known = replace(request, reference=id_)
            return replace(self._refusal(account, known, no), charge_reference=id_)
        except (Untouched, Unsure) as error:
            return replace(Answer.unsure(str(error)), charge_reference=id_, reference=id_)
        return words.begun(request, done)

    def _capture(self, account: Account, request: Request, order: Json, amount: Json) -> Answer:
        if (held := _held(order)) is None:
            return _unfit(Reason.ALREADY_DONE, "Nothing is held that could be captured.")
        if made := words.named(words.payments(order, "captures"), request.id):
            return _of(order, words.captured(made))
        path = f"{PAYMENTS}/authorizations/{held['id']}/capture"
        asked = {
            "amount": amount, "invoice_id": str(request.id), "final_capture": request.is_last,
        }  # fmt: skip
        return _of(order, words.captured(self._calls.post(account, path, asked, str(request.id))))

    def _void(self, account: Account, order: Json) -> Answer:
        if (held := _held(order)) is None:
            return _never_held(order)
        if (stands := words.voided(held)).outcome is not Outcome.UNKNOWN:
            return _of(order, stands)
        self._calls.post(account, f"{PAYMENTS}/authorizations/{held['id']}/void", {})
        reference = words.void_reference(str(held["id"]))
        return _of(order, Answer(Outcome.SUCCEEDED, reference=reference))

    def _refund(self, account: Account, request: Request, order: Json, amount: Json) -> Answer:
        if made := words.named(words.payments(order, "refunds"), request.id):
            return words.refund_answer(made)
        capture = words.capture_to_refund(order, request.amount)
        if capture is None:
            return _unfit(
                Reason.AMOUNT_UNFIT,
                "Of no single capture so much is left at PayPal; refund it in parts.",
            )
        asked = {
            "amount": amount,
            "invoice_id": str(request.id),
            "custom_id": words.custom_id(Kind.REFUND, request.id),
        }
        path = f"{PAYMENTS}/captures/{capture['id']}/refund"
        return words.refund_answer(self._calls.post(account, path, asked, str(request.id)))

    def _refusal(self, account: Account, request: Request, no: Refused) -> Answer:
        """Return why PayPal said no; where it says that it is done, what was done."""
        refused = words.refused(no.error)
        if refused.reason != Reason.ALREADY_DONE:
            return refused
        stands = self._stands(account, request)
        if stands.outcome is not Outcome.UNKNOWN:
            return stands
        if words.issue_of(no.error) == words.HAD_BEFORE:
            return Answer.unsure("PayPal has had this operation, and does not say where.")
        return refused

    def _stands(self, account: Account, request: Request) -> Answer:
        """Return how something stands, and do nothing about it."""
        if request.reference is None:
            return _unknown("order")
        try:
            if request.kind in DEEDS:
                return words.begun(request, self._order(account, request))
            return self._found(account, request)
        except (Refused, Untouched, Unsure) as error:
            return Answer.unsure(str(error))

    # -- finding --------------------------------------------------------------------------------

    def _order(self, account: Account, request: Request) -> Json:
        return self._calls.get(account, f"{ORDERS}/{request.reference or ''}")

    def _found(self, account: Account, request: Request) -> Answer:
        if request.kind in DEEDS:
            return self._found_begun(account, request)
        order = self._order(account, request)
        match request.kind:
            case Kind.CAPTURE:
                made = words.named(words.payments(order, "captures"), request.id)
                return _of(order, words.captured(made)) if made else _unknown("capture")
            case Kind.VOID:
                held = _held(order)
                return _of(order, words.voided(held)) if held else _never_held(order)
            case _:
                made = words.named(words.payments(order, "refunds"), request.id)
                return words.refund_answer(made) if made else _unknown("refund")

    def _found_begun(self, account: Account, request: Request) -> Answer:
        """Return how an order stands; one that is gone, or whose id we never heard, is searched."""
        if request.reference is not None:
            try:
                return self._completed(account, request, self._order(account, request))
            except Refused as no:
                if no.status != 404:
                    raise
        order_id = self._reported(account, request)
        if order_id is not None:
            return words.begun(request, self._calls.get(account, f"{ORDERS}/{order_id}"))
        if not _is_reported(request):
            return Answer.unsure("PayPal's report does not reach so far yet.")
        if request.reference is not None:
            message = "The order is gone at PayPal: nobody approved it in time."
            return Answer(Outcome.FAILED, reason=Reason.CANCELED, message=message)
        return _unknown("order")

    def _reported(self, account: Account, request: Request) -> str | None:
        """Return the order of what an operation made, from the report; Unsure if that is long."""
        first = request.first_asked_at or request.now
        first = first or datetime.fromtimestamp((request.id.int >> 80) / 1000, UTC)
        last = first + REPORTED_DURING
        asked = {
            "start_date": _stamp(first - timedelta(hours=1)),
            "end_date": _stamp(min(last, request.now or last)),
            "fields": "transaction_info",
            "balance_affecting_records_only": "N",
            "page_size": str(PAGE),
        }
        for page in range(1, PAGES_MAX + 1):
            told = self._calls.get(account, REPORT, {**asked, "page": str(page)})
            for each in told.get("transaction_details") or []:
                info = each.get("transaction_info") or {}
                if words.operation_of(info.get("invoice_id")) == request.id:
                    kind = "captures" if request.kind is Kind.SALE else "authorizations"
                    path = f"{PAYMENTS}/{kind}/{info['transaction_id']}"
                    return words.order_of(self._calls.get(account, path))
            if page >= int(told.get("total_pages") or 1):
                return None
        raise Unsure("There are too many transactions to find this one among them.")


# -- what is asked ------------------------------------------------------------------------------


def _order(request: Request, amount: Json) -> dict[str, Any]:
    """Return an order of one unit, paid from what was saved, or approved by the payer."""
    unit: dict[str, Any] = {
        "reference_id": str(request.charge_id),
        "amount": amount,
        "custom_id": words.custom_id(request.kind, request.id),
        "invoice_id": str(request.id),
    }
    if request.description:
        unit["description"] = request.description[:TEXT_MAX]
    source = _source(request) or {"paypal": {"experience_context": _context(request)}}
    intent = "CAPTURE" if request.kind is Kind.SALE else "AUTHORIZE"
    return {"intent": intent, "purchase_units": [unit], "payment_source": source}


def _source(request: Request) -> dict[str, Any] | None:
    """Return what was saved: of the vault, or an agreement of older days; None if nothing."""
    token = request.method.token
    if token == APPROVAL:
        return None
    if token.startswith(VAULT):
        return {"paypal": {"vault_id": token.removeprefix(VAULT)}}
    return {"token": {"id": token, "type": "BILLING_AGREEMENT"}}


def _context(request: Request) -> dict[str, str]:
    context = {"user_action": "PAY_NOW", "shipping_preference": "NO_SHIPPING"}
    if request.return_url:
        context |= {"return_url": request.return_url, "cancel_url": request.return_url}
    return context


def _links(order: Json, no: Refused) -> list[Json]:
    return [*(order.get("links") or []), *(no.error.get("links") or [])]


# -- what stands --------------------------------------------------------------------------------


def _held(order: Json) -> Json | None:
    return next(reversed(words.payments(order, "authorizations")), None)


def _never_held(order: Json) -> Answer:
    """Return that there is nothing to let go: who does not take an approved order leaves it."""
    if words.payments(order, "captures"):
        return _unfit(Reason.ALREADY_DONE, "It was captured before.")
    return Answer(Outcome.SUCCEEDED, str(order["id"]), message="Nothing was held.")


def _of(order: Json, answer: Answer) -> Answer:
    return replace(answer, charge_reference=str(order["id"]))


def _is_reported(request: Request) -> bool:
    """Return whether what PayPal did would stand in its report by now."""
    if request.now is None or request.first_asked_at is None:
        return True
    return request.now - request.first_asked_at >= REPORTED_AFTER


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _unknown(thing: str) -> Answer:
    return Answer(Outcome.UNKNOWN, message=f"PayPal knows no {thing} of this operation.")


def _unfit(reason: Reason, message: str) -> Answer:
    return Answer(Outcome.FAILED, reason=reason, message=message)
