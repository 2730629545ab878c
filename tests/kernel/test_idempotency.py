"""A POST that is sent twice is done once, whoever races, fails or dies meanwhile."""

from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from pydantic import BaseModel
from sqlalchemy import func, select, text

from nexafi.kernel.data.database import Database
from nexafi.kernel.data.tables import IdempotencyRow
from nexafi.kernel.data.work import Begin, Work
from nexafi.kernel.equipment import Equipment
from nexafi.kernel.errors import Conflict
from nexafi.kernel.news import jobs
from nexafi.kernel.service import KERNEL_JOBS, Service
from nexafi.kernel.trust.permissions import Anyone
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.web import idempotency
from nexafi.kernel.web.downloads import Download
from nexafi.kernel.web.endpoints import Routes
from nexafi.kernel.web.idempotency import KEPT_MIN, LEASE, Keeping
from nexafi.kernel.web.uploads import Upload
from nexafi.ledger.app import service as ledger
from nexafi.ledger.tables import Account, Base
from tests.conftest import on_postgres
from tests.kernel.rows import row

PATH = "/api/v1/ledger/x"
routes = Routes(PATH)


class Named(BaseModel):
    code: str


class Made(Named):
    id: UUID


class Token(BaseModel):
    token: str


class Outer:
    """What happens outside while an endpoint with `begin` runs."""

    def __init__(self) -> None:
        self.calls = 0
        self.meanwhile = lambda: None


@routes.post("", needs=Anyone.SIGNED_IN, gives=Made)
def make(work: Work, body: Named) -> Account:
    account = row(body.code)
    work.session.add(account)
    work.session.flush()
    if body.code == "refused":
        raise Conflict("No.")
    return account


@routes.get("/<uuid:account_id>", needs=Anyone.SIGNED_IN, gives=Made)
def read(work: Work, account_id: UUID) -> Account:
    return work.session.get(Account, (work.organization_id, account_id))


@routes.post("/ask", needs=Anyone.SIGNED_IN, gives=Named)
def ask(begin: Begin, body: Named, outer: Outer) -> Named:
    outer.calls += 1
    outer.meanwhile()
    with begin() as work:
        work.session.add(row(body.code))
    return body


@routes.post("/slow", needs=Anyone.SIGNED_IN, gives=Named)
def linger(work: Work, body: Named, outer: Outer) -> Named:
    work.session.add(row(body.code))
    outer.meanwhile()
    return body


@routes.post("/token", needs=Anyone.PUBLIC, gives=Token, secret_answer=True)
def token(work: Work, body: Named) -> Token:
    return Token(token=f"very secret {body.code}")


@routes.post("/other", needs=Anyone.PUBLIC, gives=Token)
def other(work: Work, body: Named) -> Token:
    return Token(token=f"other {body.code}")


@routes.post("/file", needs=Anyone.SIGNED_IN, gives=None)
def send(work: Work, file: Upload) -> Download:
    work.session.add(row(file.read().decode()))
    return Download(file.read(), "text/plain", "back.txt")


class House:
    """A service of these endpoints, with the caller who is speaking to it."""

    def __init__(self, database: Database, caller) -> None:
        self.database, self.caller, self.outer = database, caller, Outer()
        service = Service("ledger", 5002, Base, routes=[routes], equipment=[self.outer])
        self.service = service
        self.app = service.equip(Secret.new()).app(database, lambda: self.caller)

    def post(self, code: str, key: str | None, path: str = ""):
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.app.test_client().post(PATH + path, json={"code": code}, headers=headers)

    def upload(self, content: bytes, key: str):
        data = {"file": (io.BytesIO(content), "x.txt")}
        headers = {"Idempotency-Key": key}
        return self.app.test_client().post(f"{PATH}/file", data=data, headers=headers)

    def count(self, table: str) -> int:
        with self.database.steward() as session:
            return session.scalar(select(func.count()).select_from(text(table)))

    def rows(self) -> list[IdempotencyRow]:
        with self.database.steward() as session:
            return list(session.scalars(select(IdempotencyRow)))


@pytest.fixture
def house(open_database, context) -> House:
    return House(open_database(ledger), context)


def is_replay(answer) -> bool:
    return answer.headers.get("Idempotency-Replayed") == "true"


def test_the_same_again_is_answered_as_before_and_marked(house):
    first, second = house.post("1", "k"), house.post("1", "k")

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.data == second.data
    assert first.headers["Location"] == second.headers["Location"] == f"{PATH}/{first.json['id']}"
    assert [is_replay(first), is_replay(second)] == [False, True]
    assert house.count("accounts") == house.count("idempotency") == 1


def test_without_a_key_nothing_is_kept(house):
    house.post("1", None)

    assert house.post("2", None).status_code == 201
    assert house.count("idempotency") == 0


def test_another_request_under_the_same_key_is_refused(house):
    house.post("1", "k")

    for answer in (house.post("2", "k"), house.post("1", "k", "/ask")):
        assert answer.status_code == 422
        assert answer.json["type"] == "/problems/key-reused"
    assert house.count("accounts") == 1


def test_another_person_or_organization_is_not_given_the_answer(house, context):
    house.post("1", "k")
    house.caller = replace(context, actor="eve@example.com")
    assert house.post("1", "k").status_code == 422

    house.caller = replace(context, organization_id=UUID(int=7))
    assert not is_replay(house.post("1", "k"))
    assert house.count("accounts") == 2


