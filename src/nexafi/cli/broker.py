"""The broker of an installation: who publishes to it, who consumes from it, and how it is.

Imported only where RabbitMQ is set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from sqlalchemy.exc import SQLAlchemyError

from nexafi.kernel.data.tables import NOBODY
from nexafi.kernel.errors import Unavailable
from nexafi.kernel.news.rabbitmq import parking
from nexafi.kernel.news.rabbitmq.consumer import Consumer
from nexafi.kernel.news.rabbitmq.link import RabbitAt
from nexafi.kernel.news.rabbitmq.publisher import WINDOW, Publisher

if TYPE_CHECKING:
    from collections.abc import Collection

    from nexafi.kernel.data.database import Database
    from nexafi.kernel.news.parked import Parked
    from nexafi.kernel.news.rabbitmq.topology import Subscribed
    from nexafi.kernel.news.relay import Note
    from nexafi.kernel.service import Service, Watch
    from nexafi.kernel.settings import Settings

AWAY: Final = "RabbitMQ is away: events wait in the outbox"


class Broker:
    """All that this process has to do with RabbitMQ.

    Args:
        at: where it is.
        subscribed: who listens to what, in this code.

    """

    def __init__(self, at: RabbitAt, subscribed: Subscribed) -> None:
        self.at = at
        self._subscribed = subscribed
        self._publishers: dict[str, Publisher] = {}

    @classmethod
    def of(cls, settings: Settings, subscribed: Subscribed) -> Self:
        """Return that of an installation which has one."""
        assert settings.rabbitmq_url is not None, "NEXAFI_RABBITMQ_URL is set"
        at = RabbitAt(
            settings.rabbitmq_url.get_secret_value(),
            prefix=settings.rabbitmq_prefix,
            ca=settings.rabbitmq_ca,
            heartbeat_s=settings.rabbitmq_heartbeat_s,
            prefetch=settings.rabbitmq_prefetch,
        )
        return cls(at, subscribed)

    def carry(self, service: Service, database: Database, note: Note | None) -> int:
        """Publish a batch of the news of a service; return how many went out.

        Raises:
            BrokerAway: all that was not confirmed waits in the outbox.

        """
        publisher = self._publisher(service.name)
        publisher.ready()  # before anything is claimed
        return service.carry(database, publisher, batch_max=WINDOW, note=note)

    def consumers(
        self, service: Service, database: Database, watch: Watch, count: int
    ) -> list[Consumer]:
        """Return what consumes the news for a service; nothing if it listens to none."""
        if not service.subscriptions.handlers:
            return []
        listener = service.listener(database)
        return [
            Consumer(
                self.at,
                service.name,
                self._subscribed,
                handle=lambda envelope: bool(listener(envelope)),
                is_away=lambda: _is_away(database),
                meters=watch.meters,
                clock=database.clock,
            )
            for _ in range(count)
        ]

    def mind(self, name: str, watch: Watch, consumers: list[Consumer]) -> None:
        """Let a service say that it is degraded while it is cut off from the broker."""
        publisher = self._publisher(name, watch)
        for side in ("relay", *(("consumer",) if consumers else ())):
            watch.meters.connected(side, 0)  # shown from the start: 0 is what one must see

        def worry() -> str | None:
            there = publisher.is_connected and all(each.is_connected for each in consumers)
            return None if there else AWAY

        watch.health.mind("broker", worry)

    def parked(self, names: Collection[str]) -> list[Parked]:
        """Return what these services could not bear."""
        return [
            each
            for name in names
            if name in self._subscribed
            for each in parking.parked(self.at, name)
        ]

    def replay(self, names: Collection[str], ids: Collection[str] | None) -> list[str]:
        """Give these services again what they could not bear, all unless *ids* say."""
        return [
            each
            for name in names
            if name in self._subscribed
            for each in parking.replay(self.at, name, ids)
        ]

    def close(self) -> None:
        """Hang up."""
        for publisher in self._publishers.values():
            publisher.close()

    def _publisher(self, name: str, watch: Watch | None = None) -> Publisher:
        if name not in self._publishers:
            publisher = Publisher(self.at, f"nexafi {name}: relay", self._subscribed)
            if watch is not None:
                meters = watch.meters
                publisher.connected = lambda change: meters.connected("relay", change)
            self._publishers[name] = publisher
        return self._publishers[name]


def _is_away(database: Database) -> bool:
    """Return whether a database cannot be reached at all."""
    try:
        database.context_for("consumer", NOBODY)
    except (SQLAlchemyError, Unavailable, OSError):
        return True
    return False
