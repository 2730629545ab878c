"""What every answer has around it, whoever asks for what."""

from __future__ import annotations

import sqlite3

import pytest
from flask.testing import FlaskClient
from pydantic import BaseModel
from sqlalchemy.exc import InterfaceError, OperationalError

from nexafi.kernel.data.work import Work
from nexafi.kernel.errors import Conflict, NotSignedIn
from nexafi.kernel.service import Service
from nexafi.kernel.trust.permissions import Anyone
from nexafi.kernel.values.money import Money
from nexafi.kernel.web.downloads import Download
from nexafi.kernel.web.endpoints import Routes
from nexafi.ledger.app import service as ledger
from nexafi.ledger.tables import Base
from tests.conftest import on_sqlite

PATH = "/api/v1/ledger/x"
routes = Routes(PATH)
pytestmark = on_sqlite


class Said(BaseModel):
    text: str


@routes.get("/<string:name>", needs=Anyone.PUBLIC, gives=Said)
def name(work: Work, name: str) -> Said:
    return Said(text=f"{name} {work.context.request_id}")


@routes.get("/private/me", needs=Anyone.SIGNED_IN, gives=Said)
def me(work: Work) -> Said:
    return Said(text="me")


@routes.get("/file/it", needs=Anyone.PUBLIC, gives=Said)
def file(work: Work) -> Said | Download:
    return Download(b"a;b", "text/csv; charset=utf-8", 'B\xfccher "2026".csv')


@routes.get("/money/it", needs=Anyone.PUBLIC, gives=None)
def money(work: Work) -> None:
    raise Conflict("No.", missing=Money(5, "EUR"), of=work.context.now, which={"b", "a"})


class Failing:
    """Raises what it was told to, as a database in trouble does."""

    error: Exception = ValueError("a secret of ours")


@routes.get("/fail/it", needs=Anyone.PUBLIC, gives=None)
def fail(work: Work, failing: Failing) -> None:
    raise failing.error


@pytest.fixture
def failing() -> Failing:
    return Failing()


@pytest.fixture
def client(open_database, failing) -> FlaskClient:
    def nobody() -> None:
        raise NotSignedIn("Sign in first.")

    service = Service("ledger", 5002, Base, routes=[routes], equipment=[failing])
    return service.app(open_database(ledger), nobody).test_client()


def test_a_sane_request_id_is_kept_and_told_to_all(client):
    answer = client.get(f"{PATH}/ada", headers={"X-Request-Id": "r-1:2"})

    assert answer.headers["X-Request-Id"] == "r-1:2"
    assert answer.json["text"] == "ada r-1:2"


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", '"><script>', "\xe9", "-a"])
def test_an_insane_request_id_is_replaced(client, given):
    answer = client.get(f"{PATH}/ada", headers={"X-Request-Id": given})

    made = answer.headers["X-Request-Id"]
    assert made != given
    assert len(made) == 32
    assert client.get(f"{PATH}/ada").headers["X-Request-Id"] != made


def test_without_one_the_trace_gives_the_request_its_id(client):
    trace = "0af7651916cd43dd8448eb211c80319c"
    parent = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}

    assert client.get(f"{PATH}/ada", headers=parent).headers["X-Request-Id"] == trace


def test_problems_and_unknown_paths_have_the_id_as_well(client):
    for path in ("/nowhere", f"{PATH}/private/me", f"{PATH}/fail/it"):
        answer = client.get(path)
        assert answer.json["request_id"] == answer.headers["X-Request-Id"]


def test_nobody_keeps_sniffs_or_frames_an_answer(client):
    for path in ("/nowhere", f"{PATH}/ada", f"{PATH}/file/it"):
        headers = client.get(path).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_head_and_options_are_answered_and_other_methods_are_told_what_is(client):
    head = client.head(f"{PATH}/ada")
    options = client.options(f"{PATH}/ada")
    deleted = client.delete(f"{PATH}/ada")

    assert (head.status_code, head.data) == (200, b"")
    assert options.status_code == 200
    assert deleted.status_code == 405
    for answer in (options, deleted):
        assert {"GET", "HEAD", "OPTIONS"} <= {*answer.headers["Allow"].split(", ")}
    assert deleted.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200),
        ("application/*;q=0.5, text/html", 200),
        ("*/*", 200),
        ("", 200),
        ("text/html", 406),
        ("application/json;q=0", 406),
        ("application/jsonx", 406),
    ],
)
def test_who_takes_no_json_is_told_so(client, accept, status):
    answer = client.get(f"{PATH}/ada", headers={"Accept": accept})

    assert answer.status_code == status
    assert client.get(f"{PATH}/file/it", headers={"Accept": "text/csv"}).status_code == 200


def test_a_file_goes_out_under_a_name_that_any_browser_can_save(client):
    answer = client.get(f"{PATH}/file/it")

    assert (answer.data, answer.headers["Content-Type"]) == (b"a;b", "text/csv; charset=utf-8")
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename=\"B_cher _2026_.csv\"; filename*=UTF-8''B%C3%BCcher%20%222026%22.csv"
    )


def test_a_name_with_nul_is_no_name(client):
    assert client.get(f"{PATH}/a%00b").status_code == 404
    assert client.get(f"{PATH}/%ff").status_code == 200


def test_a_problem_says_its_facts_as_the_wire_has_them(client):
    said = client.get(f"{PATH}/money/it").json

    assert said["missing"] == {"amount": "0.05", "currency": "EUR"}
    assert said["of"].startswith("2026-04-01")
    assert said["which"] == ["a", "b"]


def test_who_is_not_signed_in_is_told_how(client):
    answer = client.get(f"{PATH}/private/me")

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def _busy() -> OperationalError:
    cause = sqlite3.OperationalError("database is locked")
    cause.sqlite_errorname = "SQLITE_BUSY"
    return OperationalError("SELECT a secret of ours", {}, cause)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (_busy(), 503),
        (InterfaceError("SELECT a secret of ours", {}, Exception("gone")), 503),
        (ValueError("a secret of ours"), 500),
    ],
)
def test_a_database_in_trouble_is_told_from_a_defect_and_neither_says_why(
    client, failing, caplog, error, status
):
    failing.error = error
    answer = client.get(f"{PATH}/fail/it")

    assert answer.status_code == status
    assert ("Retry-After" in answer.headers) == (status == 503)
    assert "secret" not in answer.text
    assert "secret" in caplog.text
