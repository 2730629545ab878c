"""Who belongs to an organization, and what each role may do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from nexafi.contracts.ledger.permissions import LedgerPermission
from nexafi.contracts.users.permissions import UsersPermission
from nexafi.users.members.actions import INVITED
from nexafi.users.roles.rules import Role, all_permissions, permissions
from tests.conftest import on_sqlite
from tests.users.conftest import PASSWORD

BOB = "bob@example.com"


def add(person, email=BOB, role="viewer", **more):
    return person.post("/members", {"email": email, "role": role} | more)


@pytest.fixture
def bob(users, ada):
    """A viewer at Ada's."""
    assert add(ada, password=PASSWORD).status_code == 201
    return users.signed_in(BOB)


def test_roles_follow_from_the_names_of_permissions():
    everything = {*LedgerPermission, *UsersPermission}

    assert everything <= all_permissions() == permissions(Role.OWNER)
    assert permissions(Role.VIEWER) == {
        each for each in all_permissions() if each.endswith(":read")
    }
    assert permissions(Role.VIEWER) < permissions(Role.ACCOUNTANT) < permissions(Role.OWNER)
    assert set(LedgerPermission) <= permissions(Role.ACCOUNTANT)
    assert not {"users:member:add", "users:organization:edit"} & permissions(Role.ACCOUNTANT)


def test_a_member_added_with_a_password_signs_in_with_their_role(users, ada, bob):
    me = bob.get("/me").json

    assert me["role"] == "viewer"
    assert me["organization"]["id"] == ada.tokens["organization"]["id"]
    assert set(me["permissions"]) == permissions(Role.VIEWER) == set(bob.claims["permissions"])
    assert "users:member:add" in users.deeds()


def test_a_viewer_reads_and_changes_nothing(users, ada, bob):
    member = ada.get("/members").json["items"][0]["id"]
    before = users.everything()

    assert bob.get("/members").status_code == 200
    assert bob.get("/organization").status_code == 200
    refused = [
        add(bob, "eve@example.com", "owner", password=PASSWORD),
        bob.patch(f"/members/{member}", {"role": "viewer"}),
        bob.delete(f"/members/{member}"),
        bob.patch("/organization", {"name": "Bob's"}),
        bob.post(f"/members/{member}/invite"),
    ]

    assert [answer.status_code for answer in refused] == [403] * 5
    assert users.everything() == before


def test_an_invited_member_chooses_a_password_once(users, ada):
    added = add(ada, role="accountant").json
    assert added["member"]["is_invited"]
    assert users.log_in(BOB, "").status_code == 401
    accept = {"token": added["invitation"], "password": "a password of my own"}

    weak = users.person().post("/invitations/accept", accept | {"password": "bob@example.com"})
    accepted = users.person().post("/invitations/accept", accept)
    again = users.person().post("/invitations/accept", accept)

    assert weak.status_code == 422
    assert accepted.status_code == 200
    assert users.person(**accepted.json).get("/me").json["role"] == "accountant"
    assert again.status_code == 404
    assert users.log_in(BOB, "a password of my own").status_code == 200
    assert added["invitation"] not in users.everything()


def test_an_invitation_runs_out_and_a_new_one_voids_the_old(users, ada):
    added = add(ada).json
    newer = ada.post(f"/members/{added['member']['id']}/invite").json["invitation"]

    def accept(token):
        body = {"token": token, "password": PASSWORD}
        return users.person().post("/invitations/accept", body).status_code

    assert accept(added["invitation"]) == 404
    assert accept("made up") == 404
    users.clock.pass_by(INVITED)
    assert accept(newer) == 404
    ada.refresh()
    assert users.count("invitations") == 1


