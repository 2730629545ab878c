"""Payments, as far as the ledger hears of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from nexafi.contracts.ledger.events import MovementBooked
from nexafi.contracts.payments.events import MoneyMoved, MovementKind
from nexafi.kernel.data import organizations
from nexafi.kernel.data.tables import OutboxRow
from nexafi.kernel.equipment import Equipment
from nexafi.kernel.news.events import Envelope
from nexafi.kernel.values.money import Money
from nexafi.ledger.app import service
from tests.ledger.conftest import Ledger

EQUIPMENT = Equipment(service.equipment)
ENTRIES = "/api/v1/ledger/entries"


def moved(kind: str, amount: str, currency: str = "EUR", **more: Any) -> MoneyMoved:
    """Return the news of a movement; amounts that are texts are in its currency."""
    told: dict[str, Any] = {"movement_id": uuid4(), "on": date(2026, 3, 31), "provider": "stripe"}
    for name, value in more.items():
        told[name] = Money.of(value, currency) if name in {"fee", "tax", "deferred"} else value
    return MoneyMoved(kind=MovementKind(kind), amount=Money.of(amount, currency), **told)


class Told:
    """Someone who tells a ledger what moved, as the relay does."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.home = ledger.caller.home
        assert self.home is not None
        with ledger.database.work(ledger.caller) as work:
            organizations.keep(work, self.home, 1)

    def in_base(self, currency: str) -> None:
        """Let the organization keep its books in another currency."""
        self.home = replace(self.home, base_currency=currency)
        self.ledger.caller = replace(self.ledger.caller, home=self.home)
        with self.ledger.database.work(self.ledger.caller) as work:
            organizations.keep(work, self.home, 2)

    def tell(self, *events: MoneyMoved) -> None:
        """Tell each of *events*, as news that was not told before."""
        for event in events:
            heard = service.subscriptions.deliver(
                self.ledger.database, EQUIPMENT, self.envelope(event)
            )
            assert heard

    def envelope(self, event: MoneyMoved) -> Envelope:
        return Envelope(
            id=uuid4(),
            organization_id=self.home.id,
            name=event.name,
            version=event.version,
            body=event.model_dump(mode="json"),
            occurred_at=self.ledger.caller.now,
        )

    def entries(self, **query: Any) -> list[dict[str, Any]]:
        """Return the entries of the journal, as they are listed."""
        answer = self.ledger.client.get(ENTRIES, query_string=query)
        assert answer.status_code == 200, answer.json
        return answer.json["items"]

    def lines(self, **query: Any) -> list[str]:
        """Return the lines of all entries, as one would jot them down."""
        return [
            f"{line['account']} {line['amount']['amount']} {line['amount']['currency']}"
            for entry in self.entries(**query)
            for line in entry["lines"]
        ]

    def booked(self) -> list[MovementBooked]:
        """Return what the ledger told of movements, in the order in which it did."""
        wanted = select(OutboxRow).where(OutboxRow.name == MovementBooked.name)
        with self.ledger.database.steward() as session:
            rows = session.scalars(wanted.order_by(OutboxRow.id)).all()
            return [MovementBooked.model_validate(row.body) for row in rows]

    def sums(self) -> Mapping[str, int]:
        """Return what each account holds, in cents, without the zeros."""
        return {code: minor for code, minor in self.ledger.sums().items() if minor}

    def apply(self, template: str) -> None:
        """Begin with a chart."""
        path, body = "/api/v1/ledger/accounts/template", {"template": template}
        assert self.ledger.client.post(path, json=body).status_code == 201

    def entry_of(self, event: MoneyMoved) -> UUID:
        """Return the entry of a movement."""
        [entry] = self.entries(source=f"payments/{event.movement_id}")
        return UUID(entry["id"])


@pytest.fixture
def told(ledger: Ledger) -> Told:
    """One who tells a ledger with four accounts."""
    return Told(ledger)


@pytest.fixture
def told_first(empty_ledger: Ledger) -> Told:
    """One who tells a ledger that has no account at all."""
    return Told(empty_ledger)
