"""Wallets, and what they hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from nexafi.payments.tables import Rate
from nexafi.payments.wallets import proving
from tests.payments.conftest import Payments, money


@dataclass
class Wallets:
    """The wallets of an organization, through the front door."""

    payments: Payments

    def open(self, top_up: str | None = None, currency: str = "EUR") -> str:
        """Open a wallet of a new customer, with money in it; return its id."""
        customer = self.payments.post("/customers", {"name": "Grace"}).json["id"]
        made = self.payments.post("/wallets", {"customer": customer})
        assert made.status_code == 201, made.json
        if top_up is not None:
            self.top_up(made.json["id"], top_up, currency=currency)
        return made.json["id"]

    def top_up(
        self, wallet: str, amount: str, method: str = "sandbox_visa", currency: str = "EUR"
    ) -> Any:
        body = {"amount": money(amount, currency), "payment_method": method}
        answer = self.do(wallet, "top-ups", body)
        assert answer.status_code == 201, answer.json
        return answer.json

    def do(self, wallet: str, what: str, body: Any = None, *, key: str | None = None) -> Any:
        return self.payments.post(f"/wallets/{wallet}/{what}", body, key=key)

    def pay(self, wallet: str, amount: str, currency: str = "EUR") -> Any:
        return self.do(wallet, "payments", {"amount": money(amount, currency)})

    def balances(self, wallet: str) -> dict[str, tuple[str, str, str]]:
        """Return balance, available and owed by currency."""
        found = self.payments.get(f"/wallets/{wallet}")["balances"]
        return {
            each["balance"]["currency"]: (
                each["balance"]["amount"],
                each["available"]["amount"],
                each["owed"]["amount"],
            )
            for each in found
        }

    def entries(self, wallet: str) -> list[tuple[str, str]]:
        """Return kind and amount of all entries, oldest first."""
        items = self.payments.get(f"/wallets/{wallet}/entries")["items"]
        return [(each["kind"], each["amount"]["amount"]) for each in reversed(items)]

    def kinds(self) -> list[str]:
        """Return the kinds of all movements that the ledger was told of."""
        return [each["kind"] for each in self.payments.moved()]

    def rate(self, currency: str, rate: str) -> None:
        """Let the ledger have told what a currency is worth."""
        with self.payments.database.work(self.payments.caller) as work:
            today = work.context.today
            now = work.context.now
            work.session.add(Rate(currency=currency, date=today, rate=rate, changed_at=now))

    def are_right(self) -> bool:
        """Return whether each balance is the sum of its entries and holds what is held."""
        with self.payments.database.work(self.payments.caller) as work:
            return proving.prove(work) == 0

    def wait(self, made: str) -> None:
        """Let the seconds pass that the sandbox takes for what is slow; it counts from an id."""
        made_at = datetime.fromtimestamp((UUID(made).int >> 80) / 1000, UTC)
        self.payments.clock.now = max(self.payments.clock.now, made_at)
        self.payments.work_on(after=timedelta(seconds=10))

    def read(self, wallet: str) -> UUID:
        return UUID(wallet)


@pytest.fixture
def wallets(payments: Payments) -> Wallets:
    return Wallets(payments)
