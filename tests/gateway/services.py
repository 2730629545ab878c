"""The real users service and the real ledger, as granian serves them in these tests."""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask

from nexafi.contracts.users.client import Far
from nexafi.kernel.data.migrations import upgrade
from nexafi.kernel.service import Service
from nexafi.kernel.trust.guard import Guard
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.trust.tokens import Verifier
from nexafi.kernel.web.identity import by_token
from nexafi.ledger.app import service as ledger_service
from nexafi.users.app import service as users_service
from nexafi.users.publisher import Near
from nexafi.users.settings import UsersSettings

SECRET = Secret(b"a secret of these tests: 32 bytes")
SETTINGS = UsersSettings(bcrypt_cost=4)


def _app(service: Service, publisher: Far | None) -> Flask:
    equipped = service.equip(SECRET, SETTINGS)
    folder = Path(os.environ["NEXAFI_TEST_FOLDER"])
    database = equipped.database(f"sqlite:///{folder / service.name}.db")
    upgrade(database)
    told = publisher or Near(database, SETTINGS)
    guard = Guard(Verifier(SETTINGS.realm), told, database.clock)
    return equipped.app(database, by_token(guard, database))


def users() -> Flask:
    return _app(users_service, None)


def ledger() -> Flask:
    return _app(ledger_service, Far(os.environ["NEXAFI_TEST_USERS"]))