def test_a_user_of_another_organization_keeps_their_password(users, ada):
    bob = users.register(BOB, name="Bob's Bikes", country="NL")
    before = users.everything()
    assert add(ada, password="chosen by somebody else").status_code == 409
    assert users.everything() == before

    added = add(ada, "Bob@Example.com").json
    assert added["invitation"] is None
    assert not added["member"]["is_invited"]

    here, there = (each["organization"] for each in bob.get("/me").json["memberships"])
    assert (here["name"], there["name"]) == ("Bob's Bikes", "Ada's Engines")
    assert users.signed_in(BOB).tokens["organization"] == here
    at_adas = users.signed_in(BOB, organization_id=there["id"])
    assert (at_adas.tokens["organization"], at_adas.tokens["role"]) == (there, "viewer")
    assert users.log_in(BOB, organization_id=str(uuid4())).status_code == 401


def test_a_member_is_added_once(users, ada, bob):
    before = users.everything()

    again = add(ada)

    assert again.json["type"] == "/problems/users/already-member"
    assert users.everything() == before


@on_sqlite
@pytest.mark.parametrize("role", ["admin", "", None, "Owner"])
def test_a_role_that_we_do_not_know_is_refused(users, ada, role):
    assert add(ada, role=role).status_code == 422
    assert users.count("users") == 1


def test_another_role_holds_at_once_and_tokens_of_before_do_not(users, ada, bob):
    member = ada.get("/members").json["items"][1]

    changed = ada.patch(f"/members/{member['id']}", {"role": "accountant"})

    assert changed.json == member | {"role": "accountant"}
    assert bob.get("/me").status_code == 401
    assert bob.refresh().status_code == 200
    assert bob.get("/me").json["role"] == "accountant"
    assert "ledger:entry:post" in bob.claims["permissions"]


def test_a_member_who_is_removed_is_out(users, ada, bob):
    member = ada.get("/members").json["items"][1]["id"]

    assert ada.delete(f"/members/{member}").status_code == 204

    assert bob.get("/me").status_code == 401
    assert bob.refresh().status_code == 401
    assert users.log_in(BOB).status_code == 401
    assert ada.delete(f"/members/{member}").status_code == 404
    assert len(ada.get("/members").json["items"]) == 1


def test_one_owner_stays(users, ada):
    owner = ada.get("/members").json["items"][0]["id"]

    for answer in (
        ada.patch(f"/members/{owner}", {"role": "viewer"}),
        ada.delete(f"/members/{owner}"),
    ):
        assert answer.json["type"] == "/problems/users/last-owner"
    assert ada.get("/me").json["role"] == "owner"


def test_two_owners_who_demote_each_other_at_once_leave_one(users, ada):
    add(ada, role="owner", password=PASSWORD)
    bob = users.signed_in(BOB)
    first, second = (each["id"] for each in ada.get("/members").json["items"])

    with ThreadPoolExecutor(2) as pool:
        deeds = [(ada, second), (bob, first)]
        list(pool.map(lambda d: d[0].patch(f"/members/{d[1]}", {"role": "viewer"}), deeds))

    roles = [each["role"] for each in users.signed_in().get("/members").json["items"]]
    assert sorted(roles) == ["owner", "viewer"]


def test_another_organization_sees_nothing_and_changes_nothing(users, ada, bob):
    eve = users.register("eve@example.com")
    member = ada.get("/members").json["items"][1]["id"]
    before = users.everything()

    assert [each["email"] for each in eve.get("/members").json["items"]] == ["eve@example.com"]
    for answer in (
        eve.patch(f"/members/{member}", {"role": "owner"}),
        eve.delete(f"/members/{member}"),
        eve.post(f"/members/{member}/invite"),
    ):
        assert answer.status_code == 404
    assert users.everything() == before


def test_members_are_read_page_by_page(users, ada):
    for n in range(4):
        add(ada, f"user{n}@example.com")

    first = ada.get("/members", query_string={"limit": 3}).json
    second = ada.get("/members", query_string={"limit": 3, "cursor": first["next"]}).json

    assert [len(first["items"]), len(second["items"]), second["next"]] == [3, 2, None]
    assert len({each["email"] for each in first["items"] + second["items"]}) == 5
