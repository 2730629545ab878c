"""The ledger as the benchmarks serve it: with real tokens, whose keys are ours."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from flask import Flask
from joserfc.jwk import OKPKey

from nexafi.contracts.ledger.permissions import LedgerPermission
from nexafi.kernel.data.context import Context, Home
from nexafi.kernel.data.database import Database
from nexafi.kernel.trust.guard import Guard
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.trust.tokens import Claims, Realm, Revoked, Verifier, new_key, publish, sign
from nexafi.kernel.web.endpoints import Identify
from nexafi.kernel.web.identity import by_token
from nexafi.ledger.app import service

SECRET = Secret(b"a secret of the benchmark, 32 bytes")
HOME = Home(
    id=UUID("01900000-0000-7000-8000-000000000001"),
    name="Sample Company",
    country="DE",
    zone="Europe/Berlin",
    base_currency="EUR",
    fiscal_year_start="01-01",
)


class Told:
    """The users service, as far as a ledger asks it: one key, and nothing revoked."""

    period = timedelta(seconds=1)

    def __init__(self, key: Mapping[str, Any]) -> None:
        self._key = key

    def keys(self) -> Mapping[str, Any]:
        """Return the one key."""
        return {"keys": [self._key]}

    def revoked(self, since: datetime | None) -> Revoked:  # noqa: ARG002 - nothing, since ever
        """Return that nothing was revoked."""
        return Revoked(datetime.now(UTC), ())


def context() -> Context:
    """Return who may do everything in the sample company."""
    return Context(
        actor="benchmark",
        now=datetime.now(UTC),
        organization_id=HOME.id,
        home=HOME,
        permissions=frozenset(LedgerPermission),
    )


def token(folder: Path, permissions: Collection[str] = frozenset(LedgerPermission)) -> str:
    """Return an access token for an hour; its public key lies in *folder* for `identify`."""
    key: OKPKey = new_key()
    (folder / "key.json").write_text(json.dumps(publish(key)))
    now = datetime.now(UTC)
    claims = Claims(
        token_id=uuid4(),
        user_id=uuid4(),
        session_id=uuid4(),
        generation=0,
        issued_at=now,
        expires_at=now + timedelta(hours=1),
        role="owner",
        permissions=frozenset(permissions),
        home=HOME,
    )
    return sign(claims, key, Realm())


def open_database() -> Database:
    """Return the ledger's database that the environment names."""
    return service.database(
        os.environ["BENCHMARK_DATABASE"], steward_url=os.environ.get("BENCHMARK_STEWARD")
    )


def app() -> Flask:
    """Return the ledger on the database that the environment names."""
    database = open_database()
    return service.equip(SECRET).app(database, identify(database))


def identify(database: Database) -> Identify:
    """Return what tells who calls by the key in the folder that the environment names."""
    key = json.loads((Path(os.environ["BENCHMARK_FOLDER"]) / "key.json").read_text())
    return by_token(Guard(Verifier(Realm()), Told(key), database.clock), database)
