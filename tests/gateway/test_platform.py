"""The door before the real users service and the real ledger."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

import pytest
import schemathesis
import schemathesis.specs.openapi.schemas  # now: CPython 3.11 trips when threads compile at a time

from tests.gateway.conftest import Answer, Door

PASSWORD = "correct horse battery staple 9"
METHODS = {"get", "post", "put", "patch", "delete"}


@dataclass
class Platform:
    """A gateway, users and a ledger, each a process of its own."""

    door: Door
    users: Door
    ledger: Door

    def post(self, path: str, body: object, token: str = "", **headers: str) -> Answer:
        given = {"Content_Type": "application/json", **headers}
        if token:
            given["Authorization"] = f"Bearer {token}"
        return self.door.ask("POST", path, json.dumps(body).encode(), **given)

    def register(self, email: str) -> str:
        organization = {"name": "Ada's Engines", "country": "US", "zone": "America/New_York"}
        body = {"email": email, "password": PASSWORD, "organization": organization}
        answer = self.post("/api/v1/users/register", body)
        assert answer.status == 201, answer.body
        return str(answer.json["access_token"])


@pytest.fixture(scope="module")
def platform(serve, start_door, tmp_path_factory) -> Platform:
    env = {"NEXAFI_TEST_FOLDER": str(tmp_path_factory.mktemp("platform"))}
    users = serve("tests.gateway.services:users", "wsgi", env)
    origins = {"users": f"http://127.0.0.1:{users.port}"}
    ledger = serve(
        "tests.gateway.services:ledger", "wsgi", env | {"NEXAFI_TEST_USERS": origins["users"]}
    )
    origins["ledger"] = f"http://127.0.0.1:{ledger.port}"
    door = start_door(
        origins, app="tests.gateway.served:real_app", idle_timeout_s=10, first_byte_timeout_s=20
    )
    return Platform(door, users, ledger)


def test_who_signs_up_can_keep_books(platform):
    token = platform.register("ada@example.com")
    for code, name, kind in (("1200", "Bank", "asset"), ("4000", "Sales", "income")):
        body = {"code": code, "name": name, "type": kind}
        answer = platform.post("/api/v1/ledger/accounts", body, token)
        assert answer.status == 201, answer.body
    entry = {
        "date": "2026-03-01",
        "description": "Invoice 17",
        "lines": [
            {"account": "1200", "amount": {"amount": "100.00", "currency": "USD"}},
            {"account": "4000", "amount": {"amount": "-100.00", "currency": "USD"}},
        ],
    }

    posted = platform.post("/api/v1/ledger/entries", entry, token, Idempotency_Key="invoice-17")
    again = platform.post("/api/v1/ledger/entries", entry, token, Idempotency_Key="invoice-17")

    assert (posted.status, again.status) == (201, 201), posted.body
    assert again.json["id"] == posted.json["id"]
    assert posted.one("x-request-id")


def test_without_a_token_the_ledger_itself_says_no(platform):
    answer = platform.door.ask("POST", "/api/v1/ledger/entries", b"{}")

    assert answer.status == 401
    assert answer.one("content-type") == "application/problem+json"


@pytest.mark.parametrize("forge", ["signature", "nothing", "payload"])
def test_a_forged_token_ends_at_the_door(platform, forge):
    header, payload, signature = platform.register(f"{forge}@example.com").split(".")
    forged = {
        "signature": f"{header}.{payload}.{signature[::-1]}",
        "nothing": f"{header}.{payload}.",
        "payload": f"{header}.{payload[:-4]}AAAA.{signature}",
    }[forge]

    answer = platform.door.get("/api/v1/users/me", Authorization=f"Bearer {forged}")

    assert (answer.status, answer.problem) == (401, "not-signed-in")
    assert answer.all("ratelimit-policy"), "the door said it, and not the service"


@pytest.mark.parametrize("old", ["ran.out.long-ago", ""])
def test_an_old_token_that_is_sent_along_keeps_nobody_from_a_new_one(platform, old):
    email = f"old{len(old)}@example.com"
    platform.register(email)

    answer = platform.post("/api/v1/users/login", {"email": email, "password": PASSWORD}, old)

    assert answer.status == 200, answer.body


def test_who_signed_out_is_out_at_the_door_within_two_seconds(platform):
    token = platform.register("bob@example.com")
    me = {"Authorization": f"Bearer {token}"}
    assert platform.door.get("/api/v1/users/me", **me).status == 200

    assert platform.post("/api/v1/users/logout", {}, token).status < 300

    began = time.monotonic()
    while (answer := platform.door.get("/api/v1/ledger/x", **me)).status != 401:
        assert time.monotonic() - began < 2.5
        time.sleep(0.1)
    assert answer.problem == "not-signed-in"


def test_one_description_holds_for_the_whole_platform(platform):
    document = platform.door.get("/api/v1/openapi.json").json

    assert document["x-missing"] == {}
    assert {"/api/v1/users/register", "/api/v1/ledger/entries", "/.well-known/jwks.json"} <= set(
        document["paths"]
    )
    ids = [
        operation["operationId"]
        for item in document["paths"].values()
        for method, operation in item.items()
        if method in METHODS
    ]
    assert len(ids) == len(set(ids)) > 20
    schema = schemathesis.openapi.from_dict(document)
    schema.validate()
    assert sum(1 for _ in schema.get_all_operations()) == len(ids)


def test_every_reference_in_the_description_leads_somewhere(platform):
    document = platform.door.get("/api/v1/openapi.json").json

    def references(node: object) -> list[str]:
        if isinstance(node, list):
            return [found for each in node for found in references(each)]
        if not isinstance(node, dict):
            return []
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for each in node.values() for found in references(each)]

    found = set(references(document))
    assert len(found) > 20
    for reference in found:
        place = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part.replace("~1", "/").replace("~0", "~")]


def test_every_operation_says_what_the_door_may_answer(platform):
    document = platform.door.get("/api/v1/openapi.json").json

    for item in document["paths"].values():
        for method, operation in item.items():
            if method in METHODS:
                assert {"429", "502", "503", "504"} <= set(operation["responses"])
