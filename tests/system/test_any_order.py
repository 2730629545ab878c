"""No handler leans on the order of its news: every order, with repeats, comes to the same end.

A relay that retries, two relays side by side, a delayed commit: each changes the order. So each
subscription of each service is given a small history of events in every order, each event twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from importlib import import_module
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Table, select

from nexafi.cli.platform import existing
from nexafi.contracts.ledger.events import MovementBooked, QuotedRate, RatesChanged
from nexafi.contracts.payments.events import (
    ChargeCaptured,
    DisputeClosed,
    DisputeEvidenceDue,
    DisputeOpened,
    MoneyMoved,
    MovementKind,
)
from nexafi.contracts.users.events import OrganizationChanged
from nexafi.kernel.data.context import utc_now
from nexafi.kernel.data.database import Database
from nexafi.kernel.equipment import Equipment
from nexafi.kernel.news.events import Envelope, Event, kind
from nexafi.kernel.service import Service
from nexafi.kernel.values.money import Money
from nexafi.payments.movements import actions as movements
from nexafi.payments.webhooks.rules import TOLD
from tests.conftest import HOME, LONG


def organization_changed(organization_id: UUID) -> list[Event]:
    """An organization is new, gets another name, moves."""
    home = replace(HOME, id=organization_id)
    return [
        OrganizationChanged(home=home, revision=1),
        OrganizationChanged(home=replace(home, name="Engines Ltd"), revision=2),
        OrganizationChanged(home=replace(home, name="Engines Ltd", zone="Asia/Tokyo"), revision=3),
    ]


def money_moved(_organization_id: UUID) -> list[Event]:
    """A charge is captured for a fee, half of it is refunded, the provider takes one more fee."""
    told = [
        (MovementKind.CAPTURE, "100.00", "3.20"),
        (MovementKind.REFUND, "50.00", None),
        (MovementKind.FEE, "1.00", None),
    ]
    return [
        MoneyMoved(
            movement_id=UUID(int=place),
            kind=kind,
            on=date(2026, 3, 30 + place % 2),
            amount=Money.of(amount, "EUR"),
            fee=Money.of(fee, "EUR") if fee else None,
            provider="stripe",
        )
        for place, (kind, amount, fee) in enumerate(told)
    ]


def rates_changed(_organization_id: UUID) -> list[Event]:
    """A rate is set, set otherwise with that of another day, and removed."""
    days = [{1: "0.90"}, {1: "0.91", 2: "0.92"}, {1: None}]
    return [
        RatesChanged(
            base_currency="EUR",
            changed_at=datetime(2026, 3, 3, place, tzinfo=UTC),
            rates=tuple(
                QuotedRate(currency="USD", date=date(2026, 3, day), rate=rate)
                for day, rate in rates.items()
            ),
        )
        for place, rates in enumerate(days)
    ]


def movement_booked(organization_id: UUID) -> list[Event]:
    """What moved is booked, one after the other."""
    return [
        MovementBooked(movement_id=event.movement_id, entry_id=UUID(int=17 + place))
        for place, event in enumerate(money_moved(organization_id))
    ]


def before_they_are_booked(database: Database, organization_id: UUID) -> None:
    """Let the movements be those of payments itself."""
    context = database.context_for("ada@example.com", organization_id)
    with database.work(context) as work:
        for event in money_moved(organization_id):
            movements.move(work, event)


def told_to_endpoints(kind: type[Event]) -> Callable[[UUID], list[Event]]:
    """Return what is only passed on to webhook endpoints, three times over."""
    day = date(2026, 3, 30)
    said = {
        ChargeCaptured: {"operation_id": uuid4(), "fee": Money(3, "EUR"), "captured_on": day},
        DisputeOpened: {"reason": "fraudulent"},
        DisputeClosed: {"outcome": "won"},
        DisputeEvidenceDue: {"due_on": day},
    }
    usual = {"reason": "other", "refund_id": uuid4(), "refunded_on": day, "dispute_id": uuid4()}

    def history(_organization_id: UUID) -> list[Event]:
        return [
            kind.model_validate(
                {
                    "charge_id": uuid4(),
                    "amount": Money(minor, "EUR"),
                    **usual,
                    **said.get(kind, {}),
                }
            )
            for minor in (100, 200, 300)
        ]

    return history


HISTORIES: dict[str, Callable[[UUID], list[Event]]] = {
    "users.organization_changed.v1": organization_changed,
    "payments.money_moved.v1": money_moved,
    "ledger.rates_changed.v1": rates_changed,
    "ledger.movement_booked.v1": movement_booked,
    **{kind(each.name, each.version): told_to_endpoints(each) for each in TOLD},
}
"""For each event that somebody subscribes to, what happened to one organization, in order."""

NEEDS_NO_HOME = {"users.organization_changed.v1"}
"""What can be heard of an organization that is not known yet: who it is."""

SAMPLE = 12
"""So many orders are tried, evenly chosen, and the last; NEXAFI_TEST_LONG=1 tries all."""

KEPT_FOR_DELIVERY = {"inbox", "outbox", "leases", "idempotency", "audit"}


BEFORE = {"ledger.movement_booked.v1": before_they_are_booked}
"""What the listener itself has done before there was anything to hear of."""


def subscriptions() -> Iterator[tuple[Service, str]]:
    """Find what each service of this code subscribes to."""
    for name in existing():
        service: Service = import_module(f"nexafi.{name}.app").service
        for name_and_version in service.subscriptions.handlers:
            yield service, kind(*name_and_version)


def orders(have: tuple[int, ...]) -> Iterator[list[int]]:
    """Go through all orders of things of which each comes so often as *have* says."""
    if not any(have):
        yield []
    for place, left in enumerate(have):
        if left:
            fewer = (*have[:place], left - 1, *have[place + 1 :])
            for rest in orders(fewer):
                yield [place, *rest]


def state(database: Database, organization_id: UUID) -> dict[str, list[str]]:
    """Return all that a service keeps of an organization, without the ids that it made."""
    found = {}
    with database.survey() as survey:
        for table in tables(database):
            owner = table.c.id if table.name == "organizations" else table.c.organization_id
            rows = survey.session.execute(select(table).where(owner == organization_id))
            found[table.name] = sorted(
                str([value for value in row if not isinstance(value, UUID)]) for row in rows
            )
    return found


def envelope(organization_id: UUID, event: Event) -> Envelope:
    return Envelope(
        id=uuid4(),
        organization_id=organization_id,
        name=event.name,
        version=event.version,
        body=event.model_dump(mode="json"),
        occurred_at=utc_now(),
    )


def tables(database: Database) -> list[Table]:
    every = [table for base in database.bases for table in base.metadata.sorted_tables]
    return [
        table
        for table in every
        if table.name not in KEPT_FOR_DELIVERY
        and (table.name == "organizations" or "organization_id" in table.c)
    ]


@pytest.mark.parametrize(
    ("service", "subscribed"),
    [pytest.param(*each, id=f"{each[0].name}-{each[1]}") for each in subscriptions()],
)
def test_every_order_with_repeats_comes_to_the_same_end(open_database, service, subscribed):
    assert subscribed in HISTORIES, f"{service.name} listens to {subscribed}: give a history of it"
    history = HISTORIES[subscribed]
    assert len(history(uuid4())) >= 3
    database = open_database(service)
    equipment = Equipment(service.equipment)

    def told(organization_id: UUID) -> list[Envelope]:
        return [envelope(organization_id, event) for event in history(organization_id)]

    def end(organization_id: UUID, envelopes: Sequence[Envelope]) -> dict[str, list[str]]:
        if subscribed not in NEEDS_NO_HOME:
            [first, *_] = organization_changed(organization_id)
            service.subscriptions.deliver(database, equipment, envelope(organization_id, first))
        if subscribed in BEFORE:
            BEFORE[subscribed](database, organization_id)
        heard = [service.subscriptions.deliver(database, equipment, each) for each in envelopes]
        assert sum(heard) == len({envelope.id for envelope in envelopes})
        return state(database, organization_id)

    organization_id = uuid4()
    expected = end(organization_id, told(organization_id))
    assert any(expected.values()), "the history leaves nothing: it proves nothing"

    twice = (2,) * len(history(organization_id))
    every = list(orders(twice))
    tried = every if LONG else [*every[:: max(1, len(every) // SAMPLE)], every[-1]]
    assert len(tried) > SAMPLE
    for places in tried:
        organization_id = uuid4()
        envelopes = told(organization_id)
        found = end(organization_id, [envelopes[place] for place in places])
        assert found == expected, f"the order {places} comes to another end"
