"""Sessions end, and soon nobody believes their tokens."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from werkzeug.serving import make_server

from nexafi.contracts.users.client import Far
from nexafi.kernel.errors import NotSignedIn
from nexafi.kernel.trust.guard import Guard
from nexafi.kernel.trust.tokens import Verifier
from nexafi.users.publisher import Near
from nexafi.users.sessions import queries, rules
from nexafi.users.sessions.queries import KEPT, USED_KEPT
from tests.conftest import on_sqlite
from tests.users.conftest import SETTINGS


def test_who_signs_out_is_out_with_both_tokens_and_nobody_else_is(users, ada):
    other = users.signed_in()

    assert ada.post("/logout").status_code == 204

    assert ada.get("/me").status_code == 401
    assert ada.refresh().status_code == 401
    assert other.get("/me").status_code == 200
    assert users.deeds()[-1] == "users:session:end"


@on_sqlite
@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "Token x", "Bearer a b"])
def test_a_header_that_is_no_bearer_token_is_refused(users, ada, header):
    answer = users.client.get("/api/v1/users/me", headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_two_headers_are_refused(users, ada):
    token = f"Bearer {ada.tokens['access_token']}"
    answer = users.client.get(
        "/api/v1/users/me", headers=[("Authorization", token), ("Authorization", token)]
    )

    assert answer.status_code == 401


def test_a_user_sees_their_sessions_and_ends_that_of_a_lost_device(users, ada):
    lost = users.signed_in()
    bob = users.register("bob@example.com")
    listed = ada.get("/sessions").json["items"]
    assert [each["id"] for each in listed] == [ada.claims["sid"], lost.claims["sid"]]

    for stranger in (bob.claims["sid"], str(uuid4())):
        assert ada.delete(f"/sessions/{stranger}").status_code == 404
    assert bob.get("/me").status_code == 200

    assert ada.delete(f"/sessions/{lost.claims['sid']}").status_code == 204
    assert lost.get("/me").status_code == 401
    assert ada.delete(f"/sessions/{lost.claims['sid']}").status_code == 404
    assert len(ada.get("/sessions").json["items"]) == 1


def test_the_oldest_of_too_many_sessions_gives_way(users, ada, monkeypatch):
    monkeypatch.setattr(rules, "SESSIONS_MAX", 3)
    others = [users.signed_in() for _ in range(3)]

    assert ada.get("/me").status_code == 401
    assert [each.get("/me").status_code for each in others] == [200] * 3


def test_sessions_are_forgotten_long_after_they_ended(users, ada):
    ada.post("/logout")
    users.clock.pass_by(KEPT)
    users.work()
    assert users.count("sessions") == 1

    users.clock.pass_by(timedelta(seconds=1) + timedelta(minutes=20))
    users.work()

    assert users.count("sessions") == users.count("refresh_tokens") == 0


def test_used_tokens_of_a_session_that_goes_on_are_forgotten_and_the_last_is_not(users, ada):
    first = users.person(**ada.tokens)
    ada.refresh()
    users.clock.pass_by(USED_KEPT + timedelta(seconds=1))

    users.work()

    assert users.count("refresh_tokens") == 1
    assert first.refresh().status_code == 401
    assert ada.refresh().status_code == 200


@pytest.fixture
def far(users):
    """The users service, asked over HTTP."""
    server = make_server("127.0.0.1", 0, users.client.application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    asked = Far(f"http://127.0.0.1:{server.port}")
    yield asked
    asked.close()
    server.shutdown()
    thread.join()
    server.server_close()


def test_near_and_far_publish_the_same(users, ada, far):
    near = Near(users.database, SETTINGS)
    ada.post("/logout")
    since = users.clock() - timedelta(seconds=1)

    assert far.keys() == near.keys()
    assert far.revoked(None) == near.revoked(None) == near.revoked(since) == far.revoked(since)
    assert [each.session_id for each in far.revoked(None).revocations] == [UUID(ada.claims["sid"])]
    assert far.revoked(users.clock() + timedelta(seconds=1)).revocations == ()


def test_what_was_revoked_is_read_to_the_end(users, far, monkeypatch):
    everybody = [users.register(f"user{n}@example.com") for n in range(5)]
    for person in everybody:
        users.clock.pass_by(timedelta(seconds=1))
        person.post("/logout")
    monkeypatch.setattr(queries, "REVOKED_MAX", 2)

    found = {str(each.session_id) for each in far.revoked(None).revocations}

    assert found == {person.claims["sid"] for person in everybody}


def test_another_service_refuses_a_session_within_a_second_of_its_end(users, ada, far):
    guard = Guard(Verifier(SETTINGS.realm), far, users.clock)
    token = ada.tokens["access_token"]
    claims = guard.judge(token)
    assert str(claims.home.id) == ada.tokens["organization"]["id"]

    ada.post("/logout")
    guard.judge(token)
    users.clock.pass_by(timedelta(seconds=1))

    with pytest.raises(NotSignedIn):
        guard.judge(token)


def test_what_ran_out_by_itself_is_told_no_more(users, ada):
    ada.post("/logout")
    users.clock.pass_by(SETTINGS.access_life + timedelta(seconds=11))

    assert users.person().get("/revocations").json["items"] == []
