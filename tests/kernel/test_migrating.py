"""Migrations run while others read and write, one migrator at a time, and wait for nobody long."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, make_url, select, text

from nexafi.kernel.data.database import Database
from nexafi.kernel.data.migrations import gently, upgrade
from nexafi.kernel.data.postgres import OWNER
from nexafi.kernel.data.revisions import heads
from nexafi.kernel.values.ids import new_id
from nexafi.ledger.app import service
from nexafi.ledger.tables import Account, Rate
from tests.conftest import POSTGRES, on_postgres, on_sqlite
from tests.kernel.rows import row

pytestmark = pytest.mark.timeout(180)

MORE = """
import sqlalchemy as sa
from alembic import op
from nexafi.kernel.data.migrations.gently import build_index, fill, require

revision = "ledger_9{number}"
down_revision = "{before}"

def upgrade() -> None:
    {deed}
"""
DEFAULT = 'op.execute("ALTER TABLE accounts ALTER COLUMN rank SET DEFAULT 0")'
FILL = 'fill("accounts", "rank = length(name)", where="rank IS NULL", batch=7)'
DEEDS = (
    'op.add_column("accounts", sa.Column("rank", sa.Integer(), nullable=True))',
    FILL,
    DEFAULT,
    FILL,
    'require("accounts", "rank", sa.Integer())',
    'build_index("ix_more", "accounts", ["organization_id", "rank"])',
)
ON_SQLITE = (
    'op.add_column("rates", sa.Column("rank", sa.Integer(), nullable=True))',
    'fill("rates", "rank = length(currency)", where="rank IS NULL")',
    'require("rates", "rank", sa.Integer())',
    'build_index("ix_more", "rates", ["organization_id", "rank"])',
)


def written(folder: Path, deeds: Sequence[str]) -> str:
    """Write a migration for each deed, after all that there are; return the folder."""
    before = next(head for head in heads("ledger") if head.startswith("ledger"))
    for number, deed in enumerate(deeds):
        script = MORE.format(number=number, before=before, deed=deed)
        (folder / f"9{number}.py").write_text(script, encoding="utf-8")
        before = f"ledger_9{number}"
    return str(folder)


@pytest.fixture
def more(tmp_path: Path) -> str:
    """A folder of migrations that make a column, fill it, require it and index it."""
    return written(tmp_path, DEEDS)


def owner_of(database: Database) -> Database:
    """Return the same database as its owner."""
    url = database.engine.url
    past = make_url(POSTGRES).set(username=OWNER, password=url.password, database=url.database)
    return service.database(past.render_as_string(hide_password=False))


@on_postgres
def test_a_column_is_added_filled_required_and_indexed_while_writers_write(
    open_database, context, more, engine
):
    database = open_database(service)
    mine = [replace(context, organization_id=new_id()) for _ in range(3)]
    over = threading.Event()
    counts: list[int] = []
    faults: list[BaseException] = []

    def write(whom) -> None:
        number = 0
        try:
            while not over.is_set() or number < 20:
                with database.work(whom) as work:
                    work.session.add(row(str(number), "x" * (number % 9)))
                number += 1
        except BaseException as error:  # noqa: BLE001 - told below
            faults.append(error)
        counts.append(number)

    writers = [threading.Thread(target=write, args=(each,)) for each in mine]
    for each in writers:
        each.start()
    with closing(owner_of(database)) as owner:
        upgrade(owner, also=more)
    over.set()
    for each in writers:
        each.join(60)

    assert faults == []
    with database.steward() as session:
        assert session.scalar(select(func.count(Account.id))) == sum(counts)
        wrong = text("SELECT count(*) FROM accounts WHERE rank IS NULL")
        assert session.scalar(wrong) == 0
        shape = text(
            "SELECT (SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_more'::regclass),"
            " (SELECT attnotnull FROM pg_attribute WHERE attrelid = 'accounts'::regclass"
            "   AND attname = 'rank'),"
            " (SELECT relforcerowsecurity FROM pg_class WHERE oid = 'accounts'::regclass)"
        )
        assert tuple(session.execute(shape).one()) == (True, True, True)


@on_sqlite
def test_the_same_is_plain_on_sqlite(open_database, context, tmp_path, engine):
    database = open_database(service)
    with database.work(context) as work:
        work.session.add(Rate(currency="USD", date=context.today, rate="1.1"))

    upgrade(database, also=written(tmp_path, ON_SQLITE))

    with database.steward() as session:
        assert session.scalars(text("SELECT rank FROM rates")).all() == [3]
        columns = session.execute(text("PRAGMA table_info(rates)")).all()
        assert next(each for each in columns if each.name == "rank").notnull == 1


@on_sqlite
def test_what_triggers_lean_on_is_not_written_anew_on_sqlite(open_database, tmp_path, engine):
    database = open_database(service)
    deeds = (DEEDS[0], FILL, DEEDS[4])

    with pytest.raises(NotImplementedError, match="server_default"):
        upgrade(database, also=written(tmp_path, deeds))

    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM accounts").scalar() == 0


@on_postgres
def test_two_migrators_do_not_collide(open_database, more, engine):
    database = open_database(service)
    faults: list[BaseException] = []

    def migrate() -> None:
        try:
            with closing(owner_of(database)) as owner:
                upgrade(owner, also=more)
        except BaseException as error:  # noqa: BLE001 - told below
            faults.append(error)

    both = [threading.Thread(target=migrate) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join(120)

    assert faults == []
    with database.steward() as session:
        versions = set(session.scalars(text("SELECT version_num FROM alembic_version")))
    assert f"ledger_9{len(DEEDS) - 1}" in versions


@on_postgres
def test_who_holds_a_table_for_long_makes_a_migration_wait_and_nobody_else(
    open_database, context, more, monkeypatch, engine
):
    monkeypatch.setattr(gently, "LOCK_S", 1)
    database = open_database(service)
    longest = 0.0
    migrated = threading.Event()

    def migrate() -> None:
        with closing(owner_of(database)) as owner:
            upgrade(owner, also=more)
        migrated.set()

    with database.work(context, writes=False) as reading:
        reading.session.scalar(select(func.count(Account.id)))
        migrator = threading.Thread(target=migrate)
        migrator.start()
        for number in range(25):
            began = time.monotonic()
            with database.work(context) as work:
                work.session.add(row(str(number)))
            longest = max(longest, time.monotonic() - began)
            time.sleep(0.1)
        assert not migrated.is_set()
    assert migrated.wait(60)
    migrator.join(10)

    assert longest < 5, "writers waited for the lock of the migration, and no longer"
