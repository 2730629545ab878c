"""Payment links: paid by whoever has the token, once or often, and by nobody else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from nexafi.payments.links import rules
from tests.payments.conftest import API, money


def link(payments, **asked):
    answer = payments.post("/payment-links", {"amount": money("25.00")} | asked)
    assert answer.status_code == 201, answer.json
    return answer.json


def pay(payments, made, method="sandbox_visa", **more):
    return payments.post(f"/links/{made['token']}/pay", {"payment_method": method, **more})


def test_a_link_shows_what_is_to_be_paid_and_no_more(payments):
    made = link(payments, description="Invoice 17", metadata={"order": "secret-17"})

    shown = payments.client.get(made["path"])

    assert shown.status_code == 200
    assert shown.json == {
        "payee": "Ada's Engines",
        "state": "open",
        "amount": money("25.00"),
        "minimum": None,
        "maximum": None,
        "description": "Invoice 17",
        "expires_at": None,
    }


def test_a_link_is_paid_once(payments):
    made = link(payments)

    paid = pay(payments, made)
    assert (paid.status_code, paid.json["state"]) == (200, "captured")
    again = pay(payments, made)

    assert (again.status_code, again.json["state"]) == (409, "paid")
    after = payments.get(f"/payment-links/{made['id']}")
    assert (after["state"], after["uses"]) == ("paid", 1)
    charge = payments.get(f"/charges/{after['charge']}")
    assert charge["metadata"]["payment_link"] == made["id"]
    assert len(payments.moved()) == 1


def test_twenty_who_pay_at_once_pay_once(payments):
    made = link(payments)
    with ThreadPoolExecutor(20) as crowd:
        answers = list(crowd.map(lambda _: pay(payments, made).status_code, range(20)))

    assert sorted(answers) == [200] + [409] * 19
    assert (len(payments.moved()), payments.count("charges")) == (1, 1)


def test_who_was_declined_may_try_again(payments):
    made = link(payments)

    assert pay(payments, made, "sandbox_declined").json["state"] == "failed"
    assert payments.client.get(made["path"]).json["state"] == "open"
    assert pay(payments, made).json["state"] == "captured"


def test_while_the_payer_confirms_nobody_else_pays(payments):
    made = link(payments)
    asked = pay(payments, made, "sandbox_3ds", return_url="https://shop.example.com/")
    assert (asked.json["state"], asked.json["action"]["kind"]) == ("requires_action", "redirect")

    refused = pay(payments, made)

    assert (refused.status_code, refused.json["state"]) == (409, "pending")


def test_a_link_for_many_is_paid_often(payments):
    made = link(payments, single_use=False)
    assert {pay(payments, made).json["state"] for _ in range(3)} == {"captured"}
    assert payments.get(f"/payment-links/{made['id']}")["uses"] == 3


def test_an_open_amount_has_limits(payments):
    limits = {"amount": None, "minimum": money("5.00"), "maximum": money("50.00")}
    made = link(payments, **limits, single_use=False)

    for amount in (None, money("4.99"), money("50.01"), money("10.00", "USD")):
        assert pay(payments, made, amount=amount).status_code == 422
    assert pay(payments, made, amount=money("50.00")).json["amount"] == money("50.00")
    assert pay(payments, link(payments), amount=money("24.99")).status_code == 422
    assert payments.count("charges") == 1


def test_a_link_ends_by_its_time_or_by_a_word(payments):
    until = (payments.clock.now + timedelta(hours=1)).isoformat()
    short, off = link(payments, expires_at=until), link(payments)
    payments.clock.pass_by(timedelta(hours=1))
    payments.client.patch(f"{API}/payment-links/{off['id']}", json={"is_on": False})

    assert [pay(payments, each).json["state"] for each in (short, off)] == ["expired", "off"]
    assert payments.count("charges") == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"amount": money("0.00")},
        {"minimum": money("5.00")},
        {"amount": money("5.00"), "minimum": money("1.00"), "maximum": money("9.00")},
        {"minimum": money("5.00"), "maximum": money("4.00")},
        {"minimum": money("5.00"), "maximum": money("6.00", "USD")},
    ],
)
def test_a_link_that_asks_for_nothing_sensible_is_refused(payments, body):
    assert payments.post("/payment-links", body).status_code == 422
    assert payments.count("payment_links") == 0


def test_a_token_that_nobody_gave_leads_nowhere(payments):
    made = link(payments)
    other = rules.token(uuid4(), b"x" * rules.CHANCE_BYTES)
    ours = rules.token(payments.caller.organization_id, b"x" * rules.CHANCE_BYTES)
    for token in (other, ours, made["token"][:-1], "x", "%C3%A9"):
        assert payments.client.get(f"{API}/links/{token}").status_code == 404
        body = {"payment_method": "sandbox_visa"}
        assert payments.post(f"/links/{token}/pay", body).status_code == 404


def test_a_saved_payment_method_is_not_for_everybody(payments):
    customer = payments.post("/customers", {"name": "Grace"}).json["id"]
    body = {"customer": customer, "tokens": {"sandbox": "sandbox_visa"}}
    saved = payments.post("/payment-methods", body).json["id"]
    made = link(payments, customer=customer)

    assert pay(payments, made, saved).status_code == 422
    assert payments.count("charges") == 0


def test_only_who_may_makes_links(payments):
    payments.caller = replace(payments.caller, permissions=frozenset({"payments:charge:read"}))
    assert payments.post("/payment-links", {"amount": money("5.00")}).status_code == 403
    assert payments.get("/payment-links")["items"] == []
