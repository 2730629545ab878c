"""The Big List of Naughty Strings goes through the door untouched or is refused."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from urllib.parse import quote, unquote

import pytest

from tests.shared import shared


@pytest.fixture(scope="module")
def strings() -> list[str]:
    return json.loads((shared("security") / "blns" / "blns.json").read_text(encoding="utf-8"))


def _ask(connection: HTTPConnection, method: str, path: str, body: bytes | None = None) -> int:
    connection.request(method, path, body)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def test_in_a_body_they_arrive_byte_for_byte(door, service, strings):
    connection = HTTPConnection("127.0.0.1", door.port, timeout=10)
    for text in strings:
        assert _ask(connection, "POST", "/api/v1/one/x", text.encode()) == 200
    assert [seen.body for seen in service.seen] == [text.encode() for text in strings]
    connection.close()


def test_in_a_query_they_arrive_as_they_were_written(door, service, strings):
    connection = HTTPConnection("127.0.0.1", door.port, timeout=10)
    written = [f"/api/v1/one/x?q={quote(text, safe='')}" for text in strings]
    written = [path for path in written if len(path) < 8000]
    for path in written:
        assert _ask(connection, "GET", path) == 200
    assert [seen.target for seen in service.seen] == written
    connection.close()


def test_in_a_path_they_say_the_same_or_are_refused(door, service, strings):
    connection = HTTPConnection("127.0.0.1", door.port, timeout=10)
    passed = []
    for text in strings:
        path = f"/api/v1/one/things/{quote(text, safe='')}/x"
        status = _ask(connection, "GET", path)
        assert status in {200, 400, 414}, text
        if status == 200:
            passed.append(f"/api/v1/one/things/{text}/x")
    assert [unquote(seen.target) for seen in service.seen] == passed
    assert len(passed) > 300
    connection.close()
