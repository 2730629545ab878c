"""The operator helps those who cannot sign in, and leaves a trace of it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from nexafi.kernel.values.ids import new_id
from nexafi.users.errors import EmailTaken, UnknownHere, WeakPassword
from nexafi.users.operator import Operator
from nexafi.users.organizations.schemas import OrganizationIn
from nexafi.users.roles.rules import Role
from tests.users.conftest import COMPANY, PASSWORD, SECRET, SETTINGS


@pytest.fixture
def operator(users) -> Operator:
    return Operator(users.database, SECRET, SETTINGS)


def home():
    return OrganizationIn(**COMPANY).home(new_id())


def test_the_first_user_of_an_installation_can_be_made_without_a_browser(users, operator):
    made = operator.found("ada@example.com", PASSWORD, home())

    ada = users.signed_in()
    assert ada.tokens["role"] == made.role == "owner"
    assert ada.tokens["organization"]["name"] == made.organization
    assert [each.email for each in operator.places()] == ["ada@example.com"]
    assert users.count("outbox") == 1


def test_a_user_may_be_given_a_second_organization_but_no_second_password(users, operator, ada):
    with pytest.raises(EmailTaken):
        operator.found("ada@example.com", "another long and private one", home())
    assert users.count("organizations") == 1

    operator.found("ADA@example.com", None, home())

    assert len(ada.get("/me").json["memberships"]) == len(operator.places("ada@example.com")) == 2


def test_a_member_is_added_with_a_password_or_an_invitation(users, operator, ada):
    organization_id = UUID(ada.tokens["organization"]["id"])

    _, none = operator.add("bob@example.com", PASSWORD, organization_id, Role.VIEWER)
    invited, token = operator.add("eve@example.com", None, organization_id, Role.ACCOUNTANT)

    assert none is None
    assert users.signed_in("bob@example.com").tokens["role"] == "viewer"
    assert invited.is_invited
    accept = {"token": token, "password": PASSWORD}
    assert users.person().post("/invitations/accept", accept).json["role"] == "accountant"
    with pytest.raises(UnknownHere):
        operator.add("eve@example.com", None, uuid4(), Role.OWNER)


def test_a_password_that_was_forgotten_is_replaced_and_all_sessions_end(users, operator, ada):
    for _ in range(6):
        users.log_in(password="forgotten")

    operator.reset_password("Ada@example.com", "another long and private one")

    assert ada.get("/me").status_code == 401
    assert users.log_in().status_code == 401
    assert users.log_in(password="another long and private one").status_code == 200
    with users.database.engine.connect() as connection:
        noted = connection.execute(
            text("SELECT actor FROM audit WHERE deed = 'users:password:reset'")
        )
        assert noted.scalars().all() == ["operator"]


def test_a_reset_that_is_refused_changes_nothing(users, operator, ada):
    before = users.everything()

    with pytest.raises(WeakPassword):
        operator.reset_password("ada@example.com", "weak")
    with pytest.raises(UnknownHere):
        operator.reset_password("nobody@example.com", PASSWORD)

    assert users.everything() == before


def test_keys_are_rotated_or_withdrawn(users, operator, ada):
    assert len(operator.rotate_keys(withdraw=False)) == 2
    users.clock.pass_by(timedelta(seconds=2))
    assert ada.get("/me").status_code == 200

    assert len(operator.rotate_keys(withdraw=True)) == 1
    users.clock.pass_by(timedelta(minutes=1))
    assert ada.get("/me").status_code == 401
