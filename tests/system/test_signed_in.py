"""From signing up to the books: tokens of users open the ledger, as far as a role goes."""

from __future__ import annotations

from datetime import timedelta

from nexafi.kernel.data.context import Context
from nexafi.kernel.trust.guard import Guard
from nexafi.kernel.trust.tokens import Verifier
from nexafi.users.publisher import Near
from tests.users.conftest import PASSWORD, SETTINGS, Person

ACCOUNTS, ENTRIES = "/api/v1/ledger/accounts", "/api/v1/ledger/entries"
CASH = {"code": "1000", "name": "Cash", "type": "asset"}


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
