"""Webhooks of providers: proven, kept, applied once, in any order, and replayed."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from nexafi.payments import signing
from nexafi.payments.charges import actions as charges
from nexafi.payments.errors import StillAsking
from tests.payments.conftest import API, money


def operation(payments, charge, kind="sale"):
    items = payments.get("/operations")["items"]
    return next(each for each in items if each["charge"] == charge["id"] and each["kind"] == kind)


def events(payments):
    return payments.get("/webhook-events")["items"]


def test_a_signed_webhook_finishes_what_the_payer_did(payments, sandbox):
    charge = payments.charge("sandbox_3ds")
    assert charge["state"] == "requires_action"

    assert sandbox.sent(
        sandbox.about("payment.succeeded", operation(payments, charge), charge)
    ) == ("applied")

    after = payments.get(f"/charges/{charge['id']}")
    assert (after["state"], after["captured"], after["fee"]) == (
        "captured", money("100.00"), money("3.20"),
    )  # fmt: skip
    (event,) = events(payments)
    assert (event["state"], event["charge"], event["name"]) == (
        "applied", charge["id"], "payment.succeeded",
    )  # fmt: skip


def test_what_comes_five_times_is_applied_once(payments, sandbox):
    charge = payments.charge("sandbox_3ds")
    hook = sandbox.about("payment.succeeded", operation(payments, charge), charge)

    assert [sandbox.sent(hook) for _ in range(5)] == ["applied"] * 5

    assert len(payments.moved()) == 1
    assert payments.count("webhook_events") == 1


def test_a_forged_webhook_leaves_nothing_behind(payments, sandbox):
    charge = payments.charge("sandbox_3ds")
    hook = sandbox.about("payment.succeeded", operation(payments, charge), charge)
    at = payments.clock.now
    id_ = hook.id
    ours = [sandbox.secret]
    forged = [
        replace(hook, body=hook.body.replace(b"100.00", b"100.01")),
        replace(hook, headers=hook.headers | {"webhook-id": "evt_other"}),
        replace(hook, headers=hook.headers | {"webhook-signature": "v1,c2lnbmVk"}),
        replace(hook, headers={}),
        replace(hook, headers=signing.headers([b"x" * 32], id_, at, hook.body)),
        replace(hook, headers=signing.headers(ours, id_, at - timedelta(minutes=6), hook.body)),
        replace(hook, headers=signing.headers(ours, id_, at + timedelta(minutes=6), hook.body)),
        replace(hook, headers=hook.headers | {"webhook-timestamp": "soon"}),
    ]

    answers = [sandbox.send(each) for each in forged]

    assert {each.status_code for each in answers} == {400}
    assert {each.json["type"] for each in answers} == {"/problems/payments/notice-refused"}
    assert payments.count("webhook_events") == 0
    assert payments.get(f"/charges/{charge['id']}")["state"] == "requires_action"


def test_the_hint_proves_nothing(payments, sandbox):
    charge = payments.charge("sandbox_3ds")
    hook = sandbox.about("payment.succeeded", operation(payments, charge), charge)
    other, ours = uuid4(), payments.caller.organization_id

    stranger = sandbox.send(hook, f"/webhooks/sandbox?organization={other}")
    unsaid = replace(hook, body=hook.body.replace(b"nexafi_organization", b"somebody"))
    nobody = sandbox.send(unsaid)
    unknown = sandbox.send(hook, "/webhooks/nobody")
    assert [stranger.status_code, nobody.status_code, unknown.status_code] == [400, 400, 404]
    assert payments.count("webhook_events") == 0

    assert sandbox.send(hook, f"/webhooks/sandbox?organization={ours}").json["state"] == "applied"


def test_a_signed_webhook_of_another_form_is_refused(payments, sandbox):
    for body in (b"{}", b"[", b"\xff\xfe", b'{"type":"payment.succeeded"}'):
        headers = signing.headers([sandbox.secret], "evt_1", payments.clock.now, body)
        path = f"{API}/webhooks/sandbox?organization={payments.caller.organization_id}"
        answer = payments.client.post(path, data=body, headers=headers)
        assert (answer.status_code, answer.json["type"]) == (
            400,
            "/problems/payments/notice-refused",
        )
    assert payments.count("webhook_events") == 0


def test_a_charge_of_nobody_is_kept_and_ignored(payments, sandbox):
    stranger = {"reference": "sb_of_somebody_else", "amount": money("5.00")}

    assert sandbox.sent(sandbox.hook("payment.refunded", stranger, reference="re_1")) == "ignored"

    (event,) = events(payments)
    assert (event["charge"], event["due_at"]) == (None, None)
    assert payments.moved() == []


def test_what_comes_too_early_is_applied_once_it_can_be(payments, sandbox):
    charge = payments.charge("sandbox_lost_answer")
    assert (charge["state"], charge["reference"]) == ("capturing", None)
    known = {"reference": f"sb_{operation(payments, charge)['id'].replace('-', '')}"}
    early = sandbox.hook(
        "payment.refunded", known | {"amount": money("40.00")}, reference="sb_refund_1"
    )

    assert sandbox.sent(early) == "received"
    assert "being asked for" in events(payments)[0]["reason"]
    payments.work_on(after=timedelta(seconds=5))
    payments.work_on(after=timedelta(seconds=30))

    assert events(payments)[0]["state"] == "applied"
    assert payments.get(f"/charges/{charge['id']}")["refunded"] == money("40.00")
    assert [each["kind"] for each in payments.moved()] == ["capture", "refund"]


def test_what_cannot_be_applied_is_given_up_after_days_and_replayed(payments, sandbox):
    charge = payments.charge(capture=False)
    hook = sandbox.hook("payment.refunded", charge, reference="sb_refund_1")
    assert sandbox.sent(hook) == "received"

    for _ in range(20):
        payments.work_on(after=timedelta(hours=6))
    (event,) = events(payments)
    assert (event["state"], event["tries"], event["due_at"]) == ("failed", 18, None)
    assert payments.post(f"/charges/{charge['id']}/capture").json["state"] == "captured"

    replayed = payments.post(f"/webhook-events/{event['id']}/replay")

    assert (replayed.status_code, replayed.json["state"]) == (200, "applied")
    assert payments.post(f"/webhook-events/{event['id']}/replay").json["state"] == "applied"
    assert [each["kind"] for each in payments.moved()] == ["capture", "refund"]


def test_a_defect_of_ours_loses_no_webhook(payments, sandbox, monkeypatch):
    charge = payments.charge("sandbox_3ds")
    hook = sandbox.about("payment.succeeded", operation(payments, charge), charge)
    with monkeypatch.context() as broken:
        broken.setattr(charges, "finish", lambda *_: 1 / 0)
        assert sandbox.sent(hook) == "received"
    assert (events(payments)[0]["reason"], payments.moved()) == ("A defect: ZeroDivisionError", [])

    payments.work_on(after=timedelta(seconds=10))

    assert payments.get(f"/charges/{charge['id']}")["state"] == "captured"


def test_every_order_of_a_life_comes_to_the_same_end(make_payments, sandbox):
    ends = set()
    for order in itertools.permutations(range(4)):
        payments = sandbox.payments
        charge = payments.charge("sandbox_3ds")
        asked = operation(payments, charge)
        hooks = [
            sandbox.about("payment.failed", asked, charge, reason="card_declined"),
            sandbox.about("payment.succeeded", asked, charge, late=10),
            sandbox.hook(
                "payment.refunded",
                charge | {"amount": money("40.00")},
                late=20,
                reference=f"r{order}",
            ),
            sandbox.hook(
                "refund.failed", charge | {"amount": money("40.00")}, late=30, reference=f"r{order}"
            ),
        ]
        for place in order:
            for _ in range(2):
                sandbox.sent(hooks[place])
        for _ in range(4):
            payments.work_on(after=timedelta(minutes=2))
        after = payments.get(f"/charges/{charge['id']}")
        mine = [each for each in payments.moved() if each["references"]["charge"] == charge["id"]]
        net = sum(
            (1 if each["kind"] in {"capture", "refund_failed"} else -1)
            * float(each["amount"]["amount"])
            for each in mine
        )
        ends.add(json.dumps([after["state"], after["captured"], after["refunded"], net]))

    assert ends == {json.dumps(["captured", money("100.00"), money("0.00"), 100.0])}


def test_a_capture_that_somebody_made_over_there_is_booked(payments, sandbox):
    charge = payments.charge(capture=False)
    hook = sandbox.hook(
        "payment.captured", charge, kind="capture", reference="c1", fee=money("3.20")
    )

    assert sandbox.sent(hook) == "applied"
    event = events(payments)[0]
    assert payments.post(f"/webhook-events/{event['id']}/replay").json["state"] == "applied"

    after = payments.get(f"/charges/{charge['id']}")
    assert (after["state"], after["captured"]) == ("captured", money("100.00"))
    assert [each["fee"] for each in payments.moved()] == [money("3.20")]


def test_a_card_number_in_a_webhook_is_not_kept(payments, sandbox):
    charge = payments.charge()
    hook = sandbox.hook(
        "dispute.opened", charge, reference="d1", reason="card 4242 4242 4242 4242 stolen"
    )

    assert sandbox.sent(hook) == "applied"

    event = payments.get(f"/webhook-events/{events(payments)[0]['id']}")
    assert "4242 4242 4242 4242" not in event["body"]
    assert "**** **** **** 4242" in event["body"]
    with payments.database.survey() as survey:
        connection = survey.session.connection()
        for table in ("webhook_events", "disputes", "outbox"):
            rows = connection.exec_driver_sql(f"SELECT * FROM {table}").all()
            assert "4242 4242 4242 4242" not in str(rows)


def test_only_who_may_sees_and_replays(payments, sandbox):
    charge = payments.charge("sandbox_3ds")
    sandbox.sent(sandbox.about("payment.succeeded", operation(payments, charge), charge))
    event = events(payments)[0]
    payments.caller = replace(payments.caller, permissions=frozenset({"payments:webhook:read"}))

    assert payments.get(f"/webhook-events/{event['id']}")["headers"]["webhook-id"]
    assert payments.post(f"/webhook-events/{event['id']}/replay").status_code == 403


@pytest.mark.parametrize("missing", ["charge", "kind"])
def test_a_notice_of_the_sandbox_says_what_and_of_which(payments, missing):
    body = {"charge": str(uuid4()), "kind": "captured"}
    del body[missing]
    assert payments.post("/sandbox/notices", body).status_code == 422


def test_a_conflict_waits_for_what_is_under_way(payments, sandbox, monkeypatch):
    charge = payments.charge(capture=False)

    def busy(*_args, **_more):
        raise StillAsking("Busy.")

    hook = sandbox.hook("payment.captured", charge, kind="capture", reference="c1")
    with monkeypatch.context() as under_way:
        under_way.setattr(charges, "begin_capture", busy)
        assert sandbox.sent(hook) == "received"
    payments.work_on(after=timedelta(seconds=10))
    assert payments.get(f"/charges/{charge['id']}")["state"] == "captured"
