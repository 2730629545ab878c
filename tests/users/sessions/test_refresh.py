"""A refresh token is good once; a thief and their victim cannot both go on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexafi.users.sessions.rules import GRACE, Shown, Worth, worth
from tests.conftest import on_sqlite
from tests.users.conftest import SETTINGS

IDLE = timedelta(days=14)
NOW = datetime.fromisoformat("2026-04-01T00:00:00Z")


def refused(answer) -> bool:
    return (answer.status_code, answer.json["type"]) == (401, "/problems/users/refresh-refused")


def test_a_token_is_exchanged_for_another(users, ada):
    first = dict(ada.tokens)
    users.clock.pass_by(timedelta(minutes=14))

    answer = ada.refresh()

    assert answer.json.keys() == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert answer.json["refresh_token"] != first["refresh_token"]
    assert answer.json["access_token"] != first["access_token"]
    users.clock.pass_by(timedelta(minutes=14))
    assert ada.get("/me").status_code == 200
    assert users.person(**first).get("/me").status_code == 401


def test_a_second_use_soon_after_is_answered_with_the_same_token(users, ada):
    again = users.person(**ada.tokens)
    one, two = ada.refresh(), again.refresh()

    assert one.json["refresh_token"] == two.json["refresh_token"]
    assert ada.refresh().status_code == 200


def test_a_second_use_later_ends_the_session(users, ada):
    thief = users.person(**ada.tokens)
    ada.refresh()
    users.clock.pass_by(GRACE + timedelta(seconds=1))

    assert refused(thief.refresh())
    assert refused(ada.refresh())
    assert ada.get("/me").status_code == 401
    assert "users:session:end" in users.deeds()


def test_a_second_use_after_the_next_was_used_ends_the_session_at_once(users, ada):
    thief = users.person(**ada.tokens)
    ada.refresh()
    ada.refresh()

    assert refused(thief.refresh())
    assert refused(ada.refresh())
    assert users.log_in().status_code == 200


def test_fifty_at_once_are_one_exchange(users, ada):
    token = {"refresh_token": ada.tokens["refresh_token"]}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: users.person().post("/refresh", token), range(50)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json["refresh_token"] for answer in answers}) == 1
    assert users.count("refresh_tokens") == 2


@on_sqlite
@pytest.mark.parametrize("token", ["", "x", "A" * 43, "\u00e9", "A" * 200])
def test_a_token_that_is_made_up_is_refused_and_leaves_nothing(users, ada, token):
    before = users.everything()

    assert refused(users.person(refresh_token=token).refresh())

    assert users.everything() == before


def test_a_session_ends_when_it_is_idle_and_in_the_end_however_busy(users, ada):
    idle = users.signed_in()
    for _ in range(SETTINGS.session_life // IDLE):
        users.clock.pass_by(IDLE - timedelta(seconds=1))
        assert ada.refresh().status_code == 200
    users.clock.pass_by(SETTINGS.session_life - IDLE * (SETTINGS.session_life // IDLE))

    assert refused(idle.refresh())
    users.clock.pass_by(timedelta(minutes=1))
    assert refused(ada.refresh())


def test_an_access_token_is_no_refresh_token_and_the_reverse(users, ada):
    swapped = users.person(
        access_token=ada.tokens["refresh_token"], refresh_token=ada.tokens["access_token"]
    )

    assert swapped.get("/me").status_code == 401
    assert swapped.refresh().status_code in {401, 422}


@given(
    used=st.none() | st.integers(0, 100),
    is_successor_used=st.booleans(),
    refreshed=st.integers(0, 20 * 86400),
    left=st.integers(-10, 10),
    has_ended=st.booleans(),
)
def test_what_a_token_is_worth(used, is_successor_used, refreshed, left, has_ended):
    shown = Shown(
        used_at=None if used is None else NOW - timedelta(seconds=used),
        is_successor_used=is_successor_used,
        refreshed_at=NOW - timedelta(seconds=refreshed),
        ends_at=NOW + timedelta(seconds=left),
        has_ended=has_ended,
    )
    found = worth(shown, NOW, idle_life=IDLE)

    if has_ended or left <= 0 or refreshed >= IDLE.total_seconds():
        assert found is Worth.ENDED
    elif used is None:
        assert found is Worth.FRESH
    else:
        again = used <= GRACE.total_seconds() and not is_successor_used
        assert found is (Worth.AGAIN if again else Worth.STOLEN)
