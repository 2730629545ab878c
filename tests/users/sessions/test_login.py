"""Signing in tells nothing to those who guess, and makes them wait."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from nexafi.users.passwords import hashes
from nexafi.users.sessions.rules import FREE_TRIES, PAUSE_MAX, pause
from nexafi.users.settings import UsersSettings
from tests.conftest import on_sqlite
from tests.users.conftest import PASSWORD, SECRET


def test_who_knows_the_password_is_let_in_however_they_write_the_address(users, ada):
    answer = users.log_in("ADA@example.com")

    assert answer.status_code == 200
    assert answer.json["user"] == ada.tokens["user"]
    assert answer.json["organization"] == ada.tokens["organization"]
    assert users.person(**answer.json).get("/me").json["role"] == "owner"
    assert users.deeds()[-1] == "users:login:succeed"


@on_sqlite
@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ada@example.com", "wrong horse battery staple"),
        ("ada@example.com", PASSWORD + " "),
        ("ada@example.com", ""),
        ("bob@example.com", PASSWORD),
        ("not an address", PASSWORD),
        ("", ""),
        ("ada@example.com' OR 1=1 --", PASSWORD),
    ],
)
def test_whatever_is_wrong_the_answer_is_the_same(users, ada, email, password):
    answer = users.log_in(email, password)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert {k: v for k, v in answer.json.items() if k != "request_id"} == {
        "type": "/problems/users/wrong-credentials",
        "title": "The e-mail address or the password is wrong",
        "status": 401,
        "detail": "Check both and try again.",
    }
    assert users.count("sessions") == 1
    assert users.deeds()[-1] == "users:login:fail"


def test_one_waits_longer_and_longer_and_no_longer_than_a_quarter_of_an_hour():
    assert [pause(n).total_seconds() for n in range(4, 9)] == [0, 1, 2, 4, 8]
    assert pause(10_000) == PAUSE_MAX


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
def test_after_too_many_tries_everybody_waits_for_known_and_unknown_alike(users, ada, email):
    for _ in range(FREE_TRIES):
        assert users.log_in(email, "wrong").status_code == 401
    blocked = users.log_in(email, PASSWORD)

    assert blocked.status_code == 429
    assert blocked.json["type"] == "/problems/users/too-many-tries"
    assert 1 <= int(blocked.headers["Retry-After"]) <= 2

    users.clock.pass_by(timedelta(seconds=2))
    assert users.log_in(email, PASSWORD).status_code == (200 if "ada" in email else 401)


def test_a_clock_that_is_set_back_locks_nobody_out(users, ada):
    for _ in range(FREE_TRIES):
        users.log_in("ada@example.com", "wrong")
    users.clock.pass_by(-timedelta(hours=1))

    assert users.log_in("ada@example.com", PASSWORD).status_code == 200


def test_the_right_password_begins_the_count_anew(users, ada):
    for _ in range(3):
        for _ in range(FREE_TRIES - 1):
            users.log_in(password="wrong")
        assert users.log_in().status_code == 200
    assert users.count("attempts") == 0


def test_a_crowd_of_guesses_at_once_is_counted(users, ada):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: users.log_in(password="wrong").status_code, range(24)))

    assert answers.count(401) == FREE_TRIES
    assert answers.count(429) == 24 - FREE_TRIES


def test_tries_are_forgotten_in_the_end(users, ada):
    users.log_in("nobody@example.com", "wrong")
    users.clock.pass_by(timedelta(days=2))

    users.work()

    assert users.count("attempts") == 0


def test_an_old_hash_is_made_anew_at_the_cost_that_is_set_now(users, ada):
    users.service = users.service.__class__(
        "users",
        5001,
        users.service.tables,
        routes=users.service.routes,
        equipment=[SECRET, UsersSettings(bcrypt_cost=5)],
    )
    app = users.service.app(users.database, lambda: None)
    body = {"email": "ada@example.com", "password": PASSWORD}

    assert app.test_client().post("/api/v1/users/login", json=body).status_code == 200
    assert "$2b$05$" in users.everything()
    assert users.log_in().status_code == 200


def test_no_transaction_is_open_while_a_password_is_hashed(users, ada, monkeypatch):
    """Else one that is guessed at would hold up all others, for it takes a while."""
    real = hashes.bcrypt.checkpw
    looked = []

    def checkpw(*given):
        with users.database.steward():  # on SQLite this waits for the one that writes
            looked.append(True)
        return real(*given)

    monkeypatch.setattr(hashes.bcrypt, "checkpw", checkpw)
    assert users.log_in().status_code == 200
    assert looked == [True]


def test_neither_passwords_nor_tokens_stand_anywhere(users, ada, caplog):
    bob = users.signed_in()
    bob.refresh()
    users.log_in(password="a wrong and private password")
    bob.post("/password", {"current": PASSWORD, "new": "another long and private one"})
    kept = users.everything() + caplog.text

    assert "ada@example.com" in kept
    for secret in (
        PASSWORD,
        "private",
        ada.tokens["access_token"],
        ada.tokens["refresh_token"],
        bob.tokens["refresh_token"],
        '"d"',
    ):
        assert secret not in kept
