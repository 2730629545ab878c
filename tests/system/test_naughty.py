"""What breaks others: strings of the Big List and files that JSONTestSuite says are no JSON.

The strings go through every place where people name things and come back as they were, from the
real services on both databases; the files leave nothing behind.

Each string goes through at least one place, and in the long form through every place.
"""

from __future__ import annotations

import json
from itertools import count
from typing import Any

import pytest

from tests.conftest import LONG
from tests.ledger.bank import ROOT, Pay, csv
from tests.shared import shared
from tests.users.conftest import COMPANY, PASSWORD, USERS

DAY = "2026-03-31"
SHARE = 1 if LONG else 4
"""One of so many strings goes through a place; it is another one for the next place."""
_news = count(1)


@pytest.fixture(scope="module")
def strings() -> list[str]:
    return json.loads((shared("security") / "blns" / "blns.json").read_text(encoding="utf-8"))


@pytest.fixture
def books(ledger) -> Any:
    return ledger.client


def some(strings: list[str], place: int = 0) -> list[str]:
    """Return the share of a place."""
    return strings[place % SHARE :: SHARE]


def entry(text: str) -> dict[str, Any]:
    lines = [
        {"account": code, "amount": {"amount": amount, "currency": "EUR"}, "description": text}
        for code, amount in (("1200", "1.00"), ("4000", "-1.00"))
    ]
    return {
        "date": DAY,
        "description": text,
        "reference": text,
        "tags": {"project": text, text: "x"},
        "lines": lines,
    }


def account(text: str) -> dict[str, Any]:
    return {"code": f"n{next(_news)}", "name": text, "type": "asset"}


def rule(text: str) -> dict[str, Any]:
    conditions = [
        {"kind": "contains", "text": text, "field": "any"},
        {"kind": "counterparty", "counterparty": text},
    ]
    outcome = {"account": "4000", "description": text, "tags": {"project": text}}
    return {"name": text, "conditions": conditions, "outcome": outcome}


def bank_account(text: str) -> dict[str, Any]:
    return {"name": text, "currency": "EUR"}


PLACES = {
    "entries": (entry, ("description", "reference", "tags")),
    "drafts": (entry, ("description", "reference", "tags")),
    "accounts": (account, ("name", "code")),
    "rules": (rule, ("name", "conditions", "outcome")),
    "bank-accounts": (bank_account, ("name",)),
}
TABLES = {"bank-accounts": "bank_accounts"}


@pytest.mark.parametrize("place", PLACES)
def test_what_people_write_comes_back_byte_for_byte(ledger, books, strings, place):
    write, names = PLACES[place]
    taken, before = 0, ledger.count(TABLES.get(place, place))
    for text in (mine := some(strings, list(PLACES).index(place))):
        sent = write(text)
        answer = books.post(f"{ROOT}/{place}", json=sent)
        assert answer.status_code in {201, 422}, (text, answer.status_code, answer.text)
        if answer.status_code == 422:
            assert not text.strip() or len(text) > 100, (text, answer.json)
            continue
        taken += 1
        kept = books.get(f"{ROOT}/{place}/{answer.json['id']}")
        assert kept.status_code == 200, (text, kept.text)
        for shown in (answer.json, kept.json):
            assert {name: shown[name] for name in names} == {name: sent[name] for name in names}
    assert ledger.count(TABLES.get(place, place)) == before + taken
    assert taken > 0.95 * len(mine)


def test_what_people_look_for_is_looked_for_and_no_more(books, strings):
    books.post(f"{ROOT}/entries", json=entry("Invoice 17"))
    for place in ("entries", "accounts", "statement-lines"):
        for text in some(strings):
            answer = books.get(f"{ROOT}/{place}", query_string={"text": text})
            assert answer.status_code in {200, 422}, (text, answer.text)
            if answer.status_code == 200 and place == "entries":
                assert bool(answer.json["items"]) == (text.casefold() in "invoice 17"), text


