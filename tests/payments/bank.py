"""Customers with mandates, and a bank that is connected: for tests."""

from __future__ import annotations

from typing import Any

from tests.payments.conftest import Payments

IBAN, OWN_IBAN = "DE89370400440532013000", "DE02120300000000202051"
ROUTING = "021000021"
SETTINGS = {
    "name": "Ada's Engines",
    "iban": OWN_IBAN,
    "bic": "BYLADEM1001",
    "creditor_id": "DE98ZZZ09999999999",
    "company_id": "1234567890",
    "immediate_origin": "1234567890",
    "immediate_destination": "091000019",
    "destination_name": "First Bank",
}
SEPA = {"scheme": "sepa_core", "holder": "Bob Müller", "iban": IBAN, "signed_on": "2026-03-01"}
ACH = {
    "scheme": "ach",
    "holder": "Carol Jones",
    "routing_number": ROUTING,
    "account_number": "123456789",
    "signed_on": "2026-03-01",
}


def connect(payments: Payments, **changes: str) -> None:
    """Connect the bank of the organization."""
    settings = {name: value for name, value in (SETTINGS | changes).items() if value}
    path = "/api/v1/payments/providers/bank"
    answer = payments.client.put(path, json={"settings": settings})
    assert answer.status_code == 200, answer.json


def customer(payments: Payments) -> str:
    """Keep a customer; return the id."""
    return payments.post("/customers", {"name": "Bob"}).json["id"]


def mandate(payments: Payments, like: dict[str, Any] = SEPA, **more: Any) -> Any:
    """Keep a mandate of a new customer; return what was answered."""
    answer = payments.post("/mandates", {"customer": customer(payments), **like, **more})
    assert answer.status_code == 201, answer.json
    return answer.json
