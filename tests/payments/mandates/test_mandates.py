"""Mandates through the front door: what they make, and when they end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.payments.bank import ACH, IBAN, SEPA, customer, mandate
from tests.payments.conftest import money


def test_a_mandate_makes_a_payment_method_that_the_bank_takes(payments):
    made = mandate(payments)

    charge = payments.charge(made["payment_method"], provider="bank")

    assert (made["last4"], made["country"], made["state"]) == ("3000", "DE", "active")
    assert (charge["state"], charge["provider"]) == ("capturing", "bank")
    assert len(charge["reference"]) == 32
    assert payments.moved() == []
    method = payments.get(f"/payment-methods/{made['payment_method']}")
    assert (method["kind"], method["providers"]) == ("sepa_debit", ["bank"])


def test_days_pass_and_a_debit_waits_for_its_file(payments):
    charge = payments.charge(mandate(payments)["payment_method"])

    for _ in range(6):
        payments.work_on(after=timedelta(days=1))

    assert payments.get(f"/charges/{charge['id']}")["state"] == "capturing"
    (operation,) = payments.get("/operations")["items"]
    assert operation["state"] == "pending"


@pytest.mark.parametrize(
    ("like", "amount", "currency"),
    [(SEPA, "5.00", "USD"), (ACH, "5.00", "EUR"), (SEPA, "5", "GBP")],
)
def test_a_debit_in_a_currency_of_another_scheme_is_refused(payments, like, amount, currency):
    method = mandate(payments, like)["payment_method"]

    body = {"amount": money(amount, currency), "payment_method": method, "provider": "bank"}
    refused = payments.post("/charges", body)

    assert (refused.status_code, refused.json["type"]) == (422, "/problems/payments/provider-unfit")
    assert payments.count("charges") == 0


def test_a_debit_cannot_be_held(payments):
    method = mandate(payments)["payment_method"]

    body = {"amount": money("5.00"), "payment_method": method, "capture": False}
    refused = payments.post("/charges", body)

    assert (refused.status_code, refused.json["type"]) == (422, "/problems/payments/provider-unfit")
    assert payments.count("operations") == 0


def test_no_account_number_lies_open_or_is_shown(payments):
    made = mandate(payments)
    again = payments.client.get(f"/api/v1/payments/mandates/{made['id']}")

    with payments.database.steward() as session:
        rows = session.execute(text("SELECT * FROM mandates")).all()
        methods = session.execute(text("SELECT * FROM payment_methods")).all()

    assert IBAN not in f"{rows}{methods}{again.text}"
    assert IBAN.encode() not in rows[0].sealed
    assert again.json == made


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"iban": "DE89370400440532013001"}, "account-unfit"),
        ({"iban": None}, "mandate-unfit"),
        ({"bic": "NOBIC"}, "account-unfit"),
        ({"scheme": "ach"}, "mandate-unfit"),
        ({"routing_number": "021000021"}, "mandate-unfit"),
        ({"signed_on": "2026-05-01"}, "mandate-unfit"),
        ({"signed_on": "2023-03-31"}, "mandate-unfit"),
        ({"reference": "/slash"}, "mandate-unfit"),
        ({"reference": "umläut"}, "mandate-unfit"),
    ],
)
def test_what_does_not_hold_is_refused_and_nothing_kept(payments, changes, problem):
    refused = payments.post("/mandates", {"customer": customer(payments), **SEPA, **changes})

    assert (refused.status_code, refused.json["type"]) == (422, f"/problems/payments/{problem}")
    assert (payments.count("mandates"), payments.count("payment_methods")) == (0, 0)


def test_a_reference_is_given_once(payments):
    mandate(payments, reference="M-1")

    refused = payments.post(
        "/mandates", {"customer": customer(payments), **SEPA, "reference": "M-1"}
    )

    assert (refused.status_code, refused.json["type"]) == (409, "/problems/payments/mandate-taken")
    assert payments.count("payment_methods") == 1


def test_what_is_revoked_is_charged_no_more(payments):
    made = mandate(payments)

    ended = payments.post(f"/mandates/{made['id']}/revoke")
    again = payments.post(f"/mandates/{made['id']}/revoke")
    body = {"amount": money("5.00"), "payment_method": made["payment_method"]}
    charged = payments.post("/charges", body)

    assert (ended.json["state"], again.status_code, charged.status_code) == ("revoked", 409, 404)
    assert payments.count("charges") == 0


def test_what_was_not_used_for_36_months_expires(payments):
    old, new = mandate(payments, signed_on="2023-04-03"), mandate(payments)

    payments.work_on(after=timedelta(days=3))

    assert payments.get(f"/mandates/{old['id']}")["state"] == "expired"
    assert payments.get(f"/mandates/{new['id']}")["state"] == "active"
    listed = payments.get("/mandates?state=active")["items"]
    assert [each["id"] for each in listed] == [new["id"]]


def test_nobody_attaches_the_mandate_of_another_as_a_payment_method(payments):
    made = mandate(payments)

    body = {"customer": customer(payments), "kind": "sepa_debit", "tokens": {"bank": made["id"]}}
    refused = payments.post("/payment-methods", body)

    assert refused.status_code == 422
    assert payments.count("payment_methods") == 1
