"""A Work happens wholly or not at all, for somebody, at one moment."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from nexafi.contracts.users.events import OrganizationChanged
from nexafi.kernel.data import organizations
from nexafi.kernel.data.context import Context
from nexafi.kernel.data.database import Database
from nexafi.kernel.data.tables import InboxRow, OutboxRow
from nexafi.kernel.errors import OrganizationUnknown
from nexafi.kernel.news.outbox import tell
from nexafi.kernel.values.ids import new_id
from nexafi.ledger.app import service
from nexafi.ledger.tables import Account
from tests.conftest import HOME


@pytest.fixture
def database(open_database) -> Database:
    return open_database(service)


def test_a_work_that_fails_leaves_nothing(database, context):
    def fail_after_writing():
        with database.work(context) as work:
            work.session.add(Account(code="1000", name="Cash", type="asset", normal_side="debit"))
            work.session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_writing()

    with database.work(context) as work:
        assert work.session.scalars(select(Account)).all() == []


def test_what_a_part_that_failed_kept_for_the_end_is_not_written(database, context):
    with database.work(context) as work:
        tell(work, OrganizationChanged(home=HOME))
        with suppress(ZeroDivisionError), work.savepoint():
            tell(work, OrganizationChanged(home=HOME))
            raise ZeroDivisionError

    with database.survey() as survey:
        assert len(survey.session.scalars(select(OutboxRow.id)).all()) == 1


def test_a_work_for_reading_cannot_write(database, context):
    with (
        pytest.raises(DBAPIError, match=r"read.?only"),
        database.work(context, writes=False) as work,
    ):
        work.session.add(Account(code="1000", name="Cash", type="asset", normal_side="debit"))


def test_a_moment_comes_back_with_its_zone(database, context):
    with database.work(context) as work:
        work.session.add(InboxRow(event_id=uuid4(), received_at=context.now))

    with database.work(context) as work:
        assert work.session.scalars(select(InboxRow.received_at)).one() == context.now


def test_today_is_the_date_of_the_organization(context):
    assert context.now.date().isoformat() == "2026-04-01"
    assert context.today.isoformat() == "2026-03-31"
    with pytest.raises(OrganizationUnknown):
        _ = replace(context, home=None).today


def test_one_who_has_no_organization_may_open_a_work_for_one_that_was_found(database, context):
    with database.work(context) as work:
        organizations.keep(work, replace(HOME, zone="Asia/Tokyo"))
    begin = database.begin_as(Context("webhook", context.now))

    with begin() as work:
        assert work.context.organization_id is None
    with begin(organization_id=context.organization_id) as work:
        assert work.organization_id == context.organization_id
        assert work.context.today.isoformat() == "2026-04-01"


def test_one_who_has_an_organization_stays_in_it(database, context):
    with pytest.raises(AssertionError, match="stays in it"):
        database.begin_as(context)(organization_id=uuid4())


def test_ids_are_versioned_and_in_order_of_time():
    ids = [new_id() for _ in range(100)]

    assert {(each.version, each.variant) for each in ids} == {(7, "specified in RFC 4122")}
    assert [each.int >> 80 for each in ids] == sorted(each.int >> 80 for each in ids)
