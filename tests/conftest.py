"""What every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from nexafi.contracts.ledger.permissions import LedgerPermission
from nexafi.kernel.data.context import Context, Home
from nexafi.kernel.data.database import Database
from nexafi.kernel.service import Service
from tests.databases import Cluster, Files

POSTGRES = os.environ.get("NEXAFI_TEST_POSTGRES", "")
LONG = os.environ.get("NEXAFI_TEST_LONG") == "1"
"""Whether the long forms run: the whole of what else is a sample, and what takes minutes."""

NEEDS_POSTGRES = pytest.mark.skipif(
    not POSTGRES and not os.environ.get("CI"), reason="NEXAFI_TEST_POSTGRES is not set"
)
ENGINES = ["sqlite", pytest.param("postgresql", marks=NEEDS_POSTGRES)]
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
on_postgres = pytest.mark.parametrize("engine", ENGINES[1:], indirect=True)

Open = Callable[[Service], Database]


HOME = Home(
    id=uuid4(),
    name="Ada's Engines",
    country="US",
    zone="America/New_York",
    base_currency="EUR",
    fiscal_year_start="01-01",
)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 4, 1, 2, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, time: timedelta) -> None:
        self.now += time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def context(clock: Clock) -> Context:
    """Someone who may do everything in an organization of their own, in New York."""
    return Context(
        actor="ada@example.com",
        now=clock(),
        organization_id=HOME.id,
        home=HOME,
        permissions=frozenset(LedgerPermission),
    )


@pytest.fixture(scope="session")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Files | Cluster]]:
    """Where databases are made, by engine."""
    made: dict[str, Files | Cluster] = {"sqlite": Files(tmp_path_factory.mktemp("databases"))}
    if POSTGRES:
        made["postgresql"] = Cluster(POSTGRES)
    yield made
    for place in made.values():
        place.close()


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """SQLite, and PostgreSQL where one is given; where CI is set, one must be."""
    if request.param == "postgresql" and not POSTGRES:
        pytest.fail("CI is set, and NEXAFI_TEST_POSTGRES names no database.")
    return request.param


@pytest.fixture
def open_database(engine: str, places: dict[str, Files | Cluster], clock: Clock) -> Iterator[Open]:
    """Return what opens an empty database of a service; all are closed at the end."""
    opened: list[Database] = []

    def open_one(service: Service) -> Database:
        opened.append(places[engine].open(service, clock))
        return opened[-1]

    yield open_one
    for database in opened:
        places[engine].give_back(database)
