"""A request goes on to its service, and the answer comes back, as they are."""

from __future__ import annotations

import contextlib
import hashlib
import re
import socket
import time
from pathlib import Path

import pytest

from tests.gateway.conftest import Door, read


def test_a_request_reaches_its_service_as_it_was(door, service):
    answer = door.ask(
        "POST", "/api/v1/one/things?q=%20+&q=a", b'{"a": 1}', Content_Type="application/json"
    )

    assert (answer.status, answer.json) == (200, {"said": True})
    (seen,) = service.seen
    assert (seen.method, seen.target) == ("POST", "/api/v1/one/things?q=%20+&q=a")
    assert (seen.body, seen.one("content-type")) == (b'{"a": 1}', "application/json")
    assert seen.one("content-length") == "8"


def test_status_headers_and_body_come_back_as_they_are(door, service):
    answer = door.get("/api/v1/one/teapot")

    assert (answer.status, answer.body) == (418, b"short and stout")
    assert (answer.one("x-kind"), answer.one("content-type")) == ("teapot", "text/plain")
    assert answer.one("content-length") == "15"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_every_method_goes_through(door, service, method):
    answer = door.ask(method, "/api/v1/one/teapot")

    assert answer.status == 418
    assert [seen.method for seen in service.seen] == [method]
    assert answer.body == (b"" if method == "HEAD" else b"short and stout")
    assert answer.one("content-length") == "15"


@pytest.mark.parametrize(("path", "status"), [("empty", 204), ("unchanged", 304)])
def test_an_answer_without_a_body_stays_so(door, service, path, status):
    raw = f"GET /api/v1/one/{path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()

    assert [answer.status for answer in door.send(raw * 2)] == [status, status]


def test_a_redirect_is_for_the_client_to_follow(door, service):
    answer = door.get("/api/v1/one/away")

    assert (answer.status, answer.one("location")) == (302, "/api/v1/one/elsewhere")
    assert len(service.seen) == 1


def test_what_is_for_one_hop_does_not_come_back(door, service):
    answer = door.get("/api/v1/one/hop")

    assert not answer.all("keep-alive")
    assert not answer.all("proxy-authenticate")
    assert answer.one("set-cookie") == "a=1"
    assert answer.one("x-request-id") != "mine"
    assert len(answer.all("date")) == len(answer.all("server")) == 1


def test_a_large_answer_comes_whole(door, service):
    answer = door.get("/api/v1/one/large")

    assert hashlib.sha256(answer.body).digest() == hashlib.sha256(b"x" * 24 * 2**20).digest()


def test_an_answer_in_pieces_comes_piece_by_piece(door, service):
    with socket.create_connection(("127.0.0.1", door.port), timeout=5) as client:
        client.sendall(b"GET /api/v1/one/pieces HTTP/1.1\r\nHost: a\r\n\r\n")
        began = time.monotonic()
        got = b""
        while b"first," not in got:
            got += client.recv(4096)
        assert time.monotonic() - began < 0.6
        while not got.endswith(b"0\r\n\r\n"):
            got += client.recv(4096)
    assert b"second" in got


@pytest.mark.parametrize("size", [0, 1, 2**20, 2**20 + 1, 5 * 2**20])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_any_size_arrives_whole(door, service, size, chunked):
    body = bytes(range(256)) * (size // 256) + b"y" * (size % 256)
    head = b"POST /api/v1/one/things HTTP/1.1\r\nHost: a\r\n"
    if chunked:
        pieces = [body[at : at + 70_000] for at in range(0, len(body), 70_000)]
        framed = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"
        raw = head + b"Transfer-Encoding: chunked\r\n\r\n" + framed
    else:
        raw = head + b"Content-Length: %d\r\n\r\n" % size + body

    (answer,) = door.send(raw)

    assert answer.status == 200
    (seen,) = service.seen
    assert seen.body == body
    assert len(seen.all("content-length")) + len(seen.all("transfer-encoding")) == 1


def test_a_small_body_is_held_until_it_is_whole(door, service):
    with socket.create_connection(("127.0.0.1", door.port), timeout=5) as client:
        client.sendall(b"POST /api/v1/one/x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")
        time.sleep(0.3)
        assert service.seen == []
        client.sendall(b"cd")
        (answer,) = read(client)
    assert answer.status == 200
    assert service.seen[0].body == b"abcd"


def test_a_client_that_waits_for_the_word_gets_it(door, service):
    raw = b"POST /api/v1/one/x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
    with socket.create_connection(("127.0.0.1", door.port), timeout=5) as client:
        client.sendall(raw + b"Content-Length: 2\r\n\r\n")
        assert client.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"ab")
        (answer,) = read(client)
    assert answer.status == 200
    assert not service.seen[0].all("expect")


