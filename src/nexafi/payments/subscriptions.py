"""The news that payments listen to, and what they do about each."""

from __future__ import annotations

from nexafi.contracts.ledger.events import MovementBooked, RatesChanged
from nexafi.contracts.users.events import OrganizationChanged
from nexafi.kernel.data import organizations
from nexafi.kernel.data.work import Work
from nexafi.kernel.news.events import Event
from nexafi.kernel.news.subscriptions import Subscriptions
from nexafi.payments.movements import actions as movements
from nexafi.payments.rates import actions as rates
from nexafi.payments.webhooks import actions as webhooks
from nexafi.payments.webhooks.rules import TOLD

subscriptions = Subscriptions()


@subscriptions.on(OrganizationChanged)
def keep_organization(work: Work, event: OrganizationChanged) -> None:
    """Remember what the organization is called and where it keeps its days."""
    organizations.keep(work, event.home, event.revision)


@subscriptions.on(RatesChanged)
def keep_rates(work: Work, event: RatesChanged) -> None:
    """Remember what currencies are worth, to lock it when a charge is made."""
    rates.keep(work, event)


@subscriptions.on(MovementBooked)
def note_booked(work: Work, event: MovementBooked) -> None:
    """Remember which entry books a movement."""
    movements.note_booked(work, event.movement_id, event.entry_id)


def pass_on(work: Work, event: Event) -> None:
    """Let the endpoints of the organization be told of what happened here."""
    webhooks.pass_on(work, event)


for _told in TOLD:
    subscriptions.on(_told)(pass_on)
