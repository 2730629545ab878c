"""A bad token ends at the door; none at all is for the service to judge."""

from __future__ import annotations

import time

import pytest


@pytest.mark.parametrize("token", ["bad", "", "Bearer good-ada"])
def test_a_bad_token_is_answered_401_and_reaches_nobody(door, service, token):
    answer = door.get("/api/v1/one/x", Authorization=f"Bearer {token}")

    assert (answer.status, answer.problem) == (401, "not-signed-in")
    assert answer.one("www-authenticate") == 'Bearer error="invalid_token"'
    assert service.seen == []


def test_a_good_token_goes_on_to_the_service_which_judges_again(door, service):
    assert door.get("/api/v1/one/x", Authorization="bearer good-ada").status == 200
    assert service.seen[0].one("authorization") == "bearer good-ada"


def test_without_a_token_the_service_decides(door, service):
    assert door.get("/api/v1/one/x").status == 200
    assert not service.seen[0].all("authorization")


def test_while_nobody_can_tell_who_calls_the_answer_is_503(door, service):
    answer = door.get("/api/v1/one/x", Authorization="Bearer nobody-can-tell")

    assert (answer.status, answer.problem) == (503, "unavailable")
    assert service.seen == []


def test_the_log_has_no_token_and_no_query(start_door, service):
    door = start_door({"one": service.origin}, app="tests.gateway.served:logging_app")

    door.get("/api/v1/one/things?secret=in-the-query", Authorization="Bearer good-in-the-token")
    door.get("/api/v1/one/things", Authorization="Bearer bad-in-the-token")

    for _ in range(100):
        lines = door.log.read_text()
        if "status_code': 401" in lines:
            break
        time.sleep(0.02)
    assert "status_code': 401" in lines
    assert lines.count("/api/v1/one/things") >= 2
    assert "in-the-query" not in lines
    assert "bad-in-the-token" not in lines
    assert "Bearer" not in lines
