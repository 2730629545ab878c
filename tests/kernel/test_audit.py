"""What was done is noted with the deed, or neither is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from nexafi.kernel.data.database import Database
from nexafi.kernel.data.tables import NOBODY, AuditRow
from nexafi.kernel.errors import Conflict
from nexafi.kernel.trust import audit
from nexafi.ledger.app import service


@pytest.fixture
def database(open_database) -> Database:
    return open_database(service)


def notes(database: Database) -> list[AuditRow]:
    with database.steward() as session:
        return list(session.scalars(select(AuditRow).order_by(AuditRow.deed)))


def test_a_deed_is_noted_with_who_did_it_for_whom_and_when(database, context):
    asked = replace(context, request_id="r-1")
    with database.work(asked) as work:
        audit.note(work, "ledger:entry:post", "entry/1")
        audit.note(work, "ledger:period:close", "x" * 600)

    first, second = notes(database)
    assert (first.actor, first.deed, first.target) == (
        context.actor,
        "ledger:entry:post",
        "entry/1",
    )
    assert (first.organization_id, first.at) == (context.organization_id, context.now)
    assert first.request_id == "r-1"
    assert len(second.target) == 500


def test_what_is_taken_back_is_not_noted(database, context):
    def refuse() -> None:
        with database.work(context) as work:
            audit.note(work, "ledger:entry:post", "entry/1")
            raise Conflict("No.")

    with pytest.raises(Conflict):
        refuse()

    assert notes(database) == []


def test_the_deed_of_one_without_an_organization_is_noted_under_nobody(database, context):
    with database.work(replace(context, organization_id=None, home=None)) as work:
        audit.note(work, "users:login:failed", "user/1")

    assert notes(database)[0].organization_id == NOBODY
