"""PostgreSQL under pressure: none is free, someone cuts in, the server forgets us."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import BaseModel
from sqlalchemy import func, select, text, update

from nexafi.kernel.data.connections import Limits
from nexafi.kernel.data.context import Context
from nexafi.kernel.data.database import Database
from nexafi.kernel.data.work import Work
from nexafi.kernel.service import Service, Watch
from nexafi.kernel.trust.permissions import Anyone
from nexafi.kernel.web.endpoints import Routes
from nexafi.ledger.app import service as ledger
from nexafi.ledger.tables import Account, Base
from tests.conftest import Open, on_postgres
from tests.kernel.rows import row
from tests.pgbouncers import LIMITS

pytestmark = on_postgres
PATH = "/api/v1/ledger/x"


class Named(BaseModel):
    code: str


@dataclass
class Fate:
    """What happens in the middle of a request, once."""

    comes: Callable[[Work], object] = lambda _work: None
    tries: int = 0
    guard: threading.Lock = field(default_factory=threading.Lock)


routes = Routes(PATH)


@routes.post("", needs=Anyone.SIGNED_IN, gives=Named)
def make(work: Work, body: Named, fate: Fate) -> Named:
    work.session.add(row(body.code))
    work.session.flush()
    with fate.guard:
        fate.tries += 1
    fate.comes(work)
    work.session.scalar(select(1))
    return body


@routes.act("/swap", needs=Anyone.SIGNED_IN, gives=Named)
def swap(work: Work, body: Named, fate: Fate) -> Named:
    """Change both rows, the named one first; whoever tries for the first time waits for another."""
    codes = ["1", "2"] if body.code == "1" else ["2", "1"]
    for code in codes:
        work.session.execute(update(Account).where(Account.code == code).values(name=body.code))
        if code == codes[0]:
            with fate.guard:
                fate.tries += 1
                first = fate.tries <= 2
            if first:
                fate.comes(work)
    return body


@routes.get("", needs=Anyone.SIGNED_IN, gives=Named)
def read(work: Work, fate: Fate) -> Named:
    work.session.scalar(select(1))  # only now is there a transaction that can be lost
    fate.tries += 1
    fate.comes(work)
    return Named(code=str(work.session.scalar(select(func.count(Account.id)))))


@routes.get("/report", needs=Anyone.SIGNED_IN, gives=Named, report=True)
def report(work: Work, fate: Fate) -> Named:
    fate.comes(work)
    return Named(code="done")


@dataclass
class Site:
    """A service on a database of its own, within limits."""

    database: Database
    context: Context
    fate: Fate = field(default_factory=Fate)
    app: Flask = field(init=False)

    def __post_init__(self) -> None:
        service = Service("ledger", 5002, Base, routes=[routes], equipment=[self.fate])
        self.app = service.app(self.database, lambda: self.context)

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    def count(self) -> int:
        with self.database.work(self.context) as work:
            return work.session.scalar(select(func.count(Account.id)))


@pytest.fixture
def site(open_database: Open, context: Context):
    """Return what opens a site within limits; all are on one database."""
    usual = open_database(ledger)
    app, steward = (
        engine.url.render_as_string(hide_password=False) for engine in usual._kind.engines.values()
    )
    opened: list[Database] = []

    def open_one(limits: Limits = Limits()) -> Site:  # noqa: B008 - it is a value
        within = replace(limits, is_pooled=LIMITS.is_pooled)
        opened.append(ledger.database(app, steward_url=steward, limits=within, clock=usual.clock))
        return Site(opened[-1], context)

    yield open_one
    for database in opened:
        database.close()


@pytest.fixture
def cut_off(places) -> Callable[[Database], None]:
    """Return what ends all connections of a database, as its administrator can."""
    script = (
        "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    return lambda database: places["postgresql"]._within(database.engine.url.database, script)


def sleep(seconds: float) -> Callable[[Work], object]:
    return lambda work: work.session.connection().execute(select(func.pg_sleep(seconds)))


def is_refusal_for_now(answer) -> bool:
    return (
        answer.status_code == 503
        and answer.json["type"] == "/problems/unavailable"
        and answer.headers["Retry-After"] == "1"
    )


def test_when_no_connection_is_free_one_is_told_to_come_again(site):
    tight = site(Limits(size=1, overflow=0, wait_s=0.1))
    watch = Watch(ledger, tight.database)

    with tight.database.work(tight.context):
        said = watch.meters.exposition().decode()
        refused = tight.client.post(PATH, json={"code": "1"})

    assert is_refusal_for_now(refused)
    assert 'nexafi_database_connections{role="app",service="ledger",state="in_use"} 1.0' in said
    assert tight.fate.tries == 0
    assert tight.client.post(PATH, json={"code": "1"}).status_code == 201


def test_of_two_who_wait_for_each_other_one_begins_anew_and_both_are_done(site):
    both = site()
    for code in "12":
        assert both.client.post(PATH, json={"code": code}).status_code == 201
    both.fate.tries = 0
    meeting = threading.Barrier(2)
    both.fate.comes = lambda _work: meeting.wait(10)
    answers = []

    def go(code: str) -> None:
        answers.append(both.client.post(f"{PATH}/swap", json={"code": code}).status_code)

    callers = [threading.Thread(target=go, args=code) for code in "12"]
    for each in callers:
        each.start()
    for each in callers:
        each.join(20)

    assert answers == [200, 200]
    assert both.fate.tries == 3, "one of them was tried twice"


def test_who_loses_the_connection_in_the_middle_leaves_nothing(site, cut_off):
    lost = site()
    lost.fate.comes = lambda _work: cut_off(lost.database)

    refused = lost.client.post(PATH, json={"code": "1"})

    assert is_refusal_for_now(refused)
    lost.fate.comes = lambda _work: None
    assert lost.count() == 0
    assert lost.client.post(PATH, json={"code": "1"}).status_code == 201


def test_a_read_that_loses_its_connection_is_done_again(site, cut_off):
    lost = site()
    lost.fate.comes = lambda _work: cut_off(lost.database) if lost.fate.tries == 1 else None

    answer = lost.client.get(PATH)

    assert (answer.status_code, lost.fate.tries) == (200, 2)


def test_connections_that_were_lost_while_idle_are_replaced_unseen(site, cut_off):
    idle = site()
    idle.count()
    cut_off(idle.database)

    assert idle.client.post(PATH, json={"code": "1"}).status_code == 201
    assert idle.fate.tries == 1


def test_when_all_are_cut_off_again_and_again_what_was_answered_is_kept_once(site, cut_off):
    storm = site()
    answers: dict[str, list[int]] = {}
    over = threading.Event()

    def post(code: str) -> None:
        headers = {"Idempotency-Key": code}
        answers[code] = []
        while not answers[code] or answers[code][-1] != 201:
            answer = storm.client.post(PATH, json={"code": code}, headers=headers)
            answers[code].append(answer.status_code)
            # 409: the server has not yet noticed that the one before was cut off
            assert answer.status_code in {201, 409} or is_refusal_for_now(answer), answer.json

    def many(worker: int) -> None:
        number = 0
        while not over.is_set() or number < 5:
            post(f"{worker}.{number}")
            number += 1

    workers = [threading.Thread(target=many, args=(each,)) for each in range(4)]
    for each in workers:
        each.start()
    for _ in range(6):
        time.sleep(0.15)
        cut_off(storm.database)
    over.set()
    for each in workers:
        each.join(60)

    assert storm.count() == len(answers)
    assert any(503 in each for each in answers.values()), "nobody was disturbed"


@pytest.mark.parametrize(
    ("limits", "fate"),
    [
        (Limits(statement_s=0.1), sleep(5)),
        (Limits(idle_s=0.1), lambda _work: time.sleep(0.4)),
    ],
    ids=["a statement that takes too long", "a transaction that does nothing"],
)
def test_what_takes_too_long_is_ended_and_leaves_nothing(site, limits, fate):
    slow = site(limits)
    slow.fate.comes = fate

    assert is_refusal_for_now(slow.client.post(PATH, json={"code": "1"}))
    assert slow.count() == 0


def test_who_waits_too_long_for_a_lock_is_told_to_come_again(site):
    patient, hasty = site(), site(Limits(lock_s=0.1))
    assert patient.client.post(PATH, json={"code": "1"}).status_code == 201
    hasty.fate.comes = lambda work: work.session.execute(update(Account).values(name="y"))

    with patient.database.work(patient.context) as work:
        work.session.execute(update(Account).values(name="z"))
        assert is_refusal_for_now(hasty.client.post(PATH, json={"code": "2"}))

    assert patient.count() == 1


def test_a_report_may_take_longer_than_others(site):
    slow = site(Limits(statement_s=0.1, report_s=20))
    slow.fate.comes = sleep(0.3)

    refused = slow.client.get(PATH)

    assert is_refusal_for_now(refused)
    assert refused.json["detail"] == "This took too long; ask for less, or later."
    assert slow.client.get(f"{PATH}/report").status_code == 200


def test_the_server_knows_who_we_are_unless_the_address_says_otherwise(site):
    plain = site()
    asked = text("SELECT current_setting('application_name'), current_setting('lock_timeout')")
    with plain.database.work(plain.context) as work:
        assert tuple(work.session.execute(asked).one()) == ("nexafi-ledger", "5s")

    address = plain.database.engine.url.update_query_dict(
        {"application_name": "books", "options": "-c lock_timeout=7000"}
    )
    named = ledger.database(address.render_as_string(hide_password=False), limits=LIMITS)
    with named.work(plain.context) as work:
        assert tuple(work.session.execute(asked).one()) == ("books", "7s")
    named.close()
