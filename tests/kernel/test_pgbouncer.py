"""PgBouncer in transaction mode: connections are shared, and nothing of one is left to the next."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import func, make_url, select, text

from nexafi.kernel.data.connections import Limits
from nexafi.kernel.data.context import Context
from nexafi.kernel.data.database import Database
from nexafi.ledger.app import service as ledger
from nexafi.ledger.tables import Account
from tests import pgbouncers
from tests.conftest import POSTGRES, on_postgres
from tests.databases import PASSWORD, ROLES
from tests.kernel.rows import row
from tests.pgbouncers import needs_pgbouncer

pytestmark = [on_postgres, needs_pgbouncer, pytest.mark.timeout(300)]
PROJECT = Path(__file__).parents[2]
PART = (
    "tests/kernel/test_connections.py",
    "tests/kernel/test_crash.py",
    "tests/kernel/test_scope.py",
    "tests/kernel/test_work.py",
    "tests/ledger/journal/test_actions.py",
    "tests/ledger/journal/test_routes.py",
    "tests/ledger/periods/test_routes.py",
)


@dataclass
class Pooled:
    """A database that is reached through a pooler with two connections for each role."""

    database: Database
    port: int

    def server_connections(self) -> int:
        pools = pgbouncers.ask(self.port, "SHOW POOLS")
        ours = [each for each in pools if each["database"] == self.database.engine.url.database]
        return sum(
            int(str(each[f"sv_{state}"]))
            for each in ours
            for state in ("active", "idle", "used", "tested", "login")
        )


@pytest.fixture
def pooled(open_database) -> Iterator[Pooled]:
    straight = open_database(ledger)
    passwords = dict.fromkeys(ROLES, PASSWORD)
    with pgbouncers.in_front_of(POSTGRES, passwords, size=2) as port:
        app, steward = (
            make_url(engine.url)
            .set(port=port)
            .update_query_dict({"options": "-csearch_path=public -c work_mem=8192"})
            .render_as_string(hide_password=False)
            for engine in straight._kind.engines.values()
        )
        limits = Limits(size=10, overflow=10, lock_s=7, is_pooled=True)
        database = ledger.database(app, steward_url=steward, limits=limits, clock=straight.clock)
        yield Pooled(database, port)
        database.close()


def test_many_share_two_connections_and_none_sees_what_is_anothers(pooled, context):
    mine = [replace(context, organization_id=uuid4()) for _ in range(12)]
    seen: dict[int, list[int]] = {}
    faults: list[BaseException] = []

    def work_for(number: int, whom: Context) -> None:
        try:
            for code in range(8):  # more often than a driver needs to prepare a statement
                with pooled.database.work(whom) as work:
                    work.session.add(row(str(code)))
                with pooled.database.work(whom, writes=False) as work:
                    asked = text("SELECT count(*) FROM accounts")  # the wall alone confines it
                    seen.setdefault(number, []).append(work.session.scalar(asked))
        except BaseException as error:  # noqa: BLE001 - told below
            faults.append(error)

    callers = [threading.Thread(target=work_for, args=each) for each in enumerate(mine)]
    for each in callers:
        each.start()
    for each in callers:
        each.join(60)

    assert faults == []
    assert seen == {number: list(range(1, 9)) for number in range(12)}
    assert 1 <= pooled.server_connections() <= 4, "two for each of two roles"
    with pooled.database.survey() as survey:
        assert survey.session.scalar(select(func.count(Account.id))) == 96


def test_what_is_set_for_one_transaction_is_gone_with_it(pooled, context):
    asked = text(
        "SELECT current_setting('lock_timeout'), current_setting('search_path'),"
        " current_setting('work_mem'), current_setting('statement_timeout'),"
        " current_setting('nexafi.organization', true)"
    )
    with pooled.database.work(context, writes=False, report=True) as work:
        said = tuple(work.session.execute(asked).one())
    with pooled.database.work(context, writes=False) as work:
        then = tuple(work.session.execute(asked).one())
    with pooled.database.engine.connect() as bare:
        left = tuple(bare.execute(asked).one())

    assert said == ("7s", "public", "8MB", "5min", str(context.organization_id))
    assert then[3] == "30s"
    assert left[0] == "0"
    assert left[2:] == ("4MB", "0", "")


@pytest.mark.skipif(
    not os.environ.get("CI") and not os.environ.get("NEXAFI_TEST_LONG"),
    reason="the same tests, through a pooler: NEXAFI_TEST_LONG=1 runs them",
)
@pytest.mark.skipif(pgbouncers.IS_ASKED, reason="all of them go through it now")
def test_a_part_of_the_suite_passes_through_it(engine):
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-k", "postgresql", *PART]
    given = {**os.environ, "NEXAFI_TEST_PGBOUNCER": "1"}
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_ADDOPTS"):
        given.pop(name, None)

    done = subprocess.run(
        [*command, "-p", "no:cacheprovider"], cwd=PROJECT, env=given, check=False,
        capture_output=True, text=True,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-4000:]
