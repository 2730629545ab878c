"""A file comes in whole, on disk when it is large, and within its limit."""

from __future__ import annotations

import hashlib
import io
import json
import tracemalloc

import pytest
from flask.testing import FlaskClient
from pydantic import BaseModel
from werkzeug.test import EnvironBuilder, run_wsgi_app

from nexafi.kernel.data.work import Work
from nexafi.kernel.service import Service
from nexafi.kernel.trust.permissions import Anyone
from nexafi.kernel.web.endpoints import Routes
from nexafi.kernel.web.uploads import Upload
from nexafi.ledger.app import service as ledger
from nexafi.ledger.tables import Base
from tests.conftest import on_sqlite

PATH = "/api/v1/ledger/x"
MIB = 1024 * 1024
HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="%b"\r\n\r\n'
TAIL = b"\r\n--b--\r\n"
MULTIPART = "multipart/form-data; boundary=b"
routes = Routes(PATH)
pytestmark = on_sqlite


class Seen(BaseModel):
    name: str
    size: int
    digest: str


@routes.post("/large", needs=Anyone.PUBLIC, gives=Seen)
def large(work: Work, file: Upload) -> Seen:
    digest = hashlib.file_digest(file.open(), "sha256").hexdigest()
    return Seen(name=file.name, size=file.size, digest=digest)


@routes.post("/small", needs=Anyone.PUBLIC, gives=Seen, bytes_max=2 * MIB)
def small(work: Work, file: Upload) -> Seen:
    digest = hashlib.sha256(file.read()).hexdigest()
    assert file.read() == file.open().read()
    return Seen(name=file.name, size=file.size, digest=digest)


@pytest.fixture
def client(open_database, context) -> FlaskClient:
    service = Service("ledger", 5002, Base, routes=[routes])
    return service.app(open_database(ledger), lambda: context).test_client()


def send(client: FlaskClient, content: bytes, path: str = "small", name: str = "a.ofx"):
    body = HEAD % name.encode() + content + TAIL
    return client.post(f"{PATH}/{path}", data=body, content_type=MULTIPART)


def test_a_file_comes_in_as_it_was_sent(client):
    answer = send(client, b"\x00\xff\r\n--x", name="Kontoauszug M\xe4rz.sta")

    assert answer.status_code == 201
    assert answer.json["name"] == "Kontoauszug M\xe4rz.sta"
    assert answer.json["size"] == 7
    assert answer.json["digest"] == hashlib.sha256(b"\x00\xff\r\n--x").hexdigest()


def test_an_empty_file_is_a_file(client):
    assert send(client, b"").json["size"] == 0


class Endless(io.RawIOBase):
    """A body of so many bytes that is nowhere whole."""

    def __init__(self, head: bytes, size: int, tail: bytes) -> None:
        self._parts = [head, *([b"x" * MIB] * (size // MIB)), tail]
        self._rest = b""
        self.size = len(head) + size + len(tail)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        if not self._rest and self._parts:
            self._rest = self._parts.pop(0)
        chunk, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(chunk)] = chunk
        return len(chunk)


def test_a_large_file_goes_to_disk_and_not_to_memory(client):
    body = Endless(HEAD % b"a", 96 * MIB, TAIL)
    environ = EnvironBuilder(f"{PATH}/large", method="POST").get_environ()
    environ["wsgi.input"] = io.BufferedReader(body)
    environ["CONTENT_TYPE"] = MULTIPART
    environ["CONTENT_LENGTH"] = str(body.size)
    tracemalloc.start()

    said, status, _headers = run_wsgi_app(client.application, environ)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert status == "201 CREATED"
    assert json.loads(b"".join(said))["size"] == 96 * MIB
    assert peak < 16 * MIB


def test_each_route_has_its_limit_and_nothing_of_what_is_over_it_is_read(client):
    assert send(client, b"x" * (2 * MIB - 1000)).status_code == 201
    answer = send(client, b"x" * (2 * MIB))

    assert answer.status_code == 413
    assert answer.mimetype == "application/problem+json"
    assert send(client, b"x" * (2 * MIB), "large").status_code == 201


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        ({"file": "text"}, "multipart/form-data", 400),
        ({"other": (io.BytesIO(b"x"), "a")}, "multipart/form-data", 400),
        ({}, "multipart/form-data", 400),
        ({"file": (io.BytesIO(b"x"), "a"), "more": "1"}, "multipart/form-data", 400),
        (b"no part at all", "multipart/form-data; boundary=b", 400),
        (b"no boundary", "multipart/form-data", 400),
        (b"{}", "application/json", 415),
        (b"x", "application/octet-stream", 415),
    ],
)
def test_what_is_not_one_file_is_refused(client, data, content_type, status):
    answer = client.post(f"{PATH}/small", data=data, content_type=content_type)

    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"


def test_many_parts_are_refused(client):
    parts = {f"f{number}": (io.BytesIO(b"x"), "a") for number in range(50)}

    assert client.post(f"{PATH}/small", data=parts).status_code == 413
