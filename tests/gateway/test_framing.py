"""Requests whose limits two programs may see differently are refused, and none is ever smuggled.

Each case is sent as raw bytes with a second, complete request behind it that asks for `/smuggled`.
Whatever the first is taken for, the second must reach the service as a request of its own (when the
connection goes on) or not at all; what is refused reaches nobody.
"""

from __future__ import annotations

import socket

import pytest

from tests.gateway.conftest import read

POST = b"POST /api/v1/one/x HTTP/1.1\r\n"
GET = b"GET /api/v1/one/x HTTP/1.1\r\n"
HOST = b"Host: a\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
HELLO = b"5\r\nhello\r\n0\r\n\r\n"
NEXT = b"GET /api/v1/one/smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

REFUSED = {
    "no host": GET + b"\r\n",
    "no host in HTTP/1.0": b"GET /api/v1/one/x HTTP/1.0\r\n\r\n",
    "two hosts": GET + HOST + b"Host: b\r\n\r\n",
    "the same host twice": GET + HOST + HOST + b"\r\n",
    "an empty host": GET + b"Host:\r\n\r\n",
    "a host with a path": GET + b"Host: a/b\r\n\r\n",
    "a host with a user": GET + b"Host: a@b\r\n\r\n",
    "a host with a space": GET + b"Host: a b\r\n\r\n",
    "a line for another host": b"GET http://b/api/v1/one/x HTTP/1.1\r\n" + HOST + b"\r\n",
    "two lengths": POST + HOST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "a list of lengths": POST + HOST + b"Content-Length: 5, 5\r\n\r\nhello",
    "a length with a sign": POST + HOST + b"Content-Length: +5\r\n\r\nhello",
    "a negative length": POST + HOST + b"Content-Length: -5\r\n\r\nhello",
    "a length in hexadecimal": POST + HOST + b"Content-Length: 0x5\r\n\r\nhello",
    "an endless length": POST + HOST + b"Content-Length: 99999999999999999999\r\n\r\nhello",
    "an empty length": POST + HOST + b"Content-Length:\r\n\r\nhello",
    "a folded header": GET + HOST + b"X-A: b\r\n c\r\n\r\n",
    "a folded coding": POST + HOST + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + HELLO,
    "a space before a colon": POST + HOST + b"Transfer-Encoding : chunked\r\n\r\n" + HELLO,
    "a space before a header": GET + b" Host: a\r\n" + HOST + b"\r\n",
    "a line without a colon": GET + HOST + b"X-A\r\n\r\n",
    "a bare CR in a value": GET + HOST + b"X-A: a\rX-B: c\r\n\r\n",
    "a NUL in a value": GET + HOST + b"X-A: a\x00b\r\n\r\n",
    "a NUL in a name": GET + HOST + b"X-\x00A: b\r\n\r\n",
    "a key in UTF-8": POST + HOST + b"Idempotency-Key: caf\xc3\xa9\r\nContent-Length: 0\r\n\r\n",
    "a key in Latin-1": POST + HOST + b"Idempotency-Key: caf\xe9\r\nContent-Length: 0\r\n\r\n",
    "identity": POST + HOST + b"Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello",
    "an unknown coding": POST + HOST + b"Transfer-Encoding: xchunked\r\n\r\n" + HELLO,
    "chunked, but not last": POST + HOST + b"Transfer-Encoding: chunked, gzip\r\n\r\n" + HELLO,
    "gzip and chunked": POST + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + HELLO,
    "chunked twice": POST + HOST + CHUNKED + CHUNKED + b"\r\n" + HELLO,
    "chunked twice in one": POST + HOST + b"Transfer-Encoding: chunked, chunked\r\n\r\n" + HELLO,
    "a coding after a vertical tab": POST + HOST + b"Transfer-Encoding:\x0bchunked\r\n\r\n" + HELLO,
    "a coding in quotes": POST + HOST + b'Transfer-Encoding: "chunked"\r\n\r\n' + HELLO,
    "a coding in HTTP/1.0": b"POST /api/v1/one/x HTTP/1.0\r\n" + HOST + CHUNKED + b"\r\n" + HELLO,
    "a negative chunk": POST + HOST + CHUNKED + b"\r\n-5\r\nhello\r\n0\r\n\r\n",
    "a chunk with 0x": POST + HOST + CHUNKED + b"\r\n0x5\r\nhello\r\n0\r\n\r\n",
    "a chunk size of spaces": POST + HOST + CHUNKED + b"\r\n 5\r\nhello\r\n0\r\n\r\n",
    "a chunk that overflows": POST
    + HOST
    + CHUNKED
    + b"\r\nfffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "a chunk that wraps around": POST
    + HOST
    + CHUNKED
    + b"\r\n10000000000000005\r\nhello\r\n0\r\n\r\n",
    "a chunk of no number": POST + HOST + CHUNKED + b"\r\nhello\r\nhello\r\n0\r\n\r\n",
    "a chunk without a size": POST + HOST + CHUNKED + b"\r\n\r\nhello\r\n0\r\n\r\n",
    "a chunk longer than said": POST + HOST + CHUNKED + b"\r\n5\r\nhelloXX\r\n0\r\n\r\n",
    "chunks ended by LF": POST + HOST + CHUNKED + b"\r\n5\nhello\n0\n\n",
    "an LF in a chunk extension": POST + HOST + CHUNKED + b"\r\n5;a\nb\r\nhello\r\n0\r\n\r\n",
    "trailers": POST + HOST + CHUNKED + b"\r\n5\r\nhello\r\n0\r\nX-User: root\r\n\r\n",
    "no path": b"GET api HTTP/1.1\r\n" + HOST + b"\r\n",
    "no version": b"GET /api/v1/one/x\r\n" + HOST + b"\r\n",
    "an unknown version": b"GET /api/v1/one/x HTTP/1.2\r\n" + HOST + b"\r\n",
    "two spaces in the line": b"GET  /api/v1/one/x HTTP/1.1\r\n" + HOST + b"\r\n",
    "two authorizations": GET + HOST + b"Authorization: Bearer good-a\r\n" * 2 + b"\r\n",
    "a token for one hop": GET + HOST + b"Connection: authorization\r\nAuthorization: a b\r\n\r\n",
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_sound_is_answered_400_and_reaches_nobody(door, service, case):
    answers = door.send(REFUSED[case] + NEXT)

    assert [answer.status for answer in answers] == [400]
    assert answers[0].is_closed
    assert service.seen == []


@pytest.mark.parametrize(
    "raw",
    [
        POST + HOST + CHUNKED + b"\r\n5\r\nhel",
        POST + HOST + CHUNKED + b"\r\n5\r\nhello\r\n",
        POST + HOST + b"Content-Length: 10\r\n\r\nhello",
        POST + HOST + CHUNKED + b"\r\n100001\r\n" + b"a" * 0x100001 + b"\r\n",
        POST + HOST + b"Content-Length: 3000000\r\n\r\n" + b"a" * 2_000_000,
    ],
    ids=["in a chunk", "between chunks", "before its length", "after much", "of a long one"],
)
def test_a_body_that_breaks_off_is_never_taken_for_whole(door, service, raw):
    answers = door.send(raw, then_leave=True)

    assert [answer.status for answer in answers] in ([400], [])
    assert not [seen for seen in service.seen if seen.is_whole]


def test_a_broken_chunk_after_many_good_ones_ends_the_request_at_the_service_too(door, service):
    """Such a body is streamed: the service has heard of it, but must not take it for whole."""
    raw = POST + HOST + CHUNKED + b"\r\n200000\r\n" + b"a" * 0x200000 + b"\r\n-1\r\n"

    answers = door.send(raw)

    assert [answer.status for answer in answers] in ([400], [])
    assert not [seen for seen in service.seen if seen.is_whole]


TWO_IN_ONE = {
    "a length": POST + HOST + b"Content-Length: 5\r\n\r\nhello",
    "the same length twice": POST + HOST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "chunks": POST + HOST + CHUNKED + b"\r\n" + HELLO,
    "chunks with an extension": POST + HOST + CHUNKED + b"\r\n5;a=b\r\nhello\r\n0\r\n\r\n",
    "chunked in capitals": POST + HOST + b"Transfer-Encoding: CHUNKED\r\n\r\n" + HELLO,
    "a coding with an underscore": (
        POST + HOST + b"Transfer_Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello"
    ),
    "a length with an underscore": (
        POST + HOST + b"Content_Length: 0\r\nContent-Length: 5\r\n\r\nhello"
    ),
}


@pytest.mark.parametrize("case", TWO_IN_ONE)
def test_what_is_sound_ends_where_it_says_and_the_next_begins_there(door, service, case):
    answers = door.send(TWO_IN_ONE[case] + NEXT)

    assert [answer.status for answer in answers] == [200, 200]
    assert [seen.target for seen in service.seen] == ["/api/v1/one/x", "/api/v1/one/smuggled"]
    assert service.seen[0].body == b"hello"
    assert not [name for name, _value in service.seen[0].headers if "_" in name]


@pytest.mark.parametrize(
    "order", [b"Content-Length: 4\r\n" + CHUNKED, CHUNKED + b"Content-Length: 4\r\n"]
)
def test_chunks_outweigh_a_length_and_the_connection_ends(door, service, order):
    """RFC 9112, section 6.1: so may a server read it, if it then closes the connection."""
    answers = door.send(POST + HOST + order + b"\r\n" + HELLO + NEXT)

    assert [answer.status for answer in answers] == [200]
    assert answers[0].is_closed
    (seen,) = service.seen
    assert (seen.body, seen.all("content-length")) == (b"hello", ["5"])
    assert not seen.all("transfer-encoding")


def test_a_body_that_stops_coming_is_answered_408(door, service):
    with socket.create_connection(("127.0.0.1", door.port), timeout=5) as client:
        client.sendall(POST + HOST + b"Content-Length: 10\r\n\r\nhell")
        (answer,) = read(client)
    assert (answer.status, answer.problem) == (408, "gateway/body-too-slow")
    assert answer.is_closed
    assert service.seen == []


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_answered_413(door, service, chunked):
    head = POST + HOST + (CHUNKED if chunked else b"Content-Length: %d\r\n" % (2**25 + 1))
    with socket.create_connection(("127.0.0.1", door.port), timeout=10) as client:
        client.sendall(head + b"\r\n")
        if chunked:
            _pour(client, 2**25 + 2**20)
            client.sendall(b"0\r\n\r\n")
        else:
            client.sendall(b"a" * (2**25 + 1))
        answers = read(client)
    assert [(answer.status, answer.is_closed) for answer in answers] == [(413, True)]
    assert answers[0].problem == "gateway/body-too-large"
    assert not [seen for seen in service.seen if seen.is_whole]


def _pour(client: socket.socket, size: int) -> None:
    piece = b"%x\r\n%s\r\n" % (2**20, b"a" * 2**20)
    for _ in range(size // 2**20):
        client.sendall(piece)


def test_who_asks_first_whether_to_send_too_much_is_told_at_once(door, service):
    raw = POST + HOST + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % (2**25 + 1)
    with socket.create_connection(("127.0.0.1", door.port), timeout=5) as client:
        client.sendall(raw)
        assert [answer.status for answer in read(client)] == [413]
    assert service.seen == []


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (GET + HOST + b"X-A: " + b"a" * 33_000 + b"\r\n\r\n", 431),
        (GET + HOST + b"X-A: " + b"a" * 600_000 + b"\r\n\r\n", 431),
        (GET + HOST + b"".join(b"X-%d: a\r\n" % n for n in range(120)) + b"\r\n", 431),
        (b"GET /api/v1/one/" + b"a" * 9_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
        (b"GET /api/v1/one/" + b"a" * 70_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
        (b"CONNECT one:80 HTTP/1.1\r\nHost: one:80\r\n\r\n", 405),
        (b"TRACE /api/v1/one/x HTTP/1.1\r\n" + HOST + b"\r\n", 405),
        (b"get /api/v1/one/x HTTP/1.1\r\n" + HOST + b"\r\n", 405),
        (GET + HOST + b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n", 501),
        (
            GET
            + HOST
            + b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            + b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            501,
        ),
    ],
)
def test_what_is_too_much_or_not_spoken_here_is_refused(door, service, raw, status):
    answers = door.send(raw)

    assert [answer.status for answer in answers] == [status]
    assert service.seen == []
    if status == 405:
        assert "GET" in answers[0].one("allow")


def test_http2_in_clear_text_is_not_spoken(door, service):
    assert door.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == []
    assert service.seen == []
