"""Posting accounts over HTTP: what each role resolves to, why, and how one says otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from nexafi.contracts.ledger.permissions import LedgerPermission as May
from nexafi.ledger.journal.recipes import Role
from tests.ledger.conftest import Ledger

POSTING = "/api/v1/ledger/posting-accounts"
ACCOUNTS = "/api/v1/ledger/accounts"


def listed(ledger: Ledger) -> dict[tuple[str, str | None], tuple[str, str]]:
    """Return by role and provider which account it is, and why."""
    answer = ledger.client.get(POSTING)
    assert answer.status_code == 200, answer.json
    return {
        (each["role"], each["provider"]): (each["account"], each["why"])
        for each in answer.json["items"]
    }


def put(ledger: Ledger, role: str, account: str) -> Any:
    return ledger.client.put(f"{POSTING}/{role}", json={"account": account})


def test_every_role_is_listed_and_looking_changes_nothing(ledger):
    found = listed(ledger)

    assert {role for role, _ in found} == set(Role)
    assert found["clearing", None] == ("1050", "found")
    assert found["fees", None] == ("6100", "found")
    assert found["bank", None] == found["clearing", "bank"] == ("1000", "new")
    assert found["transit", None] == ("1052", "new")
    assert ledger.count("posting_accounts") == 0
    assert ledger.count("accounts") == 4


@pytest.mark.parametrize("template", ["us-small-company", "ifrs", "freelancer"])
def test_a_template_says_what_its_accounts_are_whatever_they_are_called_later(
    empty_ledger, template
):
    body = {"template": template}
    assert empty_ledger.client.post(f"{ACCOUNTS}/template", json=body).status_code == 201
    before = listed(empty_ledger)
    for each in empty_ledger.client.get(ACCOUNTS, query_string={"limit": 200}).json["items"]:
        path = f"{ACCOUNTS}/{each['id']}"
        assert empty_ledger.client.patch(path, json={"name": "x"}).status_code == 200

    assert listed(empty_ledger) == before
    assert sum(why == "found" for _, why in before.values()) >= 10
    assert empty_ledger.client.post(f"{ACCOUNTS}/template", json={"template": "ifrs"}).json
    assert {
        key: each for key, each in listed(empty_ledger).items() if before[key][1] == "found"
    } == {key: each for key, each in before.items() if each[1] == "found"}


def test_what_is_set_holds_until_it_is_taken_back(ledger):
    answer = put(ledger, "fees", "4000")
    assert answer.status_code == 200
    assert answer.json == {
        "role": "fees",
        "provider": None,
        "account": "4000",
        "name": "Sales",
        "why": "set",
    }
    assert put(ledger, "fees/stripe", "1200").json["provider"] == "stripe"
    assert put(ledger, "fees/stripe", "1050").json["account"] == "1050"
    found = listed(ledger)
    assert found["fees", None] == ("4000", "set")
    assert found["fees", "stripe"] == ("1050", "set")

    assert ledger.client.delete(f"{POSTING}/fees/stripe").status_code == 204
    assert ("fees", "stripe") not in listed(ledger)
    assert ledger.client.delete(f"{POSTING}/fees").status_code == 204
    assert listed(ledger)["fees", None] == ("6100", "found")
    assert ledger.count("posting_accounts") == 0
    assert ledger.count("audit") == 5


@pytest.mark.parametrize(
    ("role", "account", "status", "problem"),
    [
        ("fees", "9999", 422, "unknown-account"),
        ("fee", "6100", 404, "posting-account-not-found"),
        ("fees/Stripe", "6100", 404, "posting-account-not-found"),
    ],
)
def test_what_cannot_be_set_is_refused(ledger, role, account, status, problem):
    answer = put(ledger, role, account)
    assert answer.status_code == status
    assert answer.json["type"] == f"/problems/ledger/{problem}"
    assert ledger.count("posting_accounts") == ledger.count("audit") == 0


def test_a_closed_account_cannot_be_set_and_what_was_never_set_not_taken_back(ledger):
    [fees] = ledger.client.get(ACCOUNTS, query_string={"code": "6100"}).json["items"]
    ledger.client.post(f"{ACCOUNTS}/{fees['id']}/close")
    assert put(ledger, "fees", "6100").json["type"] == "/problems/ledger/unknown-account"
    for path in ("fees", "fees/stripe", "nothing"):
        answer = ledger.client.delete(f"{POSTING}/{path}")
        assert answer.json["type"] == "/problems/ledger/posting-account-not-found"
    assert listed(ledger)["fees", None] == ("6101", "new")


def test_an_account_that_is_set_cannot_be_deleted_one_that_was_only_found_can(ledger):
    body = {"template": "freelancer"}
    assert ledger.client.post(f"{ACCOUNTS}/template", json=body).status_code == 201
    ids = {
        each["code"]: each["id"]
        for each in ledger.client.get(ACCOUNTS, query_string={"limit": 200}).json["items"]
    }
    put(ledger, "disputes", "1900")

    refused = ledger.client.delete(f"{ACCOUNTS}/{ids['1900']}")
    assert refused.status_code == 409
    assert refused.json["type"] == "/problems/ledger/account-used"
    assert listed(ledger)["bank", None] == ("1000", "found")
    assert ledger.client.delete(f"{ACCOUNTS}/{ids['1000']}").status_code == 204
    assert listed(ledger)["bank", None] == ("1010", "found")


def test_who_may_only_read_accounts_sets_none(ledger):
    ledger.caller = replace(ledger.caller, permissions=frozenset({May.ACCOUNT_READ}))
    assert ledger.client.get(POSTING).status_code == 200
    assert put(ledger, "fees", "6100").status_code == 403
    assert ledger.client.delete(f"{POSTING}/fees").status_code == 403
    assert ledger.count("posting_accounts") == 0
