"""From signing up to the books: tokens of users open the ledger, as far as a role goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from nexafi.kernel.data.context import Context
from nexafi.kernel.data.database import Database
from nexafi.kernel.news.memory import Bus
from nexafi.kernel.service import Service
from nexafi.kernel.trust.guard import REVOCATIONS_PERIOD, Guard
from nexafi.kernel.trust.tokens import Verifier
from nexafi.kernel.web.identity import by_token
from nexafi.ledger.app import service as ledger_service
from nexafi.users.app import service as users_service
from nexafi.users.publisher import Near
from tests.conftest import Clock
from tests.users.conftest import PASSWORD, SECRET, SETTINGS, Person, Users

ACCOUNTS, ENTRIES = "/api/v1/ledger/accounts", "/api/v1/ledger/entries"
CASH = {"code": "1000", "name": "Cash", "type": "asset"}


@dataclass
class Platform:
    """Users and the ledger in one process, each with a database of its own."""

    users: Users
    ledger: FlaskClient
    ledger_database: Database
    clock: Clock

    def call(self, person: Person, method: str, path: str, **given: object):
        headers = {"Authorization": f"Bearer {person.tokens['access_token']}"}
        return self.ledger.open(path, method=method, headers=headers, **given)

    def carry_the_news(self) -> None:
        listener = ledger_service.listener(self.ledger_database)
        self.users.service.round(self.users.database, Bus(listener))

    def zone(self, person: Person) -> str | None:
        """Return in which zone the ledger thinks that someone's organization is."""
        organization_id = UUID(person.tokens["organization"]["id"])
        home = self.ledger_database.context_for("test", organization_id).home
        return home.zone if home else None


def built(service: Service, database: Database, near: Near, clock: Clock) -> FlaskClient:
    guard = Guard(Verifier(SETTINGS.realm), near, clock)
    return service.equip(SECRET, SETTINGS).app(database, by_token(guard, database)).test_client()


@pytest.fixture
def platform(open_database, clock) -> Platform:
    users, ledger = open_database(users_service), open_database(ledger_service)
    near, far = Near(users, SETTINGS), Near(users, SETTINGS, period=REVOCATIONS_PERIOD)
    door = built(users_service, users, near, clock)
    equipped = users_service.equip(SECRET, SETTINGS)
    return Platform(
        Users(equipped, users, door, clock),
        built(ledger_service, ledger, far, clock),
        ledger,
        clock,
    )


def test_the_ledger_knows_an_organization_from_the_first_token_or_from_the_news(platform):
    ada, bob = platform.users.register(), platform.users.register("bob@example.com", country="JP")

    assert platform.zone(ada) is None
    assert platform.call(ada, "GET", ENTRIES).status_code == 200
    assert (platform.zone(ada), platform.zone(bob)) == ("America/New_York", None)

    platform.carry_the_news()
    assert platform.zone(bob) == "Asia/Tokyo"


def test_a_token_of_before_does_not_undo_the_news(platform):
    ada = platform.users.register()
    ada.patch("/organization", {"zone": "Europe/Paris"})
    platform.carry_the_news()

    assert platform.call(ada, "GET", ENTRIES).status_code == 200

    assert platform.zone(ada) == "Europe/Paris"


def test_a_viewer_reads_the_books_and_changes_nothing(platform):
    ada = platform.users.register()
    for email, role in (("vi@example.com", "viewer"), ("ac@example.com", "accountant")):
        ada.post("/members", {"email": email, "role": role, "password": PASSWORD})
    viewer = platform.users.signed_in("vi@example.com")
    accountant = platform.users.signed_in("ac@example.com")

    refused = platform.call(viewer, "POST", ACCOUNTS, json=CASH)
    assert refused.status_code == 403
    assert refused.json["type"] == "/problems/forbidden"
    assert platform.call(viewer, "GET", ENTRIES).status_code == 200
    assert platform.call(accountant, "POST", ACCOUNTS, json=CASH).status_code == 201
    assert (
        accountant.post("/members", {"email": "x@example.com", "role": "owner"}).status_code == 403
    )


def test_a_role_that_was_taken_is_gone_within_a_second(platform):
    ada = platform.users.register()
    ada.post("/members", {"email": "ac@example.com", "role": "accountant", "password": PASSWORD})
    accountant = platform.users.signed_in("ac@example.com")
    assert platform.call(accountant, "GET", ENTRIES).status_code == 200
    member = ada.get("/members").json["items"][1]["id"]

    ada.patch(f"/members/{member}", {"role": "viewer"})
    platform.clock.pass_by(timedelta(seconds=1))

    assert platform.call(accountant, "POST", ACCOUNTS, json=CASH).status_code == 401
    accountant.refresh()
    assert platform.call(accountant, "POST", ACCOUNTS, json=CASH).status_code == 403


def test_who_signed_out_is_out_of_the_books_within_a_second(platform):
    ada = platform.users.register()
    assert platform.call(ada, "GET", ENTRIES).status_code == 200

    ada.post("/logout")
    platform.clock.pass_by(timedelta(seconds=1))

    answer = platform.call(ada, "GET", ENTRIES)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_two_organizations_of_one_user_are_two(platform):
    ada = platform.users.register()
    bob = platform.users.register("bob@example.com", name="Bob's Bikes")
    ada.post("/members", {"email": "bob@example.com", "role": "accountant"})
    at_adas = platform.users.signed_in(
        "bob@example.com", organization_id=ada.tokens["organization"]["id"]
    )

    assert platform.call(at_adas, "POST", ACCOUNTS, json=CASH).status_code == 201
    assert platform.call(bob, "POST", ACCOUNTS, json=CASH).status_code == 201
    assert platform.call(ada, "POST", ACCOUNTS, json=CASH).status_code == 409


def test_a_token_that_is_not_ours_opens_nothing(platform):
    ada = platform.users.register()
    forged = Person(platform.ledger, {"access_token": ada.tokens["access_token"][:-3] + "AAA"})

    assert platform.call(forged, "GET", ENTRIES).status_code == 401
    assert platform.ledger.get(ENTRIES).status_code == 401


def test_the_actor_is_the_user_without_their_address(platform):
    ada = platform.users.register()
    claims = Guard(
        Verifier(SETTINGS.realm), Near(platform.users.database, SETTINGS), platform.clock
    ).judge(ada.tokens["access_token"])
    context = claims.context(platform.clock(), "req-1")

    assert isinstance(context, Context)
    assert context.actor == f"user:{ada.tokens['user']['id']}"
    assert (str(context.session_id), context.request_id) == (ada.claims["sid"], "req-1")
    assert "ada@example.com" not in str(ada.claims)
