"""A service says how it is: alive, ready, and what it did."""

from __future__ import annotations

import logging

from sqlalchemy import text

from nexafi.kernel.data.context import Context
from nexafi.kernel.data.revisions import heads
from nexafi.kernel.service import Watch
from nexafi.ledger.app import service
from tests.conftest import on_sqlite

ANYWHERE = "/api/v1/ledger/accounts"


def client(database, caller: Context | None = None, watch: Watch | None = None):
    return service.app(database, lambda: caller, watch).test_client()


def test_a_migrated_database_makes_ready(open_database):
    answer = client(open_database(service)).get("/readyz")

    assert answer.status_code == 200
    assert answer.json == {"status": "ready", "checks": {"process": "ok", "database": "ok"}}


@on_sqlite
def test_a_missing_migration_makes_unready_but_alive(open_database):
    database = open_database(service)
    with database.engine.begin() as connection:
        connection.execute(text("DELETE FROM alembic_version WHERE version_num LIKE 'ledger%'"))
    asked = client(database)

    answer = asked.get("/readyz")

    assert answer.status_code == 503
    assert "nexafi migrate" in answer.json["checks"]["database"]
    assert asked.get("/healthz").status_code == 200


def test_a_database_that_cannot_be_asked_makes_unready(open_database, monkeypatch):
    database = open_database(service)
    monkeypatch.setattr(database, "survey", lambda: 1 / 0)

    answer = client(database).get("/readyz")

    assert answer.status_code == 503
    assert answer.json["checks"]["database"] == "the check failed: ZeroDivisionError"


def test_one_who_drains_is_not_ready(open_database):
    database = open_database(service)
    watch = Watch(service, database)

    watch.health.drain()

    answer = client(database, watch=watch).get("/readyz")
    assert (answer.status_code, answer.json["checks"]["process"]) == (503, "stopping")


def test_requests_are_counted_by_pattern_and_never_by_path(open_database, context):
    asked = client(open_database(service), context)
    asked.get(ANYWHERE)
    asked.get(f"{ANYWHERE}/{context.organization_id}")
    asked.get("/api/v1/ledger/nowhere/4711")

    told = asked.get("/metrics").text

    here = f'endpoint="{ANYWHERE}",method="GET",service="ledger",status="200"'
    assert f"nexafi_requests_total{{{here}}} 1.0" in told
    assert 'endpoint="unknown",method="GET",service="ledger",status="404"' in told
    assert "4711" not in told
    assert str(context.organization_id) not in told
    assert 'nexafi_work_duration_seconds_count{kind="read",service="ledger"}' in told
    assert 'nexafi_outbox_waiting{service="ledger"} 0.0' in told
    assert 'nexafi_requests_running{service="ledger"} 0.0' in told


def test_pages_of_ours_can_only_be_read(open_database):
    answer = client(open_database(service)).post("/readyz")

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD"


def test_a_request_is_written_down_without_its_query_and_with_its_trace(
    open_database, context, caplog
):
    caplog.set_level(logging.INFO, "nexafi.requests")
    headers = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}

    client(open_database(service), context).get(f"{ANYWHERE}?cursor=geheim", headers=headers)

    (line,) = [each for each in caplog.records if each.name == "nexafi.requests"]
    assert line.ecs["url.path"] == ANYWHERE
    assert "geheim" not in str(vars(line))


def test_the_revisions_read_as_text_are_those_that_alembic_finds(open_database):
    database = open_database(service)
    with database.survey() as survey:
        found = survey.session.connection().scalars(text("SELECT version_num FROM alembic_version"))

        assert set(found) == heads(service.name)
