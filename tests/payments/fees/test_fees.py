"""Platform fees through the front door: shown before, taken once, given back by share."""

from __future__ import annotations

import pytest

from tests.payments.conftest import money

STANDARD = {"name": "Standard", "share": "0.029", "amounts": [{"fixed": money("0.30")}]}


@pytest.fixture
def schedule(payments):
    made = payments.post("/fee-schedules", STANDARD)
    assert made.status_code == 201, made.json
    return made.json


def fees(payments) -> list[tuple[str, str]]:
    return [
        (each["kind"], each["amount"]["amount"])
        for each in payments.moved()
        if each["kind"].startswith("platform")
    ]


def test_what_is_shown_before_is_what_is_taken(payments, schedule):
    shown = payments.post("/fee-schedules/preview", {"amount": money("100.00")}).json
    assert (shown["fee"], shown["net"]) == (money("3.20"), money("96.80"))
    assert shown["schedule"] == schedule["id"]

    charge = payments.charge(amount="100.00")

    assert fees(payments) == [("platform_fee", "3.20")]
    kept = payments.get(f"/fee-schedules/charges/{charge['id']}")
    assert (kept["taken"], kept["returned"], kept["schedule"]) == (
        money("3.20"), money("0.00"), schedule["id"],
    )  # fmt: skip


def test_without_a_schedule_nothing_is_taken(payments):
    charge = payments.charge(amount="100.00")

    assert fees(payments) == []
    shown = payments.post("/fee-schedules/preview", {"amount": money("100.00")}).json
    assert (shown["fee"], shown["schedule"]) == (money("0.00"), None)
    none = payments.get(f"/fee-schedules/charges/{charge['id']}")
    assert (none["taken"], none["schedule"]) == (money("0.00"), None)


@pytest.mark.usefixtures("schedule")
def test_captured_in_parts_it_costs_the_same_and_goes_back_by_share(payments):
    charge = payments.charge(amount="100.00", capture=False)
    at = f"/charges/{charge['id']}"
    assert fees(payments) == []
    payments.post(f"{at}/capture", {"amount": money("40.00"), "final": False})
    payments.post(f"{at}/capture", {"amount": money("60.00")})
    assert fees(payments) == [("platform_fee", "1.46"), ("platform_fee", "1.74")]

    payments.post(f"{at}/refunds", {"amount": money("33.33")})
    payments.post(f"{at}/refunds")

    assert fees(payments)[2:] == [("platform_fee_refund", "1.07"), ("platform_fee_refund", "2.13")]


def test_the_plan_of_the_customer_and_the_border_choose_the_line(payments, schedule):
    plan = STANDARD | {"name": "Pro", "share": "0.01", "amounts": [], "plan": "pro"}
    assert payments.post("/fee-schedules", plan).status_code == 201
    abroad = STANDARD | {"name": "Abroad", "share": "0.05", "amounts": [], "cross_border": True}
    assert payments.post("/fee-schedules", abroad).status_code == 201
    customer = payments.post("/customers", {"name": "Grace", "metadata": {"plan": "pro"}}).json

    payments.charge(amount="100.00", customer=customer["id"])
    payments.charge(amount="100.00")
    method = {
        "customer": customer["id"], "tokens": {"sandbox": "sandbox_visa"}, "country": "DE",
    }  # fmt: skip
    method_id = payments.post("/payment-methods", method).json["id"]
    payments.charge(method_id, amount="100.00", metadata={"plan": "none"})

    assert [amount for _, amount in fees(payments)] == ["1.00", "3.20", "5.00"]
    assert schedule["name"] == "Standard"


def test_a_line_that_is_changed_or_removed_leaves_what_was_captured_as_it_was(payments, schedule):
    charge = payments.charge(amount="100.00")
    at = f"/api/v1/payments/fee-schedules/{schedule['id']}"
    changed = payments.client.put(at, json=STANDARD | {"share": "0.5"})
    assert changed.json["share"] == "0.5"
    assert payments.client.delete(at).status_code == 204
    assert payments.client.delete(at).status_code == 404

    payments.post(f"/charges/{charge['id']}/refunds")

    assert fees(payments) == [("platform_fee", "3.20"), ("platform_fee_refund", "3.20")]


@pytest.mark.parametrize(
    "wrong",
    [
        {"share": "2.9"},
        {"share": "-0.1"},
        {"amounts": [{"fixed": money("0.30")}, {"min": money("0.50")}]},
        {"amounts": [{"min": money("2.00"), "max": money("1.00")}]},
        {"amounts": [{"fixed": money("0.30"), "max": money("1.00", "USD")}]},
        {"amounts": [{}]},
        {"valid_from": "2026-02-01", "valid_until": "2026-01-01"},
    ],
)
def test_a_line_that_cannot_be_is_refused(payments, wrong):
    refused = payments.post("/fee-schedules", STANDARD | wrong)

    assert refused.status_code == 422
    assert payments.count("fee_rules") == 0