def test_a_problem_keeps_nothing_so_that_one_may_try_again(house):
    assert house.post("refused", "k").status_code == 409
    assert house.count("accounts") == house.count("idempotency") == 0

    again = house.post("1", "k")
    assert (again.status_code, is_replay(again)) == (201, False)


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "\xe9", "a\tb"])
def test_a_key_is_255_visible_characters_at_most(house, key):
    answer = house.post("1", key)

    assert answer.status_code == 400
    assert answer.json["type"] == "/problems/key-malformed"
    assert house.count("accounts") == 0


def test_sixteen_that_race_have_one_effect_and_fifteen_replays(house):
    start = threading.Barrier(16)

    def race(_number: int):
        start.wait()
        return house.post("1", "k")

    with ThreadPoolExecutor(16) as crowd:
        answers = list(crowd.map(race, range(16)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.data for answer in answers}) == 1
    assert sum(is_replay(answer) for answer in answers) == 15
    assert house.count("accounts") == house.count("idempotency") == 1


@on_postgres
def test_who_has_waited_too_long_for_the_first_is_told_so(house, monkeypatch):
    monkeypatch.setattr(idempotency, "INSERT", idempotency.inserts("50ms"))
    seen = []
    house.outer.meanwhile = lambda: seen.append(house.post("1", "k", "/slow"))

    first = house.post("1", "k", "/slow")

    assert (first.status_code, is_replay(first)) == (201, False)
    assert [answer.status_code for answer in seen] == [409]
    assert seen[0].json["type"] == "/problems/still-running"
    assert is_replay(house.post("1", "k", "/slow"))
    assert house.count("accounts") == 1


def test_who_comes_while_an_endpoint_asks_outside_is_told_so(house):
    seen = []
    house.outer.meanwhile = lambda: seen.append(house.post("1", "k", "/ask"))

    first, after = house.post("1", "k", "/ask"), house.post("1", "k", "/ask")

    assert seen[0].status_code == 409
    assert seen[0].json["type"] == "/problems/still-running"
    assert (first.status_code, is_replay(after)) == (201, True)
    assert house.outer.calls == house.count("accounts") == 1


def test_what_a_dead_process_began_is_taken_over_after_its_lease(house, clock):
    def die() -> None:
        raise SystemExit

    house.outer.meanwhile = die
    with pytest.raises(SystemExit):
        house.post("1", "k", "/ask")
    house.outer.meanwhile = lambda: None

    assert house.post("1", "k", "/ask").status_code == 409
    clock.pass_by(LEASE)
    assert house.post("2", "k", "/ask").status_code == 422
    again = house.post("1", "k", "/ask")
    assert (again.status_code, is_replay(again)) == (201, False)
    assert is_replay(house.post("1", "k", "/ask"))
    assert house.count("accounts") == 1


def test_an_endpoint_that_asks_outside_and_fails_may_be_tried_again(house):
    def fail() -> None:
        raise Conflict("No.")

    house.outer.meanwhile = fail
    assert house.post("1", "k", "/ask").status_code == 409
    assert house.count("idempotency") == 0

    house.outer.meanwhile = lambda: None
    assert house.post("1", "k", "/ask").status_code == 201


def test_an_answer_that_holds_tokens_is_kept_sealed(house):
    first, second = house.post("1", "k", "/token"), house.post("1", "k", "/token")

    assert first.json == second.json == {"token": "very secret 1"}
    assert is_replay(second)
    assert b"secret" not in house.rows()[0].answer


def test_the_public_shares_no_keys_between_endpoints(house):
    assert house.post("1", "k", "/token").status_code == 201

    answer = house.post("1", "k", "/other")

    assert (answer.json, is_replay(answer)) == ({"token": "other 1"}, False)
    assert house.count("idempotency") == 2
    assert "k" not in {row.key for row in house.rows()}


def test_the_same_file_again_is_the_same_request_and_its_answer_comes_back(house):
    first, second, other = (house.upload(each, "k") for each in (b"one", b"one", b"two"))

    assert first.data == second.data == b"one"
    assert first.headers["Content-Type"] == second.headers["Content-Type"]
    assert first.headers["Content-Disposition"] == second.headers["Content-Disposition"]
    assert is_replay(second)
    assert other.status_code == 422
    assert house.count("accounts") == 1


def test_what_is_kept_says_nothing_of_the_request_to_one_without_the_secret(house):
    house.post("1", "k")
    kept = house.rows()[0].fingerprint
    other = House(house.database, house.caller)

    assert other.post("1", "k").status_code == 422
    assert len(kept) == 64


def test_old_keys_are_forgotten_and_young_ones_are_not(house, clock, context):
    house.post("1", "old")
    house.post("1", "old", "/token")
    clock.pass_by(KEPT_MIN)
    house.post("2", "young")

    done = jobs.run(KERNEL_JOBS[0], house.database, Equipment([Keeping()]))

    assert done == 2
    assert [row.key for row in house.rows()] == ["young"]


@pytest.mark.parametrize(("hours", "kept"), [(1, 1), (72, 2)])
def test_how_long_is_a_setting_but_a_day_at_least(house, clock, hours, kept):
    house.post("1", "old")
    clock.pass_by(timedelta(hours=30))
    house.post("2", "young")

    house.service.equip(Keeping(timedelta(hours=hours))).round(house.database, lambda _: None)

    assert house.count("idempotency") == kept


def test_nothing_is_kept_of_a_get(house, context):
    house.app.test_client().get(f"{PATH}/{UUID(int=1)}", headers={"Idempotency-Key": "k"})

    assert house.count("idempotency") == 0
    assert timedelta(0) < LEASE < KEPT_MIN
