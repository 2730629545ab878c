"""Webhooks of ours: signed, sent until they are taken, and never into a private network."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import standardwebhooks
from standardwebhooks.webhooks import Webhook

from nexafi.contracts.payments.events import ChargeFailed, DisputeOpened
from nexafi.kernel.values.ids import new_id
from nexafi.kernel.values.money import Money
from nexafi.payments.webhooks import actions, addresses, rules
from tests.payments.conftest import API


def endpoint(payments, url, **more):
    answer = payments.post("/webhook-endpoints", {"url": url, **more})
    assert answer.status_code == 201, answer.json
    return answer.json


def happen(payments, *reasons):
    """Let events come that this service has told, as the bus would bring them."""
    begin = payments.database.begin_as(payments.caller)
    for reason in reasons or ("card_declined",):
        with begin() as work:
            news = ChargeFailed(charge_id=new_id(), amount=Money(1_000, "EUR"), reason=reason)
            actions.pass_on(work, news)


def deliveries(payments, **query):
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return payments.get(f"/webhook-deliveries?{asked}")["items"]


def judge(secret, headers, body, monkeypatch, now):
    """Ask the published library of Standard Webhooks, at the moment of the test's clock."""

    class Then(datetime):
        @classmethod
        def now(cls, tz=None):
            return now.astimezone(tz)

    with monkeypatch.context() as at:
        at.setattr(standardwebhooks.webhooks, "datetime", Then)
        return Webhook(secret).verify(body, headers)


def test_what_happens_is_told_and_an_independent_judge_believes_it(
    payments, receivers, monkeypatch
):
    receiver = receivers()
    made = endpoint(payments, receiver.url, kinds=["payments.charge_failed"])
    happen(payments)
    payments.work_on()

    ((headers, body),) = receiver.got
    told = judge(made["secret"], headers, body, monkeypatch, payments.clock.now)
    assert (told["type"], told["data"]["reason"]) == ("payments.charge_failed", "card_declined")
    assert set(told) == {"type", "timestamp", "data"}
    with pytest.raises(standardwebhooks.webhooks.WebhookVerificationError):
        judge(made["secret"], headers, body + b" ", monkeypatch, payments.clock.now)
    (delivery,) = deliveries(payments, state="delivered")
    assert (delivery["message"], delivery["status"]) == (headers["webhook-id"], 204)
    assert "secret" not in payments.get(f"/webhook-endpoints/{made['id']}")


def test_only_what_was_asked_for_is_told(payments, receivers):
    one, every, off = receivers(), receivers(), receivers()
    endpoint(payments, one.url, kinds=["payments.dispute_opened"])
    endpoint(payments, every.url)
    silent = endpoint(payments, off.url)
    payments.client.patch(f"{API}/webhook-endpoints/{silent['id']}", json={"is_on": False})
    happen(payments)
    payments.work_on()

    assert [len(each.got) for each in (one, every, off)] == [0, 1, 0]


def test_an_old_secret_signs_beside_the_new_one_for_a_time(payments, receivers, monkeypatch):
    receiver = receivers()
    old = endpoint(payments, receiver.url)
    path = f"/webhook-endpoints/{old['id']}"
    new = payments.post(f"{path}/rotate", {"overlap_hours": 1}).json
    payments.post(f"{path}/test")
    payments.work_on()
    then = payments.clock.now
    payments.work_on(after=timedelta(hours=1))
    payments.post(f"{path}/test")
    payments.work_on()

    (first, second) = receiver.got
    for secret in (old["secret"], new["secret"]):
        assert judge(secret, *first, monkeypatch, then)["type"] == rules.TEST
    assert judge(new["secret"], *second, monkeypatch, payments.clock.now)
    with pytest.raises(standardwebhooks.webhooks.WebhookVerificationError):
        judge(old["secret"], *second, monkeypatch, payments.clock.now)


