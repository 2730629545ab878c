"""The news that the ledger listens to, and what it does about each."""

from __future__ import annotations

from nexafi.contracts.payments.events import MoneyMoved
from nexafi.contracts.users.events import OrganizationChanged
from nexafi.kernel.data import organizations
from nexafi.kernel.data.work import Work
from nexafi.kernel.news.subscriptions import Subscriptions
from nexafi.ledger.movements import actions as movements

subscriptions = Subscriptions()


@subscriptions.on(OrganizationChanged)
def keep_organization(work: Work, event: OrganizationChanged) -> None:
    """Remember what the organization is called and where it keeps its days."""
    organizations.keep(work, event.home, event.revision)


@subscriptions.on(MoneyMoved)
def book_movement(work: Work, event: MoneyMoved) -> None:
    """Post the entry of money that moved, and say which it is."""
    movements.book(work, event)
