"""What can be made to happen at the sandbox, and the guide that lists all of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nexafi.payments.notices.simulator import Happening
from nexafi.payments.providers.sandbox import AMOUNTS, SCRIPTS, Sandbox
from tests.payments.conftest import API, money

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "sandbox.md"


class Other(Sandbox):
    name = "other"


def happens(payments, charge, kind, **more):
    body = {"charge": charge["id"], "kind": kind, **more}
    answer = payments.post("/sandbox/notices", body)
    assert (answer.status_code, answer.json["state"]) == (201, "applied"), answer.json
    return payments.get(f"/charges/{charge['id']}")


def test_the_payer_confirms_or_does_not(payments):
    one, other = payments.charge("sandbox_3ds"), payments.charge("sandbox_3ds", capture=False)

    assert happens(payments, one, "action_succeeded")["state"] == "captured"
    failed = happens(payments, other, "action_failed", reason="card_declined")

    assert (failed["state"], failed["reason"]) == ("failed", "card_declined")
    assert len(payments.moved()) == 1


def test_captures_and_refunds_that_nobody_asked_for_are_booked(payments):
    charge = payments.charge(capture=False)

    part = happens(payments, charge, "captured", amount=money("30.00"))
    assert (part["state"], part["captured"]) == ("partially_captured", money("30.00"))
    assert happens(payments, charge, "captured")["captured"] == money("100.00")
    assert happens(payments, charge, "refunded", amount=money("10.00"))["refunded"] == money(
        "10.00"
    )
    assert happens(payments, charge, "refund_failed")["refunded"] == money("0.00")

    assert [each["kind"] for each in payments.moved()] == [
        "capture", "capture", "refund", "refund_failed",
    ]  # fmt: skip
    assert payments.told().count("payments.refund_failed") == 1


@pytest.mark.parametrize("kind", list(Happening))
def test_what_cannot_happen_is_refused_and_leaves_nothing(payments, kind):
    charge = payments.charge("sandbox_declined")

    answer = payments.post("/sandbox/notices", {"charge": charge["id"], "kind": kind})

    assert answer.status_code in {409, 422}, answer.json
    assert (payments.count("webhook_events"), payments.moved()) == (0, [])


def test_where_there_is_no_sandbox_there_is_no_simulator(make_payments):
    payments = make_payments(Other())
    body = {"charge": "0199c2f0-8a3e-7c41-9d57-2f1b6c0e4a11", "kind": "captured"}
    answer = payments.post("/sandbox/notices", body)
    assert answer.json["type"] == "/problems/payments/provider-unknown"
    assert payments.client.get(f"{API}/sandbox/secret").status_code == 404


def test_only_who_may_connect_providers_sees_the_secret(payments):
    assert payments.get("/sandbox/secret")["secret"].startswith("whsec_")
    payments.caller = replace(payments.caller, permissions=frozenset({"payments:charge:create"}))
    assert payments.client.get(f"{API}/sandbox/secret").status_code == 403


def test_the_guide_names_every_payment_method_amount_and_happening():
    guide = GUIDE.read_text(encoding="utf-8")

    methods = {f"| `{token}` | {script.about} |" for token, script in SCRIPTS.items()}
    amounts = {f"| {minor / 100:.2f} | `{token}` |" for minor, token in AMOUNTS.items()}
    kinds = {f"| `{kind}` |" for kind in Happening}

    assert sorted(line for line in methods | amounts if line not in guide) == []
    assert sorted(line for line in kinds if line not in guide) == []
