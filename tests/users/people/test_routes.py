"""A user's own affairs."""

from __future__ import annotations

import pytest

from tests.users.conftest import PASSWORD

NEW = "another long and private one"


def test_who_am_i_needs_a_token(users):
    assert users.person().get("/me").status_code == 401


def test_a_new_password_ends_all_other_sessions(users, ada):
    other = users.signed_in()

    assert ada.post("/password", {"current": PASSWORD, "new": NEW}).status_code == 204

    assert ada.get("/me").status_code == 200
    assert other.get("/me").status_code == 401
    assert users.log_in().status_code == 401
    assert users.log_in(password=NEW).status_code == 200
    assert "users:password:change" in users.deeds()


@pytest.mark.parametrize(
    ("current", "new", "status"), [("wrong", NEW, 401), (PASSWORD, "weak", 422)]
)
def test_a_password_that_is_wrong_or_weak_changes_nothing(users, ada, current, new, status):
    answer = ada.post("/password", {"current": current, "new": new})

    assert answer.status_code == status
    assert users.log_in().status_code == 200


def test_a_stolen_token_is_no_way_to_guess_the_password(users, ada):
    answers = [
        ada.post("/password", {"current": f"guess {n}", "new": NEW}).status_code for n in range(8)
    ]

    assert answers == [401] * 5 + [429] * 3
