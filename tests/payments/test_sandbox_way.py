"""The way of a charge through the front door, against the sandbox."""

from __future__ import annotations

from datetime import timedelta

from tests.payments.conftest import money


def test_a_sale_is_captured_and_tells_the_ledger_once(payments):
    charge = payments.charge(amount="100.00", description="Order 17")

    assert charge["state"] == "captured"
    assert charge["captured"] == money("100.00")
    assert charge["fee"] == money("3.20")
    (moved,) = payments.moved()
    assert (moved["kind"], moved["amount"], moved["fee"]) == (
        "capture", money("100.00"), money("3.20"),
    )  # fmt: skip
    assert moved["references"]["charge"] == charge["id"]


def test_what_is_held_is_captured_in_parts_and_the_rest_let_go(payments):
    charge = payments.charge(amount="100.00", capture=False)
    assert (charge["state"], payments.moved()) == ("authorized", [])
    at = f"/charges/{charge['id']}"

    first = payments.post(f"{at}/capture", {"amount": money("30.00"), "final": False})
    assert first.json["state"] == "partially_captured"
    too_much = payments.post(f"{at}/capture", {"amount": money("70.01")})
    assert (too_much.status_code, too_much.json["type"]) == (422, "/problems/payments/too-much")
    second = payments.post(f"{at}/capture", {"amount": money("20.00"), "final": False})
    assert second.json["captured"] == money("50.00")
    rest = payments.post(f"{at}/void")

    assert (rest.json["state"], rest.json["captured"]) == ("captured", money("50.00"))
    assert [each["amount"] for each in payments.moved()] == [money("30.00"), money("20.00")]


def test_a_lost_answer_is_found_out_and_the_money_taken_once(payments):
    charge = payments.charge("sandbox_lost_answer")
    assert (charge["state"], payments.moved()) == ("capturing", [])

    payments.work_on(after=timedelta(seconds=5))

    assert payments.get(f"/charges/{charge['id']}")["state"] == "captured"
    assert len(payments.moved()) == 1


def test_refunds_never_exceed_what_was_captured(payments):
    charge = payments.charge(amount="100.00")
    at = f"/charges/{charge['id']}/refunds"

    assert payments.post(at, {"amount": money("40.00")}).json["state"] == "succeeded"
    refused = payments.post(at, {"amount": money("60.01")})
    assert (refused.status_code, refused.json["left"]) == (422, money("60.00"))
    assert payments.post(at).json["amount"] == money("60.00")

    assert [each["kind"] for each in payments.moved()] == ["capture", "refund", "refund"]
    assert payments.get(f"/charges/{charge['id']}")["refunded"] == money("100.00")


def test_charges_are_listed_and_narrowed_down(payments):
    first, second = payments.charge(), payments.charge("sandbox_declined")

    every = payments.get("/charges")["items"]
    failed = payments.get("/charges?state=failed&provider=sandbox")["items"]
    earlier = payments.get("/charges?to=2026-01-01T00:00:00Z")["items"]

    assert [each["id"] for each in every] == [second["id"], first["id"]]
    assert [each["id"] for each in failed] == [second["id"]]
    assert earlier == []


def test_an_id_whose_digits_look_like_a_card_number_is_no_card_number(payments):
    body = {"amount": money("1.00"), "payment_method": "0199411a-1111-7111-8111-1111111fffff"}

    refused = payments.post("/charges", body)

    assert (refused.status_code, refused.json["type"]) == (
        404, "/problems/payments/payment-method-not-found",
    )  # fmt: skip
