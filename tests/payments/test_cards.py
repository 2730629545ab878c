"""No card number is kept, logged, told or answered, whatever is sent and wherever it stands."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from sqlalchemy import select

from nexafi.kernel.watch.logs import AsJson
from nexafi.kernel.web.endpoints import Endpoint
from nexafi.payments import cards
from nexafi.payments.app import service
from nexafi.payments.errors import CardNumberSent
from tests.payments.conftest import Payments, money

PANS = ("4242424242424242", "5555555555554444", "378282246310005", "6011111111111117")
"""Published numbers of the networks' test cards."""

FORMS = {
    "plain": "{}",
    "in a sentence": "my card is {}, thank you",
    "with blanks": None,
    "with dashes": None,
    "in full-width digits": None,
    "glued to letters": "card{}x",
}
ID = "01900000-0000-7000-8000-000000000001"


def written(pan: str, form: str) -> str:
    groups = [pan[place : place + 4] for place in range(0, len(pan), 4)]
    if form == "with blanks":
        return " ".join(groups)
    if form == "with dashes":
        return "-".join(groups)
    if form == "in full-width digits":
        return "".join(chr(0xFF10 + int(each)) for each in pan)
    return str(FORMS[form]).format(pan)


def with_check(digits: str) -> str:
    """Return *digits* with the check digit of Luhn behind them."""
    doubled = [
        d if n % 2 else sum(divmod(d * 2, 10)) for n, d in enumerate(map(int, reversed(digits)))
    ]
    return f"{digits}{-sum(doubled) % 10}"


pans = st.builds(
    lambda first, rest: with_check(first + rest),
    st.sampled_from(["4", "51", "52", "55", "34", "37", "6011", "65", "2221"]),
    st.integers(11, 14).flatmap(lambda n: st.text("0123456789", min_size=n, max_size=n)),
)


@given(pans, st.sampled_from(list(FORMS)))
def test_every_number_of_a_card_is_found_in_every_form(pan: str, form: str):
    text = written(pan, form)

    assert cards.has_number(text)
    hidden = cards.masked(text)
    assert not cards.has_number(hidden)
    with pytest.raises(CardNumberSent):
        cards.refuse({"a": [{"b": text}]})
    with pytest.raises(CardNumberSent):
        cards.refuse({text: 1})
    with pytest.raises(CardNumberSent):
        cards.refuse({"a": int(pan)})


@given(st.uuids(), st.integers(0, 10**12), st.dates())
def test_ids_amounts_and_days_are_no_cards(id_, amount, day):
    cards.refuse(
        {"id": f"id {id_.hex[:12]}", "amount": money("12.34"), "n": amount, "on": str(day)}
    )


def bodies() -> list[Endpoint]:
    return [each for each in service.endpoints() if "body" in each.hints]


def sent(model: type[BaseModel], text: str) -> dict[str, Any]:
    """Return a body with *text* in each field, and in one that nobody knows."""
    exempt = getattr(model, "exempt", frozenset())
    names = [field.alias or name for name, field in model.model_fields.items()]
    return dict.fromkeys([each for each in names if each not in exempt], text) | {"x": [text]}


def kept(payments: Payments) -> str:
    """Return all that the database has, as text."""
    found = []
    with payments.database.steward() as session:
        for base in payments.database.bases:
            for table in base.metadata.sorted_tables:
                rows = session.execute(select(table)).all()
                found += [repr(tuple(row)) for row in rows]
    return "\n".join(found)


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """Return all lines of the log, as they are written."""
    form = AsJson("payments")
    lines = [form.format(record) for record in caplog.records]
    assert lines, "nothing was logged: it proves nothing"
    return "\n".join(lines)


def shows(text: str) -> bool:
    """Return whether one of the numbers stands in *text*, in any form."""
    return cards.has_number(text) or any(pan in text for pan in PANS)


@pytest.mark.parametrize("form", FORMS)
def test_no_endpoint_keeps_logs_tells_or_answers_a_card_number(payments, caplog, form):
    caplog.set_level(logging.DEBUG)
    assert len(bodies()) > 8
    client = payments.client
    before = kept(payments)

    for place, endpoint in enumerate(bodies()):
        text = written(PANS[place % len(PANS)], form)
        path = endpoint.path
        for name, converter in endpoint.in_path.items():
            value = ID if converter == "uuid" else "sandbox"
            path = path.replace(f"<{converter}:{name}>", value).replace(f"<{name}>", value)
        answer = client.open(path, method=endpoint.method, json=sent(endpoint.hints["body"], text))
        assert answer.status_code in {403, 404, 422}, (endpoint.name, answer.json)
        assert not shows(answer.get_data(as_text=True)), endpoint.name

    assert kept(payments) == before
    assert not shows(logged(caplog))


@pytest.mark.parametrize("form", ["plain", "with dashes"])
def test_a_good_request_with_a_card_number_anywhere_is_refused_whole(payments, caplog, form):
    caplog.set_level(logging.DEBUG)
    pan = written(PANS[0], form)
    good = {"amount": money("10.00"), "payment_method": "sandbox_visa"}
    for body in (
        {**good, "description": pan},
        {**good, "metadata": {"order": f"{pan}."}},
        {**good, "metadata": {"deep": f"x{pan}"}},
        {**good, "payment_method": pan.replace(" ", "")},
        {**good, "return_url": f"https://example.com/?card={pan}"},
        {**good, "number": pan},
    ):
        answer = payments.post("/charges", body)
        assert answer.status_code == 422, body
        assert answer.json["type"] == "/problems/payments/card-number-sent"
        assert not shows(answer.get_data(as_text=True))

    assert payments.post("/charges", good, key=pan).status_code == 400
    for path in (f"/customers/{pan}", f"/charges?reference={pan}", f"/nowhere/{pan}"):
        answer = payments.client.get(f"/api/v1/payments{path}")
        assert not shows(answer.get_data(as_text=True)), path
    assert payments.count("charges") == 0
    assert not shows(kept(payments))
    assert not shows(json.dumps(payments.told()))
    assert not shows(logged(caplog))