def test_the_published_keys_are_those_of_the_users_service(door, service):
    assert door.get("/.well-known/jwks.json").json == {"said": True}
    assert [seen.target for seen in service.seen] == ["/.well-known/jwks.json"]


@pytest.mark.parametrize(
    ("path", "status", "problem"),
    [
        ("slow", 504, "gateway/service-too-slow"),
        ("nonsense", 502, "gateway/service-broke"),
        ("slam", 502, "gateway/service-broke"),
        ("broken", 502, "gateway/service-broke"),
    ],
)
def test_a_service_that_fails_becomes_a_problem(door, service, path, status, problem):
    answer = door.ask("POST", f"/api/v1/one/{path}", b"{}")

    assert (answer.status, answer.problem) == (status, problem)
    assert len(service.seen) == 1  # what was sent once is not sent again


def test_a_reading_whose_connection_closed_is_sent_once_more(door, service):
    assert door.get("/api/v1/one/slam").status == 502
    assert [seen.method for seen in service.seen] == ["GET", "GET"]


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
def test_a_change_that_carries_its_key_is_sent_once_more_as_it_was(door, service, method):
    answer = door.ask(method, "/api/v1/one/slam", b"{}", Idempotency_Key="invoice-17")

    assert answer.status == 502
    assert [seen.method for seen in service.seen] == [method, method]
    assert {seen.one("idempotency-key") for seen in service.seen} == {"invoice-17"}
    assert {seen.body for seen in service.seen} == {b"{}"}


def test_a_change_without_a_key_whose_connection_closed_is_not(door, service):
    for method in ("PUT", "DELETE", "PATCH"):
        assert door.ask(method, "/api/v1/one/slam").status == 502
    assert [seen.method for seen in service.seen] == ["PUT", "DELETE", "PATCH"]


def test_a_service_that_is_not_there_is_said_to_be_so(door):
    answer = door.ask("POST", "/api/v1/gone/things", b"{}")

    assert (answer.status, answer.problem) == (502, "gateway/service-unreachable")


def test_a_reading_waits_for_a_service_that_is_starting_and_a_writing_does_not(door):
    began = time.monotonic()
    assert door.ask("POST", "/api/v1/gone/x", b"{}").status == 502
    assert time.monotonic() - began < 0.2

    began = time.monotonic()
    assert door.get("/api/v1/gone/x").status == 502
    assert time.monotonic() - began >= 0.25


