"""Routing through the front door: chosen by rules, and never twice while one may have heard."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

import pytest

from nexafi.kernel.values.ids import new_id
from nexafi.payments.providers.port import Answer, Outcome, Reason, Takes
from tests.payments.conftest import money

METHODS = Takes(frozenset({"card"}))


class Scripted:
    """A provider that answers as it is told, and counts how often it is asked."""

    name: ClassVar[str] = "one"
    title: ClassVar[str] = "One"
    keys: ClassVar[dict[str, str]] = {}
    takes: ClassVar[Takes] = METHODS
    window: ClassVar[timedelta] = timedelta(hours=24)

    def __init__(self) -> None:
        self.outcome = Outcome.SUCCEEDED
        self.asked = 0

    def owns(self, token: str) -> bool:
        return token.startswith("token_")

    def ask(self, _account, request) -> Answer:
        self.asked += 1
        if self.outcome is Outcome.PENDING:
            raise ConnectionResetError("the answer was lost")
        reason = "" if self.outcome is Outcome.SUCCEEDED else Reason.UNAVAILABLE
        id_ = f"{self.name}_{request.id}"
        return Answer(self.outcome, charge_reference=id_, reference=id_, reason=reason)

    def look_up(self, _account, request) -> Answer:
        return self.ask(_account, request)


class Other(Scripted):
    name: ClassVar[str] = "two"
    title: ClassVar[str] = "Two"


@pytest.fixture
def one() -> Scripted:
    return Scripted()


@pytest.fixture
def two() -> Other:
    return Other()


@pytest.fixture
def routed(make_payments, one, two):
    return make_payments(one, two)


def rule(payments, choice, **more):
    made = payments.post("/routing-rules", {"name": "A rule", "choice": choice, **more})
    assert made.status_code == 201, made.json
    return made.json


def test_the_first_rule_that_fits_chooses(routed, one, two):
    big = {"amount_from": money("500.00")}
    rule(routed, {"by": "order", "providers": ["two"]}, position=1, conditions=big)
    rule(routed, {"by": "order", "providers": ["one"]}, position=2)

    assert routed.charge("token_x", "500.00")["provider"] == "two"
    assert routed.charge("token_x", "499.99")["provider"] == "one"
    assert (one.asked, two.asked) == (1, 1)


def test_a_choice_is_explained_without_asking_anybody(routed, one, two):
    off = rule(routed, {"by": "order", "providers": ["two"]}, is_on=False)
    small = rule(
        routed,
        {"by": "order", "providers": ["two"]},
        position=1,
        conditions={"amount_to": money("5.00")},
    )
    chosen = rule(routed, {"by": "order", "providers": ["two"]}, position=2)

    told = routed.post("/routing-rules/test", {"amount": money("10.00")}).json

    assert told["rule"] == chosen["id"]
    assert [each["provider"] for each in told["providers"]] == ["two", "one"]
    assert [(each["id"], each["misfit"]) for each in told["looked_at"]] == [
        (off["id"], "It is switched off."),
        (small["id"], "The amount is above 5.00."),
        (chosen["id"], ""),
    ]
    assert (one.asked, two.asked) == (0, 0)
    debit = {"amount": money("10.00"), "method_kind": "sepa_debit"}
    refused = routed.post("/routing-rules/test", debit).json["refused"]
    assert refused[0] == {"provider": "one", "why": "One does not take sepa_debit."}


def test_shares_are_drawn_from_the_charge_as_the_test_says(routed, one, two):
    rule(routed, {"by": "shares", "shares": {"one": 50, "two": 50}})

    for _ in range(20):
        charge = routed.charge("token_x")
        body = {"amount": charge["amount"], "charge": charge["id"]}
        told = routed.post("/routing-rules/test", body).json
        assert told["providers"][0]["provider"] == charge["provider"]

    assert min(one.asked, two.asked) > 0


def test_the_cheaper_and_the_more_successful_come_first(routed, one, two):
    costs = {"one": {"share": "0.03"}, "two": {"share": "0.02", "fixed": [money("0.50")]}}
    made = rule(routed, {"by": "cheapest", "costs": costs})
    assert routed.charge("token_x", "100.00")["provider"] == "two"
    assert routed.charge("token_x", "10.00")["provider"] == "one"

    one.outcome = Outcome.FAILED
    for _ in range(4):
        assert routed.charge("token_x", "10.00")["state"] == "failed"
    at = f"/api/v1/payments/routing-rules/{made['id']}"
    better = {"name": "Better", "choice": {"by": "success", "sample_min": 1}}
    assert routed.client.put(at, json=better).status_code == 200

    assert routed.charge("token_x", "10.00")["provider"] == "two"
    assert routed.client.delete(at).status_code == 204
    assert routed.get("/routing-rules")["items"] == []


def test_while_one_is_down_the_other_is_paid(routed, one, two):
    rule(routed, {"by": "order", "providers": ["one"]})
    one.outcome = Outcome.UNTOUCHED

    charges = [routed.charge("token_x", f"{n}.00") for n in range(1, 51)]

    assert [each["state"] for each in charges] == ["captured"] * 50
    assert {each["provider"] for each in charges} == {"two"}
    assert (one.asked, two.asked) == (50, 50)
    assert len(routed.moved()) == 50


def test_while_an_outcome_is_unknown_nobody_else_is_asked(routed, one, two):
    rule(routed, {"by": "order", "providers": ["one"]})
    one.outcome = Outcome.PENDING
    charges = [routed.charge("token_x", f"{n}.00") for n in range(1, 26)]
    assert {each["state"] for each in charges} == {"capturing"}

    one.outcome = Outcome.UNTOUCHED  # it did nothing this time; it may have the first time
    routed.work_on(after=timedelta(seconds=10))
    assert two.asked == 0
    one.outcome = Outcome.SUCCEEDED
    routed.work_on(after=timedelta(minutes=5))

    assert two.asked == 0
    states = {each["state"] for each in routed.get("/charges")["items"]}
    assert states == {"captured"}
    assert len(routed.moved()) == 25


def test_a_declined_charge_is_not_tried_elsewhere(routed, one, two):
    rule(routed, {"by": "order", "providers": ["one"]})
    one.outcome = Outcome.FAILED

    assert routed.charge("token_x")["state"] == "failed"
    assert two.asked == 0


@pytest.mark.parametrize(
    ("choice", "status"),
    [
        ({"by": "order"}, 422),
        ({"by": "shares", "shares": {"one": 0}}, 422),
        ({"by": "cheapest"}, 422),
        ({"by": "dice"}, 422),
        ({"by": "order", "providers": ["nobody"]}, 404),
    ],
)
def test_a_rule_that_cannot_choose_is_refused(routed, choice, status):
    refused = routed.post("/routing-rules", {"name": "A rule", "choice": choice})

    assert refused.status_code == status
    assert routed.count("routing_rules") == 0


def test_another_rule_is_not_found(routed):
    missing = routed.client.get(f"/api/v1/payments/routing-rules/{new_id()}")
    assert missing.json["type"] == "/problems/payments/routing-rule-not-found"
