"""Idempotency and lost answers after stripe-stateful-mock, which is independent of us.

It is older than payment intents, so `Intents` puts each into the words of a charge and back; keys,
their replays, the kept 500s, limits and the order of a chain of tokens are the mock's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import uuid4

import pytest

from nexafi.kernel.values.ids import new_id
from nexafi.kernel.values.money import Money
from nexafi.payments.providers.port import Answer, Kind, Method, Outcome, Reason, Request
from nexafi.payments.providers.stripe import Stripe
from tests.payments.faults import Answer as Wire
from tests.payments.faults import Fault, Faults
from tests.payments.stripes import ACCOUNT, Peer

KEPT = ("amount", "currency")


@dataclass
class Intents(Faults):
    """Payment intents, said to a server that knows charges only."""

    def pass_on(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Wire:
        place, _, _query = path.partition("?")
        if not place.startswith("/v1/payment_intents"):
            return super().pass_on(method, path, headers, body)
        said = dict(parse_qsl(body.decode()))
        known = place.removeprefix("/v1/payment_intents").replace("/pi_", "/")
        if known == "/search":
            return Wire(404, {}, b'{"error": {"type": "invalid_request_error"}}')
        if known.endswith("/capture"):
            asked = {"amount": said["amount_to_capture"]}
        elif method == "POST":
            holds = said["capture_method"] == "manual"
            marks = {name: value for name, value in said.items() if name.startswith("metadata[")}
            asked = {name: said[name] for name in KEPT} | marks
            asked |= {"source": _source(said["payment_method"]), "capture": str(not holds).lower()}
        else:
            asked = {}
        answer = super().pass_on(method, f"/v1/charges{known}", headers, urlencode(asked).encode())
        return replace(answer, body=json.dumps(_intent(json.loads(answer.body))).encode())


def _source(token: str) -> str:
    """Return a token of the mock; a chain of them comes as one word."""
    return token.removeprefix("pm_").replace("__", "|")


def _intent(said: dict[str, Any]) -> dict[str, Any]:
    if said.get("object") == "list":
        return said | {"data": [_intent(each) for each in said["data"]]}
    if said.get("object") != "charge":
        return said
    done = "succeeded" if said["captured"] else "requires_capture"
    return said | {
        "id": f"pi_{said['id']}",
        "object": "payment_intent",
        "status": done if said["status"] == "succeeded" else "processing",
        "latest_charge": said,
    }


@pytest.fixture
def intents(mock: Peer) -> Iterator[Intents]:
    with Intents.before(mock.url) as started:
        assert isinstance(started, Intents)
        yield started


def request(token: str, kind: Kind = Kind.SALE, minor: int = 25_00, **more: Any) -> Request:
    method = Method("card", f"pm_{token}")
    return Request(new_id(), kind, Money(minor, "EUR"), uuid4(), method, **more)


def chain(*tokens: str) -> str:
    """Return a token that does one after the other; the last word is a name of its own."""
    return "__".join([*tokens, uuid4().hex])


def ask(intents: Faults, asked: Request, *faults: Fault, tries: int = 1) -> Answer:
    intents.script(*faults)
    return Stripe(intents.url, 2.0).ask(ACCOUNT, replace(asked, tries=tries))


def taken(mock: Peer, asked: Request) -> list[dict[str, Any]]:
    """Return the charges that the mock made for a request."""
    found = mock.all("charges")
    return [each for each in found if each["metadata"].get("nexafi_operation") == str(asked.id)]


def test_the_same_request_is_answered_alike_and_done_once(intents, mock):
    asked = request("tok_visa")
    answers = [ask(intents, asked, tries=each) for each in (1, 2, 3)]

    assert answers[0].outcome is Outcome.SUCCEEDED
    assert answers[1:] == answers[:1] * 2
    assert len(taken(mock, asked)) == 1


def test_a_key_that_was_used_for_something_else_leaves_us_unsure(intents, mock):
    asked = request("tok_visa")
    ask(intents, asked)

    other = ask(intents, replace(asked, amount=Money(26_00, "EUR")))

    assert other.outcome is Outcome.PENDING
    assert [each["amount"] for each in taken(mock, asked)] == [25_00]


@pytest.mark.parametrize("fault", [Fault.CUT_AFTER, Fault.CUT_AMID, Fault.ERROR_AFTER])
def test_a_lost_answer_is_told_again_under_the_same_key(intents, mock, fault):
    asked = request("tok_visa")
    lost = ask(intents, asked, fault)
    again = ask(intents, asked, tries=2)

    assert lost.outcome is Outcome.PENDING
    assert again.outcome is Outcome.SUCCEEDED
    assert [f"pi_{each['id']}" for each in taken(mock, asked)] == [again.charge_reference]


def test_a_500_is_kept_under_the_key_and_never_taken_for_an_end(intents, mock):
    asked = request(chain("tok_500", "tok_visa"))
    answers = [ask(intents, asked, tries=each) for each in (1, 2, 3)]

    assert {each.outcome for each in answers} == {Outcome.PENDING}
    assert taken(mock, asked) == []
    looked = Stripe(intents.url).look_up(ACCOUNT, asked)
    assert looked.outcome is Outcome.UNKNOWN


def test_a_limit_is_not_kept_and_the_next_try_succeeds(intents, mock):
    asked = request(chain("tok_429", "tok_visa"))
    limited, again = ask(intents, asked), ask(intents, asked, tries=2)

    assert (limited.outcome, limited.reason) == (Outcome.UNTOUCHED, Reason.LIMITED)
    assert again.outcome is Outcome.SUCCEEDED
    assert len(taken(mock, asked)) == 1


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("tok_chargeDeclined", Reason.CARD_DECLINED),
        ("tok_chargeDeclinedInsufficientFunds", Reason.INSUFFICIENT_FUNDS),
    ],
)
def test_a_no_is_kept_under_the_key(intents, mock, token, reason):
    asked = request(token)
    answers = [ask(intents, asked, tries=each) for each in (1, 2)]

    assert [(each.outcome, each.reason) for each in answers] == [(Outcome.FAILED, reason)] * 2
    assert [each["paid"] for each in taken(mock, asked)] in ([], [False])


def test_refunds_are_done_once_and_never_exceed_what_was_paid(intents, mock):
    sold = ask(intents, request("tok_visa"))
    of = {"reference": sold.reference}  # the charge: refunds go by it in older days, too
    first = request("tok_visa", Kind.REFUND, 20_00, **of)
    lost, again = ask(intents, first, Fault.CUT_AFTER), ask(intents, first, tries=2)
    too_much = ask(intents, request("tok_visa", Kind.REFUND, 5_01, **of))

    assert (lost.outcome, again.outcome) == (Outcome.PENDING, Outcome.SUCCEEDED)
    assert (too_much.outcome, too_much.reason) == (Outcome.FAILED, Reason.AMOUNT_UNFIT)
    assert mock.ask("GET", f"/v1/charges/{sold.reference}")["amount_refunded"] == 20_00


def test_what_is_held_is_captured_in_part_once(intents, mock):
    held = ask(intents, request("tok_visa", Kind.AUTHORIZE))
    capture = request("tok_visa", Kind.CAPTURE, 10_00, reference=held.charge_reference)
    lost, again = ask(intents, capture, Fault.CUT_AFTER), ask(intents, capture, tries=2)

    assert held.outcome is Outcome.SUCCEEDED
    assert (lost.outcome, again.outcome) == (Outcome.PENDING, Outcome.SUCCEEDED)
    (known,) = [each for each in mock.all("charges") if f"pi_{each['id']}" == held.charge_reference]
    assert (known["captured"], known["amount_refunded"]) == (True, 15_00)
