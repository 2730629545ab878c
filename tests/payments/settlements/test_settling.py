"""Settling through the front door: reports in, matched, booked; breaks worked; money arrived."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from tests.payments.conftest import money
from tests.payments.settlements.conftest import clearing, hand_in, movements, payout, told

EMPTY = {
    "balance": "0.00",
    "reserved": "0.00",
    "kept": "0.00",
    "in_breaks": "0.00",
    "explained": "0.00",
    "unsettled": "0.00",
}
CARD = "4242 4242 4242 4242"


@pytest.fixture
def captured(payments):
    """Two charges of 100.00 and 50.00, each less its fee."""
    payments.charge(amount="100.00")
    payments.charge(amount="50.00")
    return movements(payments)


def kinds(payments):
    return [each["kind"] for each in payments.moved()]


def breaks(payments, query=""):
    return payments.get(f"/settlements/breaks{query}")["items"]


def test_the_sandbox_pays_what_it_owes_and_its_clearing_account_is_empty(payments):
    charge = payments.charge(amount="100.00")
    payments.post(f"/charges/{charge['id']}/refunds", {"amount": money("40.00")})
    assert clearing(payments)["unsettled"] == "56.80"

    paid = payments.post("/settlements/sandbox")

    assert paid.status_code == 201, paid.json
    (settlement,) = paid.json["settlements"]
    assert (settlement["amount"], settlement["lines"], settlement["matched"]) == (
        money("56.80"), 2, 2,
    )  # fmt: skip
    assert (paid.json["breaks"], clearing(payments)) == (0, EMPTY)
    assert payments.moved()[-1]["kind"] == "settlement"
    assert payments.moved()[-1]["amount"] == money("56.80")
    again = payments.post("/settlements/sandbox")
    assert (again.status_code, again.json["type"]) == (
        422, "/problems/payments/nothing-to-settle",
    )  # fmt: skip


def test_a_report_that_fits_leaves_nothing_and_a_second_one_changes_nothing(payments, captured):
    first, second = captured
    report = payout([told(payments, "l1", first), told(payments, "l2", second)], "145.05")

    answer = hand_in(payments, report)
    assert (answer.status_code, answer.json["breaks"]) == (201, 0), answer.json
    assert clearing(payments) == EMPTY
    again = hand_in(payments, report)
    assert (again.status_code, again.json["type"]) == (409, "/problems/payments/report-known")
    other = hand_in(
        payments, {**report, "payouts": report["payouts"] * 1} | {"provider": "sandbox"}
    )
    assert other.status_code == 409
    spaced = hand_in(payments, b" " + str(report).replace("'", '"').encode())
    assert (spaced.status_code, spaced.json["known"]) == (201, 1)
    assert (kinds(payments).count("settlement"), payments.count("settlement_lines")) == (1, 2)


def test_lines_that_do_not_make_the_payout_are_refused_and_nothing_is_kept(payments, captured):
    report = payout([told(payments, "l1", captured[0])], "96.81")

    refused = hand_in(payments, report)

    assert (refused.status_code, refused.json["type"]) == (
        422, "/problems/payments/settlement-unbalanced",
    )  # fmt: skip
    tables = ("settlement_files", "settlements", "settlement_lines", "settlement_breaks")
    assert [payments.count(each) for each in tables] == [0, 0, 0, 0]
    assert len(payments.moved()) == 2


@pytest.mark.parametrize(
    ("off", "amount", "kind", "difference", "books"),
    [
        ({"amount": money("99.00")}, "95.80", "amount", "1.00", ("adjustment", "-1.00")),
        ({"amount": money("101.00")}, "97.80", "amount", "-1.00", ("adjustment", "1.00")),
        ({"fee": money("4.20")}, "95.80", "fee", "1.00", ("fee", "1.00")),
        ({"fee": money("2.20")}, "97.80", "fee", "-1.00", ("adjustment", "1.00")),
        ({"reference": "other"}, "96.80", "unknown_reference", "-96.80", ("adjustment", "96.80")),
    ],
)
def test_what_differs_is_a_break_that_is_explained_and_can_be_taken_back(
    payments, captured, off, amount, kind, difference, books
):
    first, second = captured
    hand_in(payments, payout([told(payments, "l1", first, **off)], amount))
    before = clearing(payments)

    (found,) = breaks(payments)
    assert (found["kind"], found["difference"]["amount"]) == (kind, difference)
    assert before["in_breaks"] == difference
    at = f"/settlements/breaks/{found['id']}"
    payments.post(f"{at}/assign", {"assignee": "Ada"})
    closed = payments.post(f"{at}/explain", {"reason": "They said so"})
    assert (closed.status_code, closed.json["outcome"]) == (200, "explained"), closed.json
    booked = payments.moved()[-1]
    assert (booked["kind"], booked["amount"]["amount"]) == books
    assert clearing(payments)["in_breaks"] == "0.00"
    twice = payments.post(f"{at}/explain", {"reason": "Again"})
    assert (twice.status_code, twice.json["type"]) == (409, "/problems/payments/break-closed")

    undone = payments.post(f"{at}/undo", {"reason": "They did not"})
    assert (undone.json["outcome"], undone.json["assignee"]) == (None, "Ada")
    assert clearing(payments) == before
    assert second["id"] not in {each["movement"] for each in breaks(payments)}


def test_a_line_is_linked_by_hand_and_the_link_taken_back(payments, captured):
    first, _ = captured
    hand_in(payments, payout([told(payments, "l1", first, reference="other")], "96.80"))
    (found,) = breaks(payments)
    before, at = clearing(payments), f"/settlements/breaks/{found['id']}"

    linked = payments.post(f"{at}/link", {"movements": [first["id"]], "reason": "It is that"})
    assert (linked.status_code, linked.json["outcome"]) == (200, "linked"), linked.json
    assert clearing(payments) == {**EMPTY, "balance": "48.25", "unsettled": "48.25"}
    unknown = payments.post(f"{at}/undo", {"reason": ""})
    assert unknown.status_code == 422
    assert payments.post(f"{at}/undo", {"reason": "It is not"}).json["outcome"] is None
    assert clearing(payments) == before

    nobody = payments.post(f"{at}/link", {"movements": [str(uuid4())], "reason": "x"})
    assert (nobody.status_code, clearing(payments)) == (404, before)


def test_a_movement_of_which_no_report_tells_is_missed_and_found_again(payments, clock):
    payments.charge(amount="100.00")
    clock.pass_by(timedelta(days=20))
    payments.charge(amount="50.00")
    old, new = movements(payments)

    hand_in(payments, payout([told(payments, "l1", new)], "48.25"))
    (missing,) = breaks(payments, "?kind=missing_line")
    assert (missing["movement"], missing["difference"]) == (old["id"], money("96.80"))

    hand_in(payments, payout([told(payments, "l2", old)], "96.80", "po_3"))
    healed = payments.get(f"/settlements/breaks/{missing['id']}")
    assert (healed["outcome"], clearing(payments)) == ("healed", EMPTY)


def test_what_is_reserved_stays_in_the_account_until_it_is_let_go(payments, captured):
    first, _ = captured
    held = {"id": "r1", "kind": "reserve", "on": first["on"], "amount": money("-20.00")}
    hand_in(payments, payout([told(payments, "l1", first), held], "76.80"))
    assert (clearing(payments)["reserved"], breaks(payments)) == ("20.00", [])

    freed = {**held, "id": "r2", "amount": money("20.00")}
    hand_in(payments, payout([freed], "20.00", "po_2"))

    assert clearing(payments)["reserved"] == "0.00"


def test_more_refunds_than_charges_are_collected_and_the_account_is_empty(payments):
    charge = payments.charge(amount="100.00")
    payments.post("/settlements/sandbox")
    payments.post(f"/charges/{charge['id']}/refunds", {"amount": money("40.00")})

    paid = payments.post("/settlements/sandbox")

    assert paid.json["settlements"][0]["amount"] == money("-40.00")
    assert (payments.moved()[-1]["kind"], clearing(payments)) == ("adjustment", EMPTY)


def test_a_payout_arrives_in_parts_and_never_more_than_was_sent(payments):
    payments.charge(amount="100.00")
    (paid,) = payments.post("/settlements/sandbox").json["settlements"]
    at = f"/settlements/{paid['id']}/received"

    part = payments.post(at, {"on": "2026-03-21", "amount": money("90.00")})
    assert (part.status_code, part.json["received"]) == (200, money("90.00")), part.json
    refused = payments.post(at, {"on": "2026-03-21", "amount": money("6.81")})
    assert (refused.status_code, refused.json["type"]) == (
        422, "/problems/payments/receipt-unfit",
    )  # fmt: skip
    assert kinds(payments).count("settlement_received") == 1
    rest = payments.post(at, {"on": "2026-03-22", "amount": money("6.80")})
    assert rest.json["received"] == money("96.80")
    assert payments.get("/settlements?in_transit=true")["items"] == []


def test_a_transfer_with_several_payouts_is_told_apart_where_only_one_choice_makes_it(payments):
    for amount in ("100.00", "50.00", "20.00"):
        payments.charge(amount=amount)
        assert payments.post("/settlements/sandbox").status_code == 201

    both = {"on": "2026-03-21", "amount": money("115.92")}  # 96.80 and 19.12
    answer = payments.post("/settlements/received", both)

    assert answer.status_code == 200, answer.json
    assert [each["amount"]["amount"] for each in answer.json["items"]] == ["96.80", "19.12"]
    (left,) = payments.get("/settlements?in_transit=true")["items"]
    assert left["amount"] == money("48.25")
    refused = payments.post("/settlements/received", both)
    assert (refused.status_code, kinds(payments).count("settlement_received")) == (422, 2)


def test_no_card_number_of_a_report_is_kept(payments, captured):
    line = told(payments, "l1", captured[0], description=f"Paid by {CARD}", reference=CARD)
    line["id"] = CARD.replace(" ", "")

    answer = hand_in(payments, payout([line], "96.80", CARD), name=f"{CARD}.json")

    assert answer.status_code == 201, answer.json
    settlement = answer.json["settlements"][0]
    (kept,) = payments.get(f"/settlements/{settlement['id']}/lines")["items"]
    assert len(kept["references"]) == 1
    assert "424242424242" not in str(
        [settlement, kept, breaks(payments), payments.moved()]
    ).replace(" ", "")
