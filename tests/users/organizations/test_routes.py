"""Signing up, and what is known of an organization."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from nexafi.kernel.data.tables import OutboxRow
from tests.conftest import on_sqlite
from tests.users.conftest import COMPANY, PASSWORD, USERS

REGISTER = {"email": "ada@example.com", "password": PASSWORD, "organization": COMPANY}


def refused(users, body, status, kind):
    answer = users.client.post(f"{USERS}/register", json=body)
    assert (answer.status_code, answer.json["type"]) == (status, kind), answer.json
    assert PASSWORD not in answer.text
    return answer


def nothing(users) -> bool:
    tables = ("users", "members", "sessions", "organizations", "outbox", "audit", "signing_keys")
    return not any(users.count(table) for table in tables)


def test_who_registers_is_signed_in_as_owner_of_an_organization(users):
    answer = users.client.post(f"{USERS}/register", json=REGISTER)

    assert answer.status_code == 201
    said = answer.json
    assert said["user"]["email"] == "ada@example.com"
    assert said["organization"] == COMPANY | {
        "id": said["organization"]["id"],
        "zone": "America/New_York",
        "base_currency": "USD",
        "fiscal_year_start": "01-01",
    }
    assert (said["role"], said["token_type"], said["expires_in"]) == ("owner", "Bearer", 900)
    me = users.person(**said).get("/me")
    assert me.status_code == 200
    assert me.json["organization"] == said["organization"]


def test_what_is_left_out_follows_from_the_country_and_what_is_said_holds(users):
    indian = users.register("a@example.com", country="IN").tokens["organization"]
    london = users.register(
        "b@example.com",
        country="GB",
        zone="Europe/Jersey",
        base_currency="EUR",
        fiscal_year_start="04-06",
    ).tokens["organization"]

    assert list(indian.values())[3:] == ["Asia/Kolkata", "INR", "04-01"]
    assert list(london.values())[3:] == ["Europe/Jersey", "EUR", "04-06"]


def test_the_others_are_told_of_an_organization(users, ada):
    with users.database.survey() as survey:
        row = survey.session.scalars(select(OutboxRow)).one()

    assert row.name == "users.organization_changed"
    assert row.body == {"home": ada.tokens["organization"], "revision": 1}
    assert str(row.organization_id) == ada.tokens["organization"]["id"]


@pytest.mark.parametrize("email", ["ada@example.com", "ADA@Example.COM", " ada@example.com "])
def test_an_address_is_registered_once_however_it_is_written(users, ada, email):
    before = users.everything()

    refused(users, REGISTER | {"email": email}, 409, "/problems/users/email-taken")

    assert users.everything() == before


@on_sqlite
@pytest.mark.parametrize(
    ("pointer", "change"),
    [
        ("email", {"email": "ada"}),
        ("email", {"email": "ada@"}),
        ("email", {"email": "a da@example.com"}),
        ("email", {"email": f"ada@{'x' * 250}.com"}),
        ("password", {"password": "x" * 300}),
        ("name", {"organization": COMPANY | {"name": "  "}}),
        ("name", {"organization": COMPANY | {"name": "x" * 201}}),
        ("country", {"organization": COMPANY | {"country": "XX"}}),
        ("country", {"organization": COMPANY | {"country": "us"}}),
        ("zone", {"organization": COMPANY | {"zone": "Mars/Olympus"}}),
        ("zone", {"organization": COMPANY | {"zone": "../../etc/passwd"}}),
        ("zone", {"organization": COMPANY | {"zone": "America"}}),
        ("base_currency", {"organization": COMPANY | {"base_currency": "XAU"}}),
        ("base_currency", {"organization": COMPANY | {"base_currency": "usd"}}),
        ("fiscal_year_start", {"organization": COMPANY | {"fiscal_year_start": "02-29"}}),
        ("fiscal_year_start", {"organization": COMPANY | {"fiscal_year_start": "4-1"}}),
        ("fiscal_year_start", {"organization": COMPANY | {"fiscal_year_start": "13-01"}}),
        ("role", {"role": "owner"}),
    ],
)
def test_what_is_not_as_described_is_refused_by_name(users, pointer, change):
    answer = users.client.post(f"{USERS}/register", json=REGISTER | change)

    assert answer.status_code == 422
    assert pointer in str(answer.json["errors"][0])
    assert nothing(users)


def test_a_weak_password_is_refused(users):
    for weak in ("short", "Password1234!", "ada@example.com", "123456789012"):
        body = REGISTER | {"password": weak}
        refused(users, body, 422, "/problems/users/weak-password")
    assert nothing(users)


def test_an_organization_is_changed_and_the_others_are_told(users, ada):
    changed = ada.patch("/organization", {"name": "Ada & Co", "zone": "Europe/Paris"})

    assert changed.status_code == 200
    assert changed.json == ada.tokens["organization"] | {"name": "Ada & Co", "zone": "Europe/Paris"}
    assert ada.get("/organization").json == changed.json
    assert users.count("outbox") == 2
    assert users.deeds()[-1] == "users:organization:edit"


def test_a_change_that_changes_nothing_is_not_news(users, ada):
    before = users.everything()

    assert ada.patch("/organization", {"name": "Ada's Engines"}).status_code == 200
    assert ada.patch("/organization", {}).status_code == 200
    assert ada.patch("/organization", {"base_currency": "EUR"}).status_code == 422

    assert users.everything() == before


def test_of_many_who_register_one_address_at_once_one_gets_it(users):
    with ThreadPoolExecutor(8) as pool:
        body = {"json": REGISTER}
        answers = list(pool.map(lambda _: users.client.post(f"{USERS}/register", **body), range(8)))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert users.count("users") == users.count("organizations") == users.count("sessions") == 1


def test_a_registration_that_is_sent_twice_is_one_and_its_tokens_lie_sealed(users):
    keyed = {"Idempotency-Key": "the-first-attempt"}
    first, again = (
        users.client.post(f"{USERS}/register", json=REGISTER, headers=keyed) for _ in range(2)
    )

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json == first.json
    assert again.headers["Idempotency-Replayed"] == "true"
    assert users.count("users") == users.count("idempotency") == 1
    kept = users.everything()
    assert PASSWORD not in kept
    assert first.json["refresh_token"] not in kept
    assert first.json["access_token"] not in kept
