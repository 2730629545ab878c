"""What journeys through several services may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from nexafi.kernel.data.database import Database
from nexafi.kernel.news.memory import Bus
from nexafi.kernel.service import Service
from nexafi.kernel.trust.guard import REVOCATIONS_PERIOD, Guard
from nexafi.kernel.trust.tokens import Verifier
from nexafi.kernel.web.identity import by_token
from nexafi.ledger.app import service as ledger_service
from nexafi.payments.app import service as payments_service
from nexafi.payments.providers.bank import Bank
from nexafi.payments.providers.port import Providers
from nexafi.payments.providers.sandbox import Sandbox
from nexafi.users.app import service as users_service
from nexafi.users.publisher import Near
from tests.cli.conftest import Commands, alone
from tests.conftest import NEEDS_POSTGRES, POSTGRES, Clock
from tests.ledger.conftest import ledger
from tests.servers import Servers, missing
from tests.users.conftest import SECRET, SETTINGS, Person, Users, ada, users

__all__ = ["Form", "Platform", "ada", "ledger", "platform", "users"]

Form = dict[str, str]
"""What an installation is told to stand on: settings, as in the environment."""

FORMS = ["embedded", pytest.param("servers", marks=NEEDS_POSTGRES)]
embedded = pytest.mark.parametrize("form", ["embedded"], indirect=True)
"""Marks what has nothing to do with what an installation stands on."""


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """The servers of this machine, with a database to copy."""
    made = Servers(POSTGRES)
    yield made
    made.close()


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> Iterator[Form]:
    """Nothing but files, and PostgreSQL, Redis and RabbitMQ; where CI is set all must be there."""
    if request.param == "embedded":
        yield {}
        return
    if not POSTGRES or missing():
        pytest.fail(f"CI is set, and these are not there: PostgreSQL={POSTGRES!r}, {missing()}")
    with request.getfixturevalue("servers").place() as given:
        yield given


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: Form) -> Commands:
    """Commands of a new installation; nobody is signed in."""
    for name, value in form.items():
        monkeypatch.setenv(name, value)
    return alone(tmp_path, monkeypatch)


@dataclass
class Platform:
    """Users, the ledger and payments in one process, each with a database of its own."""

    users: Users
    ledger: FlaskClient
    ledger_database: Database
    payments: FlaskClient
    payments_service: Service
    payments_database: Database
    clock: Clock

    def client(self, path: str) -> FlaskClient:
        """Return who answers what begins so."""
        by_prefix = {"/api/v1/ledger": self.ledger, "/api/v1/payments": self.payments}
        return next(
            (each for prefix, each in by_prefix.items() if path.startswith(prefix)),
            self.users.client,
        )

    def call(self, person: Person, method: str, path: str, **given: object):
        headers = {"Authorization": f"Bearer {person.tokens['access_token']}"}
        return self.client(path).open(path, method=method, headers=headers, **given)

    def carry_the_news(self) -> None:
        """Carry what each service told to all that listen, until nobody has anything to tell."""
        services = [
            (self.users.service, self.users.database),
            (ledger_service, self.ledger_database),
            (self.payments_service, self.payments_database),
        ]
        bus = Bus(*(service.listener(database) for service, database in services))
        for _ in range(3):
            for service, database in services:
                service.round(database, bus)

    def zone(self, person: Person) -> str | None:
        """Return in which zone the ledger thinks that someone's organization is."""
        organization_id = UUID(person.tokens["organization"]["id"])
        home = self.ledger_database.context_for("test", organization_id).home
        return home.zone if home else None


def built(service: Service, database: Database, near: Near, clock: Clock) -> FlaskClient:
    guard = Guard(Verifier(SETTINGS.realm), near, clock)
    return service.equip(SECRET, SETTINGS).app(database, by_token(guard, database)).test_client()


@pytest.fixture
def platform(open_database, clock) -> Platform:
    users, ledger = open_database(users_service), open_database(ledger_service)
    sandbox = Providers(Sandbox(wait=lambda _s: None), Bank())
    payments = replace(payments_service, equipment=[*payments_service.equipment, sandbox])
    payments = payments.equip(SECRET)
    payments_database = open_database(payments)
    near, far = Near(users, SETTINGS), Near(users, SETTINGS, period=REVOCATIONS_PERIOD)
    door = built(users_service, users, near, clock)
    equipped = users_service.equip(SECRET, SETTINGS)
    return Platform(
        Users(equipped, users, door, clock),
        built(ledger_service, ledger, far, clock),
        ledger,
        built(payments, payments_database, far, clock),
        payments,
        payments_database,
        clock,
    )
