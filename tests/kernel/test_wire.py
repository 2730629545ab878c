"""The short way to PostgreSQL says the same as the long one, and fails in the same way."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from nexafi.kernel.data import wire
from nexafi.kernel.data.database import Database
from nexafi.kernel.data.tables import AuditRow, InboxRow, OutboxRow
from nexafi.kernel.news.outbox import OUTBOX
from nexafi.kernel.trust.audit import AUDIT
from nexafi.kernel.values.ids import new_id
from nexafi.ledger.app import service
from tests.conftest import on_postgres

ODD = ["it's", "a \\ b", "\\'; DROP TABLE audit; --", "„Grüße“ 🜁", "$1 %s {}", "line\nline", ""]

pytestmark = on_postgres


@pytest.fixture
def database(open_database) -> Database:
    return open_database(service)


def told(database: Database) -> list[OutboxRow]:
    with database.survey() as survey:
        return list(survey.session.scalars(select(OutboxRow).order_by(OutboxRow.id)))


def event(context, **changes: object) -> dict[str, object]:
    return {
        "organization_id": context.organization_id,
        "name": "ledger.thing_done",
        "version": 1,
        "body": {"text": ODD, "nothing": None},
        "occurred_at": context.now,
        "due_at": context.now,
        **changes,
    }


@pytest.mark.parametrize("name", ODD)
def test_what_is_kept_for_the_end_comes_back_as_it_was(database, context, name):
    with database.work(context) as work:
        work.at_end(OUTBOX, event(context, reason=name))

    [row] = told(database)
    assert row.reason == name
    assert row.body == {"text": ODD, "nothing": None}
    assert (row.tries, row.sent_at, row.due_at) == (0, None, context.now)


def test_rows_of_several_tables_are_written_together(database, context):
    deed = {
        "organization_id": context.organization_id,
        "at": context.now,
        "actor": "ada",
        "deed": "x",
        "target": "y",
        "request_id": "",
    }
    with database.work(context) as work:
        for _ in range(3):
            work.at_end(OUTBOX, event(context))
        work.at_end(AUDIT, deed)

    with database.work(context) as work:
        assert work.session.scalars(select(AuditRow.actor)).all() == ["ada"]
    assert len(told(database)) == len({row.id for row in told(database)}) == 3


def test_what_breaks_at_the_end_leaves_nothing(database, context):
    def tell_twice():
        told_once = event(context, id=new_id())
        with database.work(context) as work:
            work.session.add(InboxRow(event_id=new_id(), received_at=context.now))
            work.at_end(OUTBOX, told_once)
            work.at_end(OUTBOX, told_once)

    with pytest.raises(IntegrityError):
        tell_twice()

    with database.work(context) as work:
        assert work.session.scalars(select(InboxRow)).all() == []
    assert told(database) == []


def test_a_statement_that_fails_is_an_error_of_sqlalchemy(database, context):
    with pytest.raises(DBAPIError, match="nothing_of_the_kind"), database.work(context) as work:
        wire.call(work.session.connection(), "nothing_of_the_kind", ["x"])


def let_go(database: Database) -> None:
    """Let the server end all connections of the app but the one that asks."""
    with database.engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND usename = current_user"
                " AND pid <> pg_backend_pid()"
            )
        )
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))


def test_a_connection_that_was_lost_in_the_pool_is_not_noticed(database, context):
    with database.work(context) as work:
        work.session.execute(text("SELECT 1"))
    with pytest.raises(OperationalError):
        let_go(database)

    with database.work(context) as work:
        work.at_end(OUTBOX, event(context))

    assert len(told(database)) == 1


def test_a_connection_lost_in_the_middle_is_told_and_leaves_nothing(database, context):
    def lose_it():
        with database.work(context) as work:
            work.at_end(OUTBOX, event(context))
            pid = work.session.scalar(text("SELECT pg_backend_pid()"))
            with database.engine.connect() as other:
                other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})

    with pytest.raises(OperationalError):
        lose_it()

    assert told(database) == []
    with database.work(context) as work:
        work.at_end(OUTBOX, event(context))
    assert len(told(database)) == 1
