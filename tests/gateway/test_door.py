"""What only the platform may say is taken off, and paths come in one form only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexafi.gateway.door import NAMES_MAX, Kind, _kinds, kind, neighbourhood, target
from nexafi.gateway.errors import PathRefused

FORGED = [
    "X-User",
    "X-User-Id",
    "X-Users",
    "X-Organization",
    "X-Organization-Id",
    "X-Org-Id",
    "X-Tenant-Id",
    "X-Actor",
    "X-Role",
    "X-Roles",
    "X-Permissions",
    "X-Session-Id",
    "X-Auth-Request-User",
    "X-Nexafi-Anything",
    "X-Internal-Token",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-User",
    "X-Real-Ip",
    "X-Original-Url",
    "X-Rewrite-Url",
    "X-Http-Method-Override",
    "Forwarded",
    "Proxy-Authorization",
    "Proxy-Connection",
    "Keep-Alive",
    "TE",
    "Trailer",
]


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_header_does_not_reach_the_service(door, service, name):
    raw = f"GET /api/v1/one/x HTTP/1.1\r\nHost: a.example\r\n{name}: forged\r\n\r\n"

    (answer,) = door.send(raw.encode())

    assert answer.status == 200
    assert "forged" not in dict(service.seen[0].headers).values()


def test_the_service_learns_from_us_where_a_request_came_from(door, service):
    raw = b"GET /api/v1/one/x HTTP/1.1\r\nHost: a.example:80\r\nX-Forwarded-For: 10.9.9.9\r\n\r\n"

    door.send(raw)

    (seen,) = service.seen
    assert seen.one("x-forwarded-for") == "127.0.0.1"
    assert seen.one("x-forwarded-host") == "a.example:80"
    assert seen.one("x-forwarded-proto") == "http"


@pytest.mark.parametrize(
    ("said", "believed"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("10.9.9.9, 203.0.113.7", "203.0.113.7"),
        ("203.0.113.7, 127.0.0.1", "203.0.113.7"),
        ("203.0.113.7, 10.7.1.2", "203.0.113.7"),
        ("10.7.1.2, 10.8.1.2", "10.8.1.2"),
        ("2001:db8::1", "2001:db8::1"),
        ("203.0.113.7, nonsense", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1"),
    ],
)
def test_a_proxy_that_we_believe_says_where_a_request_came_from(
    start_door, proxied, service, said, believed
):
    proxied.get("/api/v1/one/x", X_Forwarded_For=said)

    assert service.seen[0].one("x-forwarded-for") == believed


@pytest.fixture(scope="module")
def proxied(start_door, running):
    return start_door({"one": running.origin}, proxies=["127.0.0.1", "10.7.0.0/16"])


def test_what_connection_names_is_for_one_hop(door, service):
    raw = b"GET /api/v1/one/x HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Secret\r\n"

    (answer,) = door.send(raw + b"X-Secret: hop\r\nX-Kept: end\r\n\r\n")

    assert answer.status == 200
    assert not service.seen[0].all("x-secret")
    assert service.seen[0].one("x-kept") == "end"


def test_what_we_say_ourselves_cannot_be_named_away(door, service):
    raw = b"GET /api/v1/one/x HTTP/1.1\r\nHost: a\r\nConnection: X-Forwarded-For, X-Request-Id\r\n"

    door.send(raw + b"\r\n")

    assert service.seen[0].one("x-forwarded-for") == "127.0.0.1"
    assert service.seen[0].one("x-request-id")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/one/../users/x",
        "/api/v1/one/..",
        "/api/v1/one/.",
        "/api/v1/one/./x",
        "/api/v1/one//x",
        "//api/v1/one/x",
        "/api/v1/one/%2e%2e/users",
        "/api/v1/one/%2E%2E%2Fusers",
        "/api/v1/one/..;/users",
        "/api/v1/one/..%5cusers",
        "/api/v1/one/%00",
        "/api/v1/one/a%0d%0aX-User:%20root",
        "/api/v1/one/%7f",
        "/api/v1/one/%ff",
    ],
)
def test_a_path_that_can_be_read_in_two_ways_is_refused(door, service, path):
    answer = door.get(path)

    assert (answer.status, answer.problem) == (400, "gateway/path-refused")
    assert service.seen == []


@pytest.mark.parametrize(
    ("asked", "reached"),
    [
        ("/api/v1/one/a%2Fb", "/api/v1/one/a/b"),
        ("/api/v1/one%2Fb", "/api/v1/one/b"),
        ("/api/v1/one/%61", "/api/v1/one/a"),
        ("/api/v1/one/a%20b%3Fc%23d", "/api/v1/one/a%20b%3Fc%23d"),
        ("/api/v1/one/%252e%252e/x", "/api/v1/one/%252e%252e/x"),
        ("/api/v1/one/caf%C3%A9", "/api/v1/one/caf%C3%A9"),
        ("/api/v1/one/a+b;c=d,e@f:g", "/api/v1/one/a+b;c=d,e@f:g"),
        ("/api/v1/one/...", "/api/v1/one/..."),
        ("/api/v1/one/", "/api/v1/one/"),
        ("/api/v1/one", "/api/v1/one"),
        ("/api/v1/one/x?next=//evil/../a", "/api/v1/one/x?next=//evil/../a"),
    ],
)
def test_a_path_reaches_the_service_in_its_normal_form(door, service, asked, reached):
    assert door.get(asked).status == 200
    assert service.seen[0].target == reached


@pytest.mark.parametrize("path", ["/api/v1/two/x", "/api/v2/one/x", "/api/v1", "/x", "/docs/x"])
def test_where_nothing_answers_is_a_404(door, service, path):
    answer = door.get(path)

    assert (answer.status, answer.problem) == (404, "gateway/nobody-home")
    assert service.seen == []


@given(st.text(min_size=1).map(lambda text: f"/{text}"))
def test_a_target_is_ascii_and_says_the_same_path(path: str):
    from urllib.parse import unquote  # noqa: PLC0415 - the judge of this test only

    try:
        found = target(path, "", 10_000)
    except (PathRefused, UnicodeEncodeError):
        return
    assert found.isascii()
    assert unquote(found) == path
    assert not {"?", "#", " ", "\\"} & set(found)


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=30))
def test_a_name_with_an_underscore_is_never_passed(name: str):
    assert (kind(name) is Kind.DROPPED) or "_" not in name


def test_names_that_were_met_are_not_remembered_without_end():
    for number in range(NAMES_MAX * 2):
        kind(f"x-number-{number}")
    assert len(_kinds) <= NAMES_MAX + 100
    assert kind("host") is Kind.HOST


@pytest.mark.parametrize(
    ("address", "shared"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::"),
        ("nonsense:", "nonsense:"),
    ],
)
def test_one_line_has_one_bucket(address, shared):
    assert neighbourhood(address) == shared