def test_a_receiver_that_is_down_for_a_day_is_told_everything_once(payments, receivers):
    receiver = receivers(status=503, text=b"down")
    endpoint(payments, receiver.url)
    reasons = [f"reason_{number}" for number in range(12)]
    happen(payments, *reasons)
    for _ in range(24):
        payments.work_on(after=timedelta(hours=1))
    assert {each["state"] for each in deliveries(payments)} == {"pending"}
    assert deliveries(payments)[0]["response"] == "down"
    receiver.got.clear()

    receiver.status = 200
    for _ in range(6):
        payments.work_on(after=timedelta(hours=1))

    assert {each["state"] for each in deliveries(payments)} == {"delivered"}
    assert len(receiver.ids) == len(set(receiver.ids)) == len(reasons)
    assert sorted(json.loads(body)["data"]["reason"] for _, body in receiver.got) == sorted(reasons)


def test_after_three_days_it_is_given_up_and_the_endpoint_switched_off(payments, receivers):
    receiver = receivers(status=500)
    made = endpoint(payments, receiver.url)
    happen(payments)
    for _ in range(90):
        payments.work_on(after=timedelta(hours=1))

    (delivery,) = deliveries(payments)
    shown = payments.get(f"/webhook-endpoints/{made['id']}")
    assert (shown["is_on"], shown["off_because"]) == (False, "It took nothing for three days.")
    assert len(receiver.got) == delivery["tries"] <= rules.TRIES_MAX
    assert payments.post(f"/webhook-deliveries/{delivery['id']}/resend").status_code == 409

    receiver.status = 200
    path = f"{API}/webhook-endpoints/{made['id']}"
    assert payments.client.patch(path, json={"is_on": True}).json["off_because"] == ""
    assert payments.post(f"/webhook-deliveries/{delivery['id']}/resend").status_code == 200
    payments.work_on()
    assert deliveries(payments)[0]["state"] == "delivered"
    assert len(set(receiver.ids)) == 1


def test_who_is_gone_is_told_nothing_more(payments, receivers):
    receiver = receivers(status=410)
    made = endpoint(payments, receiver.url)
    happen(payments)
    payments.work_on()
    happen(payments)
    payments.work_on(after=timedelta(hours=1))

    assert payments.get(f"/webhook-endpoints/{made['id']}")["off_because"].startswith("It answered")
    assert len(receiver.got) == 1


def test_a_slow_receiver_holds_up_no_other(payments, receivers, monkeypatch):
    slow, quick = receivers(wait_s=3.0), receivers()
    monkeypatch.setattr("nexafi.payments.webhooks.sending.TIMEOUT", timedelta(milliseconds=300))
    slow_one = endpoint(payments, slow.url)
    endpoint(payments, quick.url)
    happen(payments, *[f"reason_{number}" for number in range(8)])

    payments.work_on()

    assert (len(slow.got), len(quick.got)) == (1, 8)
    assert len(deliveries(payments, endpoint=slow_one["id"], state="pending")) == 8
    payments.service.do_jobs(payments.database)
    assert len(slow.got) == 1  # it rests


def test_a_redirect_is_not_followed(payments, receivers):
    inner = receivers()
    receiver = receivers(status=302, location=inner.url)
    endpoint(payments, receiver.url)
    happen(payments)
    payments.work_on()

    assert (len(receiver.got), len(inner.got)) == (1, 0)
    assert deliveries(payments)[0]["reason"] == "It answered 302."


