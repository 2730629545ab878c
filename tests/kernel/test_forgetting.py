"""What was told and heard long ago makes room; what may still be told, or come again, stays."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from nexafi.kernel.data.database import Database
from nexafi.kernel.data.tables import InboxRow, OutboxRow
from nexafi.kernel.news import parked
from nexafi.kernel.news.forgetting import BATCH_MAX, HEARD_KEPT, PERIOD, SENT_KEPT, forget
from nexafi.kernel.news.outbox import OUTBOX
from nexafi.kernel.values.ids import first_id, new_id
from nexafi.ledger.app import service

MOMENT = timedelta(seconds=1)


@pytest.fixture
def database(open_database) -> Database:
    return open_database(service)


def made_at(moment: datetime) -> UUID:
    return UUID(int=first_id(moment).int | new_id().int & (2**80 - 1))


def told(database: Database, context, moment: datetime, **state: datetime) -> UUID:
    row = {
        "id": made_at(moment),
        "organization_id": context.organization_id,
        "name": "x.done",
        "version": 1,
        "body": {},
        "occurred_at": moment,
        "due_at": moment,
        **state,
    }
    with database.work(context) as work:
        work.at_end(OUTBOX, row)
    return row["id"]


def heard(database: Database, context, moment: datetime) -> UUID:
    row = InboxRow(event_id=made_at(moment), received_at=moment)
    with database.work(context) as work:
        work.session.add(row)
    return row.event_id


def left(database: Database, column) -> set[UUID]:
    with database.survey() as survey:
        return set(survey.session.scalars(select(column)))


def test_what_was_sent_long_ago_is_forgotten_and_nothing_else(database, context, clock):
    old, young = clock() - SENT_KEPT - MOMENT, clock() - SENT_KEPT + MOMENT
    told(database, context, old, sent_at=old)
    kept = {
        told(database, context, young, sent_at=young),
        told(database, context, old, sent_at=young),  # it was on its way for long
        told(database, context, old),
        told(database, context, old, parked_at=old),
    }

    assert forget(database) == 1
    assert left(database, OutboxRow.id) == kept


def test_what_was_heard_is_known_for_far_longer(database, context, clock):
    kept = {heard(database, context, clock() - SENT_KEPT - MOMENT)}
    heard(database, context, clock() - HEARD_KEPT - MOMENT)

    assert forget(database) == 1
    assert left(database, InboxRow.event_id) == kept


def test_it_is_done_once_an_hour_and_as_long_as_is_set(database, context, clock):
    assert forget(database) == 0
    told(database, context, clock() - timedelta(days=8), sent_at=clock() - timedelta(days=8))

    assert forget(database, timedelta(days=7)) == 0, "its time has not come"
    clock.pass_by(PERIOD)
    assert forget(database) == 0, "it is kept for longer than that"
    clock.pass_by(PERIOD)
    assert forget(database, timedelta(days=7)) == 1


def test_many_rows_are_removed_some_at_a_time(database, context, clock):
    old = clock() - HEARD_KEPT - MOMENT
    with database.work(context) as work:
        work.session.add_all(
            InboxRow(event_id=made_at(old), received_at=old) for _ in range(BATCH_MAX + 1)
        )

    assert forget(database) == BATCH_MAX + 1


def test_what_a_listener_may_have_forgotten_is_not_told_again(database, context, clock):
    ancient = clock() - HEARD_KEPT - MOMENT
    told(database, context, ancient, parked_at=ancient)
    old = told(database, context, clock() - SENT_KEPT, parked_at=clock())

    assert parked.replay(database) == [old]
