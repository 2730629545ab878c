"""Drafts over HTTP, on both engines."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from nexafi.contracts.ledger.permissions import LedgerPermission as May

DRAFTS = "/api/v1/ledger/drafts"
ENTRIES = "/api/v1/ledger/entries"
LINES = [
    {"account": "1200", "amount": {"amount": "1.00", "currency": "EUR"}},
    {"account": "4000", "amount": {"amount": "-1.00", "currency": "EUR"}},
]
SALE = {
    "date": "2026-03-31",
    "description": "Sale",
    "reference": "R-1",
    "tags": {"project": "x"},
    "lines": LINES,
}


def make(ledger, **more: object) -> dict:
    answer = ledger.client.post(DRAFTS, json=SALE | more)
    assert answer.status_code == 201, answer.json
    return answer.json


def approve(ledger, draft: dict, **query: object):
    return ledger.client.post(f"{DRAFTS}/{draft['id']}/approve", query_string=query)


def as_(ledger, actor: str) -> None:
    ledger.caller = replace(ledger.caller, actor=actor)


def test_a_draft_is_no_entry_until_it_is_approved(ledger):
    draft = make(ledger)

    assert (draft["state"], draft["off"], draft["made_by"]) == ("open", [], "ada@example.com")
    assert ledger.balances() == {}
    assert ledger.count("entries") == ledger.count("outbox") == 0

    approved = approve(ledger, draft)
    assert approved.status_code == 200, approved.json
    assert approved.json["state"] == "approved"
    entry = ledger.client.get(f"{ENTRIES}/{approved.json['entry_id']}").json
    for name in ("date", "description", "reference", "tags"):
        assert entry[name] == SALE[name]
    assert ledger.balances() == {"1200": 100, "4000": -100}


def test_a_draft_may_be_unbalanced_until_it_is_approved(ledger):
    draft = make(ledger, lines=LINES[:1])
    assert draft["off"] == [{"amount": "1.00", "currency": "EUR"}]

    refused = approve(ledger, draft)
    assert refused.status_code == 422
    assert ledger.count("entries") == 0
    assert ledger.client.get(f"{DRAFTS}/{draft['id']}").json == draft

    changed = ledger.client.put(f"{DRAFTS}/{draft['id']}", json=SALE)
    assert changed.json["off"] == []
    assert approve(ledger, draft).status_code == 200


def test_sixteen_who_approve_at_once_post_once(ledger):
    draft = make(ledger)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: approve(ledger, draft), range(16)))

    assert sorted(each.status_code for each in answers) == [200] + [409] * 15
    assert ledger.count("entries") == 1
    assert ledger.balances() == {"1200": 100, "4000": -100}


def test_who_approves_and_who_rejects_at_once_do_not_both(ledger):
    drafts = [make(ledger) for _ in range(8)]

    def decide(n: int) -> int:
        draft = drafts[n // 2]
        if n % 2:
            return approve(ledger, draft).status_code
        path = f"{DRAFTS}/{draft['id']}/reject"
        return ledger.client.post(path, json={"reason": "twice"}).status_code

    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(decide, range(16)))

    assert sorted(statuses) == [200] * 8 + [409] * 8
    listed = ledger.client.get(DRAFTS, query_string={"state": "approved"}).json["items"]
    assert len(listed) == ledger.count("entries")


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_what_is_decided_is_neither_changed_nor_decided_again(ledger, decision):
    draft = make(ledger)
    place = f"{DRAFTS}/{draft['id']}"
    if decision == "approve":
        approve(ledger, draft)
    else:
        ledger.client.post(f"{place}/reject", json={"reason": "a private expense"})
    decided = ledger.client.get(place).json
    assert decided["decided_by"] == "ada@example.com"
    assert decided["reason"] == (None if decision == "approve" else "a private expense")

    for answer in (
        approve(ledger, draft),
        ledger.client.post(f"{place}/reject", json={"reason": "x"}),
        ledger.client.put(place, json=SALE | {"description": "Other"}),
    ):
        assert answer.status_code == 409
        assert answer.json["type"] == "/problems/ledger/draft-decided"
    assert ledger.client.get(place).json == decided


def test_a_draft_is_rejected_only_for_a_reason(ledger):
    draft = make(ledger)
    for body in ({}, {"reason": ""}, {"reason": "  "}):
        answer = ledger.client.post(f"{DRAFTS}/{draft['id']}/reject", json=body)
        assert answer.status_code == 422
    assert ledger.client.get(f"{DRAFTS}/{draft['id']}").json == draft


def test_a_company_of_one_approves_its_own_until_it_says_otherwise(ledger):
    assert not ledger.client.get(f"{DRAFTS}/policy").json["approver_differs"]
    assert approve(ledger, make(ledger)).status_code == 200

    said = ledger.client.put(f"{DRAFTS}/policy", json={"approver_differs": True})
    assert said.json["changed_by"] == "ada@example.com"
    draft = make(ledger)
    refused = approve(ledger, draft)
    assert refused.status_code == 403
    assert refused.json["type"] == "/problems/ledger/second-person-needed"
    assert ledger.count("entries") == 1

    as_(ledger, "ben@example.com")
    ledger.client.put(f"{DRAFTS}/{draft['id']}", json=SALE | {"description": "Ben's now"})
    assert approve(ledger, draft).status_code == 403
    as_(ledger, "ada@example.com")
    assert approve(ledger, draft).status_code == 200


def test_what_changed_after_it_was_seen_is_not_approved(ledger, clock):
    seen = make(ledger)
    clock.pass_by(timedelta(seconds=1))
    as_(ledger, "ben@example.com")
    ledger.client.put(f"{DRAFTS}/{seen['id']}", json=SALE | {"description": "Other"})

    refused = approve(ledger, seen, made_at=seen["made_at"])
    assert refused.status_code == 409
    assert refused.json["type"] == "/problems/ledger/draft-changed"
    assert ledger.count("entries") == 0
    now = ledger.client.get(f"{DRAFTS}/{seen['id']}").json
    assert approve(ledger, seen, made_at=now["made_at"]).status_code == 200


def test_a_draft_into_a_closed_period_stays_a_draft(ledger):
    draft = make(ledger)
    ledger.client.post("/api/v1/ledger/periods/lock", json={"date": "2026-03-31"})

    assert approve(ledger, draft).json["type"] == "/problems/ledger/period-closed"
    assert ledger.client.get(f"{DRAFTS}/{draft['id']}").json["state"] == "open"


def test_drafts_are_listed_page_by_page(ledger):
    ids = [make(ledger)["id"] for _ in range(3)]
    first = ledger.client.get(DRAFTS, query_string={"limit": 2, "state": "open"}).json
    rest = ledger.client.get(
        DRAFTS, query_string={"limit": 2, "state": "open", "cursor": first["next"]}
    ).json

    assert sorted(each["id"] for each in first["items"] + rest["items"]) == sorted(ids)
    assert ledger.client.get(DRAFTS, query_string={"state": "rejected"}).json["items"] == []


def test_permissions_tell_those_who_prepare_from_those_who_approve(ledger):
    everything = ledger.caller
    draft = make(ledger)
    ledger.caller = replace(everything, permissions=frozenset(May) - {May.DRAFT_APPROVE})
    assert approve(ledger, draft).status_code == 403
    ledger.caller = replace(everything, permissions=frozenset({May.DRAFT_READ}))
    assert ledger.client.post(DRAFTS, json=SALE).status_code == 403
    assert ledger.client.put(f"{DRAFTS}/policy", json={"approver_differs": True}).status_code == 403
    assert ledger.count("drafts") == 1
    assert ledger.count("draft_policies") == 0


def test_another_organization_finds_no_draft_of_ours(ledger):
    draft = make(ledger)
    ledger.client.put(f"{DRAFTS}/policy", json={"approver_differs": True})
    ledger.caller = replace(ledger.caller, organization_id=uuid4())

    assert ledger.client.get(DRAFTS).json["items"] == []
    assert not ledger.client.get(f"{DRAFTS}/policy").json["approver_differs"]
    assert ledger.client.get(f"{DRAFTS}/{draft['id']}").status_code == 404
    assert approve(ledger, draft).status_code == 404
    assert ledger.client.put(f"{DRAFTS}/{draft['id']}", json=SALE).status_code == 404
