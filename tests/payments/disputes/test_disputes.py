"""Disputes: the money they take, what is said to them, and the day on which it is due."""

from __future__ import annotations

import io
import itertools
from dataclasses import replace
from datetime import timedelta

import pytest

from nexafi.payments.disputes import rules
from nexafi.payments.disputes.rules import DisputeState
from nexafi.payments.providers.port import Answer, Outcome, Reason
from nexafi.payments.providers.sandbox import Sandbox
from tests.payments.conftest import API, money
from tests.payments.notices.conftest import Sender

PDF = b"%PDF-1.7 a receipt"


def happens(payments, charge, kind, **more):
    body = {"charge": charge["id"], "kind": kind, **more}
    answer = payments.post("/sandbox/notices", body)
    assert (answer.status_code, answer.json["state"]) == (201, "applied"), answer.json
    return payments.get(f"/charges/{charge['id']}")


def opened(payments, **more):
    charge = payments.charge()
    happens(payments, charge, "dispute_opened", **more)
    (dispute,) = payments.get(f"/disputes?charge={charge['id']}")["items"]
    return charge, dispute


def moved(payments, charge):
    every = [each for each in payments.moved() if each["references"]["charge"] == charge["id"]]
    return [each["kind"] for each in every if each["kind"] != "capture"]


def attach(payments, dispute, content=PDF, kind="receipt"):
    path = f"{API}/disputes/{dispute['id']}/files?kind={kind}"
    return payments.client.post(path, data={"file": (io.BytesIO(content), "receipt.pdf")})


def test_a_dispute_takes_the_money_and_gives_it_back_when_it_is_won(payments):
    charge, dispute = opened(payments, reason="product_not_received")
    assert (dispute["state"], dispute["money"], dispute["fee"]) == (
        "needs_response", "taken", money("15.00"),
    )  # fmt: skip
    assert payments.get(f"/charges/{charge['id']}")["disputed"] == money("100.00")
    refused = payments.post(f"/charges/{charge['id']}/refunds")
    assert refused.status_code == 422

    assert happens(payments, charge, "dispute_won")["disputed"] == money("0.00")

    after = payments.get(f"/disputes/{dispute['id']}")
    assert (after["state"], after["money"]) == ("won", "returned")
    assert moved(payments, charge) == ["dispute_opened", "dispute_won"]
    assert payments.moved()[1]["fee"] == money("15.00")
    told = payments.told()
    assert (told.count("payments.dispute_opened"), told.count("payments.dispute_closed")) == (1, 1)


def test_a_part_may_be_contested_and_lost(payments):
    charge, dispute = opened(payments, amount=money("30.00"))
    assert payments.get(f"/charges/{charge['id']}")["disputed"] == money("30.00")

    happens(payments, charge, "dispute_lost")

    after = payments.get(f"/charges/{charge['id']}")
    assert after["disputed"] == money("30.00")
    assert payments.get(f"/disputes/{dispute['id']}")["money"] == "gone"
    assert moved(payments, charge) == ["dispute_opened", "dispute_lost"]
    assert payments.post(f"/charges/{charge['id']}/refunds").json["amount"] == money("70.00")


def test_what_was_given_back_before_is_not_counted_twice(payments):
    sandbox, charge = Sender(payments), payments.charge()
    payments.post(f"/charges/{charge['id']}/refunds", {"amount": money("80.00")})

    assert sandbox.sent(sandbox.hook("dispute.opened", charge, reference="d1")) == "applied"

    after = payments.get(f"/charges/{charge['id']}")
    assert (after["refunded"], after["disputed"]) == (money("80.00"), money("20.00"))
    assert payments.moved()[-1]["amount"] == money("100.00")
    assert sandbox.sent(sandbox.hook("dispute.won", charge, late=1, reference="d1")) == "applied"
    assert payments.get(f"/charges/{charge['id']}")["disputed"] == money("0.00")