def test_card_numbers_are_in_no_payload(payments, receivers):
    receiver = receivers(text=b"thanks for 4242424242424242", status=200)
    endpoint(payments, receiver.url)
    begin = payments.database.begin_as(payments.caller)
    with begin() as work:
        news = DisputeOpened(
            dispute_id=new_id(),
            charge_id=new_id(),
            amount=Money(1, "EUR"),
            reason="card 4242-4242-4242-4242 lost",
        )
        actions.pass_on(work, news)
    payments.work_on()

    ((_, body),) = receiver.got
    told = json.loads(body)["data"]
    assert told["reason"] == "card ****-****-****-4242 lost"
    assert told["dispute_id"] == str(news.dispute_id)
    assert deliveries(payments)[0]["response"] == "thanks for ************4242"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://127.0.0.1/",
        "https://10.1.2.3/",
        "https://192.168.0.1:8443/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://[2002:a00:1::]/",
        "https://0.0.0.0/",
        "https://100.64.0.1/",
        "https://localhost/",
        "https://db.internal/",
        "https://user:secret@example.com/",
        "https://example.com:99999/",
        "https:///nowhere",
    ],
)
def test_nothing_is_sent_into_a_private_network(make_payments, url):
    payments = make_payments()
    answer = payments.post("/webhook-endpoints", {"url": url})
    assert (answer.status_code, payments.count("webhook_endpoints")) == (422, 0)


def test_a_name_that_leads_inside_by_now_is_not_called(payments, receivers, monkeypatch):
    """A name may be public when it is given, and private when it is called."""
    receiver = receivers()
    port = int(receiver.url.split(":")[2].split("/")[0])
    answers = iter(["93.184.215.14", "127.0.0.1"])
    monkeypatch.setattr(
        "nexafi.payments.webhooks.addresses.socket.getaddrinfo",
        lambda _host, to, **_kind: [(2, 1, 6, "", (next(answers), to))],
    )

    first = addresses.resolve(f"https://shop.example.com:{port}/", takes_private=False)
    assert (first.ip, first.port) == ("93.184.215.14", port)
    with pytest.raises(addresses.UrlUnfit):
        addresses.resolve(f"https://shop.example.com:{port}/", takes_private=False)
    assert receiver.got == []


def test_a_name_that_is_not_found_is_tried_again(payments):
    endpoint(payments, "http://nowhere.invalid/hooks")
    happen(payments)
    payments.work_on()

    (delivery,) = deliveries(payments)
    assert (delivery["state"], delivery["tries"]) == ("pending", 1)
    assert delivery["attempts"][0]["reason"] == "nowhere.invalid is not found."


def test_there_are_only_so_many_endpoints_and_kinds(payments):
    unknown = payments.post("/webhook-endpoints", {"url": "https://a.example", "kinds": ["x.y"]})
    assert unknown.status_code == 422
    for number in range(rules.ENDPOINTS_MAX):
        endpoint(payments, f"https://shop{number}.example.com/")
    more = payments.post("/webhook-endpoints", {"url": "https://a.example"})
    assert (more.status_code, payments.count("webhook_endpoints")) == (409, rules.ENDPOINTS_MAX)


def test_a_removed_endpoint_is_gone_and_its_log_stays(payments, receivers):
    receiver = receivers()
    made = endpoint(payments, receiver.url)
    path = f"{API}/webhook-endpoints/{made['id']}"
    payments.post(f"/webhook-endpoints/{made['id']}/test")

    assert payments.client.delete(path).status_code == 204
    payments.work_on()

    assert payments.client.get(path).status_code == 404
    assert (len(receiver.got), len(deliveries(payments))) == (0, 1)


def test_only_who_may_changes_endpoints(payments):
    made = endpoint(payments, "https://shop.example.com/")
    payments.caller = replace(payments.caller, permissions=frozenset({"payments:webhook:read"}))
    assert payments.get("/webhook-endpoints")["items"][0]["id"] == made["id"]
    assert payments.post(f"/webhook-endpoints/{made['id']}/test").status_code == 403


def test_waits_grow_and_end_after_three_days():
    waits = [rules.again_after(tries, new_id()) for tries in range(1, rules.TRIES_MAX + 1)]
    assert waits[-1] is None
    whole = sum(waits[:-1], timedelta())
    assert timedelta(days=2, hours=20) < whole < timedelta(days=3, hours=18)
    assert rules.rest_after(1) == timedelta(seconds=2)
    assert rules.rest_after(99) == rules.REST_MAX
