"""A process that dies leaves a deed with its answer, or neither, and its key is still good."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from nexafi.kernel.data.context import utc_now
from nexafi.kernel.data.database import Database
from nexafi.kernel.web.idempotency import LEASE
from nexafi.ledger.app import service as ledger
from tests.kernel.dying import Fate, app, post

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def database(open_database, clock) -> Database:
    clock.now = utc_now()
    return open_database(ledger)


def die(database: Database, organization_id: object, path: str, when: str) -> None:
    """Send the request from a process that dies *when*."""
    url = database.engine.url.render_as_string(hide_password=False)
    given = [url, str(organization_id), path, when]
    command = [sys.executable, "-m", "tests.kernel.dying", *given]
    died = subprocess.run(command, cwd=PROJECT, timeout=60, check=False, capture_output=True)
    assert died.returncode == 9, died.stderr.decode()


def count(database: Database, table: str) -> int:
    with database.steward() as session:
        return session.scalar(select(func.count()).select_from(text(table)))


def test_who_dies_in_the_middle_has_done_nothing(database, context):
    die(database, context.organization_id, "/", "in the middle")
    assert [count(database, table) for table in ("accounts", "idempotency", "audit")] == [0, 0, 0]

    again = post(app(database, Fate(), context), "")

    assert again.status_code == 201
    assert "Idempotency-Replayed" not in again.headers
    assert [count(database, table) for table in ("accounts", "idempotency", "audit")] == [1, 1, 1]


def test_who_dies_before_the_answer_is_sent_has_done_it_and_another_sends_it(database, context):
    die(database, context.organization_id, "/", "before the answer is sent")

    again = post(app(database, Fate(), context), "")

    assert (again.status_code, again.json) == (201, {"code": "1"})
    assert again.headers["Idempotency-Replayed"] == "true"
    assert [count(database, table) for table in ("accounts", "idempotency", "audit")] == [1, 1, 1]


def test_who_dies_while_asking_outside_is_taken_over_in_time(database, context, clock):
    die(database, context.organization_id, "/ask", "in the middle")
    here = app(database, Fate(), context)

    assert post(here, "/ask").status_code == 409
    clock.now = utc_now() + LEASE
    assert post(here, "/ask").status_code == 201
    assert post(here, "/ask").headers["Idempotency-Replayed"] == "true"
    assert count(database, "accounts") == 1