@pytest.mark.parametrize("path", ["torn", "stuck"])
def test_an_answer_that_breaks_off_never_looks_whole(door: Door, service, path):
    """A chunked answer that is ended in good order would be taken for all of the rows."""
    got = b""
    with socket.create_connection(("127.0.0.1", door.port), timeout=8) as client:
        client.sendall(f"GET /api/v1/one/{path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        while piece := _receive(client):
            got += piece
    assert b"row 1" in got
    assert b"0\r\n\r\n" not in got
    assert door.get("/healthz").status == 200


def _receive(client: socket.socket) -> bytes:
    try:
        return client.recv(65536)
    except ConnectionResetError:
        return b""


def test_a_request_has_an_id_and_a_trace_from_end_to_end(door, service):
    answer = door.get("/api/v1/one/things")

    (seen,) = service.seen
    assert seen.one("x-request-id") == answer.one("x-request-id")
    assert seen.one("traceparent") == answer.one("traceparent")
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00", seen.one("traceparent"))
    assert seen.one("x-request-id") in seen.one("traceparent")


def test_an_id_and_a_trace_that_the_client_began_go_on(door, service):
    trace = "0af7651916cd43dd8448eb211c80319c"
    answer = door.get(
        "/api/v1/one/things",
        X_Request_Id="invoice-17",
        Traceparent=f"00-{trace}-b7ad6b7169203331-01",
        Tracestate="a=1",
    )

    (seen,) = service.seen
    assert answer.one("x-request-id") == seen.one("x-request-id") == "invoice-17"
    assert seen.one("traceparent").startswith(f"00-{trace}-")
    assert "b7ad6b7169203331" not in seen.one("traceparent")
    assert seen.one("traceparent").endswith("-01")
    assert seen.one("tracestate") == "a=1"


@pytest.mark.parametrize("bad", ["a b", "x" * 65, "<script>", "-a", ""])
def test_an_id_that_is_none_is_made_anew(door, service, bad):
    broken = {"X_Request_Id": bad, "Traceparent": "00-0-0-0", "Tracestate": "a=1"}
    answer = door.get("/api/v1/one/things", **broken)

    assert re.fullmatch(r"[0-9a-f]{32}", answer.one("x-request-id"))
    assert service.seen[0].one("x-request-id") == answer.one("x-request-id")
    assert not service.seen[0].all("tracestate")


def _in_flight(door: Door) -> str:
    text = door.get("/metrics").body.decode()
    return re.search(r'nexafi_gateway_in_flight\{service="one"\} (\S+)', text)[1]


def test_a_client_that_does_not_read_is_let_go(door, service):
    """Else a few clients that ask for much and take nothing would hold all of a service's hands."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", door.port))
        client.sendall(b"GET /api/v1/one/large HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.3)
        assert _in_flight(door) == "1.0", "it is not all in memory"
        until = time.monotonic() + 5
        while _in_flight(door) != "0.0":
            assert time.monotonic() < until
            time.sleep(0.1)
        client.settimeout(5)
        got = 0
        with contextlib.suppress(ConnectionResetError):
            while piece := client.recv(2**20):
                got += len(piece)
    assert got < 24 * 2**20


def test_a_client_that_reads_slowly_gets_all_of_it(door, service):
    got = 0
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client.connect(("127.0.0.1", door.port))
        client.settimeout(5)
        client.sendall(b"GET /api/v1/one/large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        while piece := client.recv(2**18):
            got += len(piece)
            time.sleep(0.01)
    assert 24 * 2**20 < got < 24 * 2**20 + 1000


def test_a_client_that_goes_away_frees_its_place(door, service):
    with socket.create_connection(("127.0.0.1", door.port)) as client:
        client.sendall(b"GET /api/v1/one/large HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.recv(1000)
    until = time.monotonic() + 5
    while _in_flight(door) != "0.0":
        assert time.monotonic() < until
        time.sleep(0.05)


def test_large_bodies_do_not_fill_the_memory(start_door, service):
    door = start_door({"one": service.origin}, body_max_bytes=2**30)
    before = _memory_mib(door)

    assert door.ask("POST", "/api/v1/one/x", b"z" * 100 * 2**20).status == 200
    assert len(door.get("/api/v1/one/large").body) == 24 * 2**20

    assert len(service.seen[0].body) == 100 * 2**20
    assert _memory_mib(door) - before < 40


def _memory_mib(door: Door) -> float:
    """Return the most that any of the door's processes has held so far."""
    parents = [door.process.pid]
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == door.process.pid:
                parents.append(int(stat.parent.name))
    found = (Path(f"/proc/{pid}/status").read_text() for pid in parents)
    return max(int(re.search(r"VmHWM:\s+(\d+)", text)[1]) / 1024 for text in found)
