"""Two organizations: neither sees or moves what the other has, whatever ids it sends.

The endpoints are those of the services themselves, so a new one is covered or fails here until
`tests/system/organization.py` says how it is called.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import TypeAdapter

from nexafi.contracts.ledger.permissions import LedgerPermission
from nexafi.contracts.payments.permissions import PaymentsPermission
from nexafi.kernel.trust.permissions import Anyone
from nexafi.kernel.web.endpoints import Endpoint
from nexafi.ledger.app import service as ledger
from nexafi.payments.app import service as payments
from nexafi.users.app import service as users
from tests.system.organization import (
    CALLS,
    OTHER_CALLS,
    PATH_IDS,
    PATH_WORDS,
    Call,
    Organization,
    fill,
    found_organization,
    placeholders,
    send,
)

ENDPOINTS = [*users.endpoints(), *ledger.endpoints(), *payments.endpoints()]
PUBLIC = {
    "POST /api/v1/users/register",
    "POST /api/v1/users/login",
    "POST /api/v1/users/refresh",
    "POST /api/v1/users/invitations/accept",
    "GET /api/v1/users/revocations",
    "GET /.well-known/jwks.json",
    "POST /api/v1/payments/webhooks/<provider>",
    "GET /api/v1/payments/links/<token>",
    "POST /api/v1/payments/links/<token>/pay",
}
"""All that may be called without a token; whoever adds to it has thought about it."""

ONESELF = {
    "POST /api/v1/users/password",
    "POST /api/v1/users/logout",
    "DELETE /api/v1/users/sessions/<uuid:ended_id>",
}
"""What every user may change, whatever their role: what is their own."""

CODES = {"account", "parent", "against", "gains", "losses", "retained_earnings"}
CODES |= {"difference_account"}
"""Fields that name an account by its code."""

FINDS_NOTHING = {
    "POST /api/v1/payments/routing-rules/test",
    "POST /api/v1/ledger/rules/test",
    "POST /api/v1/ledger/statement-lines/accept",
}
"""What answers 200 and does nothing when it is given what is not there."""


ONLY_WORDS = {
    "POST /api/v1/ledger/drafts",
    "PUT /api/v1/ledger/drafts/<uuid:draft_id>",
}
"""What keeps the codes of accounts without looking them up, which approval does."""


@pytest.fixture
def ada(platform) -> Organization:
    """The one whose books are looked for."""
    return found_organization(platform, "ada")


@pytest.fixture
def bob(platform) -> Organization:
    """The one who looks, and who has something of everything too."""
    return found_organization(platform, "bob")


def seen(answer: Any, victim: Organization, *sent: str) -> set[str]:
    """Return what of *victim* stands in an answer and was not in the request."""
    told = answer.get_data(as_text=True)
    return {name for name in victim.names.values() if name in told and name not in sent}


def told(wrong: dict[str, Any]) -> str:
    return "\n".join(f"{name}: {what}" for name, what in wrong.items())


def ordered() -> list[Endpoint]:
    """Return all endpoints, those that take away at the end."""
    return sorted(ENDPOINTS, key=lambda each: each.method == "DELETE")


def test_every_endpoint_with_anothers_ids_in_its_path_finds_nothing(ada, bob, platform):
    before, wrong = ada.rows(), {}
    with_ids = [each for each in ordered() if each.in_path.keys() & PATH_IDS.keys()]
    for endpoint in with_ids:
        answer = send(bob.owner, platform, endpoint, bob.names, path=ada.names)
        sent = [ada.names[PATH_IDS[name]] for name in endpoint.in_path if name in PATH_IDS]
        if answer.status_code != 404 or seen(answer, ada, *sent):
            wrong[endpoint.name] = (answer.status_code, answer.get_data(as_text=True))
    assert not wrong, told(wrong)
    assert len(with_ids) > 40
    assert ada.rows() == before

    blind = {}
    for endpoint in with_ids:
        answer = send(ada.owner, platform, endpoint, ada.names)
        if answer.status_code not in {200, 201, 204, 409}:
            blind[endpoint.name] = (answer.status_code, answer.get_data(as_text=True))
    assert not blind, f"sent by its owner, the same call finds it: {told(blind)}"


def test_no_list_and_no_report_shows_what_another_has(ada, bob, platform):
    before, own, wrong = ada.rows(), set(), {}
    for endpoint in ENDPOINTS:
        if endpoint.method != "GET" or endpoint.in_path:
            continue
        answer = send(bob.owner, platform, endpoint, bob.names)
        if answer.status_code != 200 or seen(answer, ada):
            wrong[endpoint.name] = (answer.status_code, answer.get_data(as_text=True))
        if seen(answer, bob):
            own.add(endpoint.name)
        for sent in placeholders(dict(CALLS.get(endpoint.name, Call()).query)):
            names = bob.names | {sent: ada.names[sent]}
            answer = send(bob.owner, platform, endpoint, names)
            if answer.status_code >= 500 or seen(answer, ada, ada.names[sent]):
                wrong[f"{endpoint.name} {sent}"] = answer.get_data(as_text=True)
    assert not wrong, told(wrong)
    assert len(own) > 15, "one's own is seen"
    assert ada.rows() == before


def test_anothers_cursor_leads_through_ones_own_list(ada, bob, platform):
    tried, wrong = set(), {}
    for endpoint in ENDPOINTS:
        query = endpoint.hints.get("query")
        if query is None or "cursor" not in query.model_fields:
            continue
        first = send(ada.owner, platform, endpoint, ada.names, query={"limit": 1})
        if not first.json["next"]:
            continue
        tried.add(endpoint.name)
        asked = {"limit": 200, "cursor": first.json["next"]}
        answer = send(bob.owner, platform, endpoint, bob.names, query=asked)
        if answer.status_code >= 500 or seen(answer, ada):
            wrong[endpoint.name] = (answer.status_code, answer.get_data(as_text=True))
    assert not wrong, told(wrong)
    assert len(tried) > 10, tried


def test_anothers_ids_in_a_body_are_not_there(ada, bob, platform):
    before, wrong, tried = ada.rows(), {}, 0
    for endpoint, call in changes():
        for sent in placeholders([call.body, call.file, dict(call.query)]):
            tried += 1
            mine, theirs = bob.rows(), ada.names[sent]
            names = bob.names | {sent: theirs}
            answer = send(bob.owner, platform, endpoint, names, call=call, path=bob.names)
            fits = 400 <= answer.status_code < 500 or endpoint.name in FINDS_NOTHING
            if not fits or seen(answer, ada, theirs) or bob.rows() != mine:
                wrong[f"{endpoint.name} {sent}"] = (answer.status_code, answer.json)
    assert not wrong, told(wrong)
    assert tried >= 40
    assert ada.rows() == before


def changes() -> Iterator[tuple[Endpoint, Call]]:
    """Return what changes something, and the ways in which it is called."""
    for endpoint in ordered():
        if endpoint.method != "GET" and endpoint.name not in ONLY_WORDS:
            for calls in (CALLS, OTHER_CALLS):
                if endpoint.name in calls:
                    yield endpoint, calls[endpoint.name]


def test_a_draft_keeps_the_words_of_its_author_and_approval_looks_them_up(ada, bob, platform):
    of_drafts = [each for each in ENDPOINTS if each.name in ONLY_WORDS]
    approve = next(each for each in ENDPOINTS if each.path.endswith("/approve"))
    before = ada.rows()
    for endpoint in of_drafts:
        names = bob.names | {"cash": ada.names["cash"]}
        draft = send(bob.owner, platform, endpoint, names, path=bob.names)
        assert draft.status_code in {200, 201}
        entries = bob.rows()["ledger.entries"]
        refused = send(bob.owner, platform, approve, {"draft": draft.json["id"]})
        assert refused.status_code == 422
        assert refused.json["type"] == "/problems/ledger/unknown-account"
        assert bob.rows()["ledger.entries"] == entries
    assert len(of_drafts) == 2
    assert ada.rows() == before


def fields(schema: Any) -> Iterator[str]:
    """Return the fields of a model, at any depth, that name something by an id or a code."""
    if isinstance(schema, list):
        for each in schema:
            yield from fields(each)
    if isinstance(schema, dict):
        for name, field in schema.get("properties", {}).items():
            if name in CODES or '"uuid"' in str(field).replace("'", '"'):
                yield name
        for each in schema.values():
            yield from fields(each)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda each: each.name)
def test_it_is_written_down_how_an_endpoint_is_called(endpoint):
    """No database: what the models ask for must stand in the calls, and in them something real."""
    assert set(endpoint.in_path) <= PATH_IDS.keys() | PATH_WORDS.keys()
    call = CALLS.get(endpoint.name)
    if endpoint.name in PUBLIC:
        return
    if "body" in endpoint.hints or "file" in endpoint.hints:
        assert call is not None, "say in CALLS what it is sent"
    for part in {"body", "query"} & endpoint.hints.keys():
        schema = TypeAdapter(endpoint.hints[part]).json_schema(by_alias=True)
        asked = set(fields(schema)) - {"tags"}
        calls = [each for each in (call, OTHER_CALLS.get(endpoint.name)) if each]
        said = str([getattr(each, part) for each in calls])
        assert {name for name in asked if f"'{name}'" not in said} == set()


def test_a_viewer_changes_nothing(ada, platform):
    viewer = ada.member("viewer")
    before, wrong, tried = ada.rows(), {}, 0
    for endpoint in ordered():
        if endpoint.method == "GET" or endpoint.name in PUBLIC | ONESELF:
            continue
        tried += 1
        answer = send(viewer, platform, endpoint, ada.names)
        if answer.status_code != 403:
            wrong[endpoint.name] = (answer.status_code, answer.json)
    assert not wrong, told(wrong)
    assert tried > 50
    assert ada.rows() == before
    assert send(viewer, platform, ledger.endpoints()[1], ada.names).status_code == 200


def test_an_accountant_administers_nobody(ada, platform):
    accountant = ada.member("accountant")
    before, wrong = ada.rows(), {}
    for endpoint in users.endpoints():
        if endpoint.method == "GET" or endpoint.name in PUBLIC | ONESELF:
            continue
        answer = send(accountant, platform, endpoint, ada.names)
        if answer.status_code != 403:
            wrong[endpoint.name] = (answer.status_code, answer.json)
    assert not wrong, told(wrong)
    assert ada.rows() == before


def test_without_a_token_only_what_is_public_answers(ada, platform):
    before = ada.rows()
    open_to_all = {
        each.name
        for each in ENDPOINTS
        if send(None, platform, each, ada.names).status_code != 401 or each.name in PUBLIC
    }

    assert open_to_all == PUBLIC
    assert {each.name for each in ENDPOINTS if each.needs is Anyone.PUBLIC} == PUBLIC
    assert ada.rows() == before


def test_what_needs_a_permission_says_so():
    """An endpoint of the ledger for anyone who has signed in would be open to a viewer."""
    assert {type(each.needs) for each in ledger.endpoints()} == {LedgerPermission}
    private = [each for each in payments.endpoints() if each.name not in PUBLIC]
    assert {type(each.needs) for each in private} == {PaymentsPermission}
    assert {
        each.name for each in ENDPOINTS if each.needs is Anyone.SIGNED_IN and each.method != "GET"
    } == ONESELF
    assert fill(["$a", b"$a", {"x": "$a"}], {"a": "1"}) == ["1", b"1", {"x": "1"}]
