"""A payments service with a sandbox, and the caller who is speaking to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text
from werkzeug.test import TestResponse

from nexafi.contracts.payments.permissions import PaymentsPermission
from nexafi.kernel.data import organizations
from nexafi.kernel.data.context import Context
from nexafi.kernel.data.database import Database
from nexafi.kernel.data.tables import OutboxRow
from nexafi.kernel.news.jobs import Jobs
from nexafi.kernel.service import Service
from nexafi.kernel.trust.secrets import Secret
from nexafi.payments.app import service
from nexafi.payments.providers.bank import Bank
from nexafi.payments.providers.port import Provider, Providers
from nexafi.payments.providers.sandbox import Sandbox
from tests.conftest import Clock, Open

API = "/api/v1/payments"


def money(amount: str, currency: str = "EUR") -> dict[str, str]:
    return {"amount": amount, "currency": currency}


@dataclass
class Payments:
    """A running payments service, its clock and the caller who is speaking to it."""

    service: Service
    database: Database
    caller: Context
    clock: Clock

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    @cached_property
    def app(self) -> Flask:
        return self.service.app(self.database, lambda: self.caller)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> TestResponse:
        headers = {"Idempotency-Key": key} if key else {}
        return self.client.post(API + path, json=body or {}, headers=headers)

    def get(self, path: str) -> Any:
        answer = self.client.get(API + path)
        assert answer.status_code == 200, answer.json
        return answer.json

    def charge(self, method: str = "sandbox_visa", amount: str = "100.00", **more: Any) -> Any:
        """Make a charge; return what was answered, which must be that it was made."""
        answer = self.post("/charges", {"amount": money(amount), "payment_method": method, **more})
        assert answer.status_code == 201, answer.json
        return answer.json

    def work_on(self, after: timedelta = timedelta()) -> None:
        """Let time pass by, and do what the clock asks."""
        self.clock.pass_by(after + timedelta(seconds=2))
        self.service.do_jobs(self.database)

    def told(self) -> list[str]:
        """Return the names of all news, in the order in which they were told."""
        with self.database.steward() as session:
            rows = session.execute(
                select(OutboxRow.name).order_by(OutboxRow.occurred_at, OutboxRow.id)
            )
            return [name for (name,) in rows]

    def moved(self) -> list[dict[str, Any]]:
        """Return all movements as they were told to the ledger, in their order, each once.

        What nobody books is told again within the hour: `tellings` has that, too.
        """
        return list({row["movement_id"]: row for row in self.tellings()}.values())

    def tellings(self) -> list[dict[str, Any]]:
        """Return each telling of a movement, in their order."""
        with self.database.steward() as session:
            rows = session.scalars(
                select(OutboxRow.body)
                .where(OutboxRow.name == "payments.money_moved")
                .order_by(OutboxRow.id)
            )
            return list(rows)

    def count(self, table: str) -> int:
        """Count all rows of *table*, whoever owns them."""
        with self.database.steward() as session:
            return session.scalar(select(func.count()).select_from(text(table)))


def resolving(service: Service) -> Service:
    """Return *service* with the resolver as its only job: the others have nothing to do here."""
    only = Jobs()
    only.jobs = [each for each in service.jobs.jobs if each.name == "ask_again"]
    assert len(only.jobs) == 1
    return replace(service, jobs=only)


MakePayments = Callable[..., Payments]


@pytest.fixture
def payer_context(context: Context) -> Context:
    """Someone who may do everything with payments."""
    return replace(context, permissions=frozenset(PaymentsPermission))


@pytest.fixture
def make_payments(open_database: Open, payer_context: Context, clock: Clock) -> MakePayments:
    """Return what makes a payments service with providers of one's own."""

    def make(*providers: Provider, **equipment: Any) -> Payments:
        usual = (Sandbox(wait=lambda _s: None), Bank())
        given = [Providers(*(providers or usual)), Secret.new()]
        ready = replace(
            service, equipment=[*service.equipment, *given, *equipment.values()], expects=()
        )
        database = open_database(ready)
        with database.work(payer_context) as work:
            organizations.keep(work, payer_context.known)
        return Payments(ready, database, payer_context, clock)

    return make


@pytest.fixture
def payments(make_payments: MakePayments) -> Payments:
    """A payments service with a sandbox that does not wait."""
    return make_payments()


@pytest.fixture
def key() -> str:
    return f"key-{uuid4()}"
