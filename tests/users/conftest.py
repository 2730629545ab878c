"""The users service behind its own door, and people who come to it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from nexafi.kernel.data.database import Database
from nexafi.kernel.service import Service
from nexafi.kernel.trust.guard import Guard
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.trust.tokens import Verifier
from nexafi.kernel.web.identity import by_token
from nexafi.users.app import service
from nexafi.users.publisher import Near
from nexafi.users.settings import UsersSettings
from tests.conftest import Clock, Open

USERS = "/api/v1/users"
PASSWORD = "correct horse battery staple"
COMPANY = {"name": "Ada's Engines", "country": "US"}
SECRET = Secret(b"of the tests of users, and of nothing else")
SETTINGS = UsersSettings(bcrypt_cost=4)


@dataclass
class Person:
    """Someone with tokens, or without."""

    client: FlaskClient
    tokens: dict[str, Any] = field(default_factory=dict)

    def ask(self, method: str, path: str, **given: Any):
        token = self.tokens.get("access_token")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        place = path if path.startswith("/.") else USERS + path
        return self.client.open(place, method=method, headers=headers, **given)

    def get(self, path: str, **given: Any):
        return self.ask("GET", path, **given)

    def post(self, path: str, json: Any = None, **given: Any):
        return self.ask("POST", path, json=json, **given)

    def patch(self, path: str, json: Any):
        return self.ask("PATCH", path, json=json)

    def delete(self, path: str):
        return self.ask("DELETE", path)

    def refresh(self):
        answer = self.post("/refresh", {"refresh_token": self.tokens["refresh_token"]})
        if answer.status_code == 200:
            self.tokens |= answer.json
        return answer

    @property
    def claims(self) -> dict[str, Any]:
        body = self.tokens["access_token"].split(".")[1]
        return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


@dataclass
class Users:
    """A running users service."""

    service: Service
    database: Database
    client: FlaskClient
    clock: Clock

    def person(self, **tokens: Any) -> Person:
        return Person(self.client, tokens)

    def register(self, email: str = "ada@example.com", password: str = PASSWORD, **company: str):
        body = {"email": email, "password": password, "organization": COMPANY | company}
        answer = self.client.post(f"{USERS}/register", json=body)
        assert answer.status_code == 201, answer.json
        return Person(self.client, answer.json)

    def log_in(self, email: str = "ada@example.com", password: str = PASSWORD, **more: Any):
        return self.client.post(
            f"{USERS}/login", json={"email": email, "password": password} | more
        )

    def signed_in(self, *args: Any, **more: Any) -> Person:
        answer = self.log_in(*args, **more)
        assert answer.status_code == 200, answer.json
        return Person(self.client, answer.json)

    def count(self, table: str) -> int:
        with self.database.steward() as session:
            return session.scalar(select(func.count()).select_from(text(table)))

    def deeds(self) -> list[str]:
        """Return what was noted, in order."""
        with self.database.steward() as session:
            return list(session.scalars(text("SELECT deed FROM audit ORDER BY at, id")))

    def everything(self) -> str:
        """Return all that stands in the database, as one text."""
        tables = [table for base in self.database.bases for table in base.metadata.sorted_tables]
        with self.database.steward() as session:
            return repr([session.execute(select(table)).all() for table in tables])

    def work(self):
        """Do one round of the worker."""
        return self.service.round(self.database, lambda _: None)


def door(database: Database, clock: Clock) -> Guard:
    return Guard(Verifier(SETTINGS.realm), Near(database, SETTINGS), clock)


@pytest.fixture
def users(open_database: Open, clock: Clock) -> Users:
    """The users service on an empty database."""
    equipped = service.equip(SECRET, SETTINGS)
    database = open_database(service)
    app = equipped.app(database, by_token(door(database, clock), database))
    return Users(equipped, database, app.test_client(), clock)


@pytest.fixture
def ada(users: Users) -> Person:
    """The owner of a company in New York."""
    return users.register()