@pytest.mark.parametrize("end", ["dispute.won", "dispute.lost"])
def test_any_order_with_repeats_comes_to_the_same_end(payments, end):
    sandbox, ends = Sender(payments), set()
    for order in itertools.permutations(range(3)):
        charge = payments.charge()
        reference = f"{end}{order}"
        hooks = [
            sandbox.hook("dispute.opened", charge, reference=reference, fee=money("15.00")),
            sandbox.hook(end, charge, late=10, reference=reference),
            sandbox.hook("dispute.opened", charge, late=5, reference=reference),
        ]
        for place in order:
            for _ in range(2):
                assert sandbox.sent(hooks[place]) == "applied"
        (dispute,) = payments.get(f"/disputes?charge={charge['id']}")["items"]
        kinds = [each for each in moved(payments, charge) if each != "fee"]
        after = payments.get(f"/charges/{charge['id']}")
        fees = [
            each["amount"]["amount"] if each["kind"] == "fee" else (each["fee"] or {}).get("amount")
            for each in payments.moved()
            if each["references"]["charge"] == charge["id"] and each["kind"] != "capture"
        ]
        ends.add((dispute["state"], dispute["money"], after["disputed"]["amount"], *kinds))
        assert [each for each in fees if each] == ["15.00"]
    assert len(ends) == 1


def test_evidence_is_a_draft_until_it_is_handed_in_once(payments):
    _, dispute = opened(payments)
    at = f"/disputes/{dispute['id']}"
    assert payments.post(f"{at}/submit").status_code == 422

    texts = {"explanation": "It was delivered.", "shipping_tracking_number": "1Z"}
    draft = payments.client.put(f"{API}{at}/evidence", json={"texts": texts})
    assert (draft.status_code, draft.json["evidence"]) == (200, texts)
    file = attach(payments, dispute)
    assert (file.status_code, file.json["media_type"]) == (201, "application/pdf")
    read = payments.client.get(f"{API}{at}/files/{file.json['id']}")
    assert (read.data, read.mimetype) == (PDF, "application/pdf")

    submitted = payments.post(f"{at}/submit")
    assert (submitted.status_code, submitted.json["is_sent"]) == (200, True)
    assert submitted.json["dispute"]["state"] == "under_review"
    for again in (
        payments.post(f"{at}/submit"),
        payments.client.put(f"{API}{at}/evidence", json={"texts": texts}),
        attach(payments, dispute),
        payments.client.delete(f"{API}{at}/files/{file.json['id']}"),
    ):
        assert again.status_code == 409
    assert payments.count("dispute_files") == 1


def test_what_a_provider_does_not_take_stays_a_draft(make_payments):
    class Busy(Sandbox):
        def submit_evidence(self, *_asked):
            return Answer(Outcome.PENDING, reason=Reason.UNAVAILABLE)

    payments = make_payments(Busy())
    _, dispute = opened(payments)
    at = f"/disputes/{dispute['id']}"
    payments.client.put(f"{API}{at}/evidence", json={"texts": {"explanation": "x"}})

    assert payments.post(f"{at}/submit").status_code == 502
    assert payments.get(at)["submitted_at"] is None


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"<html>", "receipt"),
        (b"", "receipt"),
        (PDF, "passport"),
        (PDF + bytes(1_000), "receipt"),
    ],
)
def test_a_file_that_nobody_takes_is_refused(payments, content, kind, monkeypatch):
    monkeypatch.setattr(rules, "FILE_BYTES_MAX", 1_000)
    _, dispute = opened(payments)
    assert attach(payments, dispute, content, kind).status_code == 422
    assert payments.count("dispute_files") == 0


def test_texts_have_names_and_hold_no_card_numbers(payments):
    _, dispute = opened(payments)
    path = f"{API}/disputes/{dispute['id']}/evidence"
    for texts in ({"opinion": "x"}, {"explanation": "card 4242424242424242"}):
        assert payments.client.put(path, json={"texts": texts}).status_code == 422
    assert payments.get(f"/disputes/{dispute['id']}")["evidence"] == {}


def test_a_day_that_is_near_is_told_once(payments):
    opened(payments)
    _, answered = opened(payments)
    at = f"/disputes/{answered['id']}"
    payments.client.put(f"{API}{at}/evidence", json={"texts": {"explanation": "x"}})
    payments.post(f"{at}/submit")
    payments.work_on(after=timedelta(days=2))
    assert "payments.dispute_evidence_due" not in payments.told()

    for _ in range(3):
        payments.work_on(after=timedelta(days=1))

    assert payments.told().count("payments.dispute_evidence_due") == 1


def test_only_who_may_answers(payments):
    _, dispute = opened(payments)
    payments.caller = replace(payments.caller, permissions=frozenset({"payments:dispute:read"}))
    assert payments.get(f"/disputes/{dispute['id']}")["state"] == "needs_response"
    assert payments.post(f"/disputes/{dispute['id']}/submit").status_code == 403


def test_every_state_has_moves_and_what_ended_stays():
    assert set(rules.MOVES) == set(DisputeState)
    for end in rules.ENDS:
        assert rules.MOVES[end] == set()
