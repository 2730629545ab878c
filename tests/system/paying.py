"""What an organization has in payments, and how each of their endpoints is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.system.calls import Call, money

if TYPE_CHECKING:
    from tests.system.organization import Organization

PAYMENTS: Final = "/api/v1/payments"
CHARGE: Final = {"amount": money("10.00"), "payment_method": "sandbox_visa"}
WITH_IDS: Final = {**CHARGE, "payment_method": "$payment_method", "customer": "$customer"}

CALLS = {
    f"POST {PAYMENTS}/charges": Call({**WITH_IDS, "description": "$text"}),
    f"GET {PAYMENTS}/charges": Call(query={"customer": "$customer"}),
    f"POST {PAYMENTS}/charges/<uuid:charge_id>/capture": Call({"amount": money("1.00")}),
    f"POST {PAYMENTS}/charges/<uuid:charge_id>/void": Call({}),
    f"POST {PAYMENTS}/charges/<uuid:charge_id>/refunds": Call({"reason": "$text"}),
    f"POST {PAYMENTS}/operations/<uuid:operation_id>/decide": Call({"is_done": True}),
    f"POST {PAYMENTS}/customers": Call({"name": "$text", "reference": "$new"}),
    f"PATCH {PAYMENTS}/customers/<uuid:customer_id>": Call({"name": "$text"}),
    f"POST {PAYMENTS}/payment-methods": Call(
        {"customer": "$customer", "tokens": {"sandbox": "sandbox_visa"}}
    ),
    f"GET {PAYMENTS}/payment-methods": Call(query={"customer": "$customer"}),
    f"PUT {PAYMENTS}/providers/<provider>": Call({"position": 1}),
    f"GET {PAYMENTS}/webhook-events": Call(query={"charge": "$charge"}),
    f"POST {PAYMENTS}/sandbox/notices": Call(
        {"charge": "$charge", "kind": "captured", "reason": "$text"}
    ),
    f"GET {PAYMENTS}/movements": Call(query={"charge": "$charge"}),
}
"""Every endpoint that takes more than ids in its path; a new one is to be added here."""

OTHER_CALLS: dict[str, Call] = {}
"""A second way to call some of them."""

PATH_IDS = {
    "charge_id": "charge",
    "operation_id": "operation",
    "customer_id": "customer",
    "method_id": "second_payment_method",
    "movement_id": "movement",
    "event_id": "webhook_event",
}
"""What stands in a path, by its name there."""


def found(made: Organization) -> None:
    """Give *made* two of everything that payments keep."""
    made.platform.carry_the_news()
    names, text = made.names, made.names["text"]
    made.payments("PUT", "/providers/sandbox", json={"settings": {"note": text}})
    for what in ("customer", "second_customer"):
        names[what] = made.payments("POST", "/customers", json={"name": text})["id"]
    for what in ("payment_method", "second_payment_method"):
        body: Any = {"customer": names["customer"], "tokens": {"sandbox": "sandbox_visa"}}
        names[what] = made.payments("POST", "/payment-methods", json=body)["id"]
    for what, captures in (("charge", False), ("second_charge", True)):
        body = {
            **CHARGE,
            "payment_method": names["payment_method"],
            "capture": captures,
            "description": text,
        }
        names[what] = made.payments("POST", "/charges", json=body)["id"]
    operations = made.payments("GET", "/operations")["items"]
    names["operation"] = operations[0]["id"]
    names["movement"] = made.payments("GET", "/movements")["items"][0]["id"]
    happened = {"charge": names["second_charge"], "kind": "refunded", "amount": money("1.00")}
    names["webhook_event"] = made.payments("POST", "/sandbox/notices", json=happened)["id"]
