"""What journeys through several services may ask for."""

from __future__ import annotations

from dataclasses import dataclass
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
from nexafi.users.app import service as users_service
from nexafi.users.publisher import Near
from tests.cli.conftest import commands
from tests.conftest import Clock
from tests.ledger.conftest import ledger
from tests.users.conftest import SECRET, SETTINGS, Person, Users, ada, users

__all__ = ["Platform", "ada", "commands", "ledger", "platform", "users"]


@dataclass
class Platform:
    """Users and the ledger in one process, each with a database of its own."""

    users: Users
    ledger: FlaskClient
    ledger_database: Database
    clock: Clock

    def call(self, person: Person, method: str, path: str, **given: object):
        headers = {"Authorization": f"Bearer {person.tokens['access_token']}"}
        return self.ledger.open(path, method=method, headers=headers, **given)

    def carry_the_news(self) -> None:
        listener = ledger_service.listener(self.ledger_database)
        self.users.service.round(self.users.database, Bus(listener))

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
    near, far = Near(users, SETTINGS), Near(users, SETTINGS, period=REVOCATIONS_PERIOD)
    door = built(users_service, users, near, clock)
    equipped = users_service.equip(SECRET, SETTINGS)
    return Platform(
        Users(equipped, users, door, clock),
        built(ledger_service, ledger, far, clock),
        ledger,
        clock,
    )