def test_organizations_are_called_what_they_are_called(users, ada, strings):
    taken = 0
    for text in some(strings, 1):
        answer = ada.patch("/organization", {"name": text})
        assert answer.status_code in {200, 422}, (text, answer.text)
        if answer.status_code == 200:
            taken += 1
            assert answer.json["name"] == ada.get("/organization").json["name"] == text
    assert taken > 0.95 * len(some(strings, 1))
    text = next(each for each in strings if "\u202e" in each or "\u2060" in each)
    person = users.register("naughty@example.com", name=text)
    assert person.tokens["organization"]["name"] == text
    assert person.get("/me").json["memberships"][0]["organization"]["name"] == text


def test_who_signs_in_may_type_anything(users, ada, strings):
    before = users.count("users"), users.count("sessions")
    for text in some(strings, 2):
        answer = users.log_in(text, password=text or "x")
        assert answer.status_code in {401, 422, 429}, (text, answer.text)
    assert (users.count("users"), users.count("sessions")) == before


def test_files_are_called_what_they_are_called(ledger, books, strings):
    kept = 0
    bank = books.post(f"{ROOT}/bank-accounts", json=bank_account("Checking")).json["id"]
    for number, text in enumerate(some(strings, 3)):
        written = text.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
        head = f'Content-Disposition: form-data; name="file"; filename="{written}"'
        raw = csv([Pay(DAY, -100 - number, "Coffee")]).decode()
        body = f"--edge\r\n{head}\r\nContent-Type: text/csv\r\n\r\n{raw}\r\n--edge--\r\n"
        answer = books.post(
            f"{ROOT}/bank-accounts/{bank}/statements",
            data=body.encode(),
            content_type="multipart/form-data; boundary=edge",
        )
        assert answer.status_code in {201, 400, 422}, (text, answer.text)
        if answer.status_code == 201:
            kept += 1
            told = books.get(f"{ROOT}/imports/{answer.json['id']}")
            assert told.status_code == 200, (text, told.text)
            file = books.get(f"{ROOT}/imports/{answer.json['id']}/file")
            assert file.data == raw.encode(), text
            assert "\n" not in file.headers["Content-Disposition"]
    assert ledger.count("imports") == ledger.count("statement_lines") == kept
    assert kept > 0.87 * len(some(strings, 3))


@pytest.mark.parametrize("path", ["entries", "accounts", "drafts", "rules", "entries/batch"])
def test_what_is_no_json_leaves_nothing_in_the_ledger(ledger, books, path):
    tables = ("entries", "accounts", "drafts", "rules", "outbox", "audit", "idempotency")
    before = [ledger.count(table) for table in tables]
    refused(lambda raw, more: books.post(f"{ROOT}/{path}", data=raw, **more))
    assert [ledger.count(table) for table in tables] == before


@pytest.mark.parametrize("path", ["register", "login", "refresh", "members"])
def test_what_is_no_json_signs_nobody_up_or_in(users, ada, path):
    before = users.everything()
    headers = {"Authorization": f"Bearer {ada.tokens['access_token']}"}

    def send(raw: bytes, more: dict[str, Any]) -> Any:
        more["headers"] |= headers if path == "members" else {}
        return users.client.post(f"{USERS}/{path}", data=raw, **more)

    refused(send)
    assert users.everything() == before
    good = {"email": "new@example.com", "password": PASSWORD, "organization": COMPANY}
    cut = json.dumps(good).encode()[:-1]
    assert send(cut, {"content_type": "application/json", "headers": {}}).status_code == 400
    assert users.everything() == before


def refused(send: Any) -> None:
    """Send all that is no JSON; each is a problem of the 4xx, and no problem repeats a body."""
    folder = shared("security") / "jsontestsuite" / "test_parsing"
    files = sorted(folder.glob("n_*.json"))
    assert len(files) > 150
    for path in files:
        more = {"content_type": "application/json", "headers": {"Idempotency-Key": path.name}}
        answer = send(path.read_bytes(), more)
        assert 400 <= answer.status_code < 500, (path.name, answer.text)
        assert answer.content_type == "application/problem+json", path.name
