"""What stands in the broker: one exchange, a queue for each service that listens, waiting rooms.

```
relay ─► {prefix}.events (topic) ─► {prefix}.ledger ─► consumer ─┬─► done
                                          ▲                      ├─► {prefix}.later.8s (fanout)
                                          └── after 8 s ─────────┘     after the last try:
                                                                 └─► {prefix}.ledger.parked
```

All queues are quorum queues. A message that has waited goes back to the very queue it came from:
it is kept under that queue's name, by which the default exchange finds it, so all services share
the waiting rooms. Whoever connects first declares all of it; to declare it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from nexafi.kernel.news.relay import TRIES_MAX, pause

DELIVERIES_MAX: Final = 16
"""How often a message may come back because its consumer died or was cut off."""

NO_LIMIT: Final = 2**30
"""A queue that people look into is read and given back as often as they like."""

TOPIC: Final = "topic"
Subscribed = Mapping[str, Collection[str]]
"""By the name of each service, the events that it listens to, with their versions."""


@dataclass(frozen=True, slots=True)
class Names:
    """How exchanges and queues of an installation are called."""

    prefix: str

    @property
    def events(self) -> str:
        """Return the exchange to which all events are sent."""
        return f"{self.prefix}.events"

    def queue(self, service: str) -> str:
        """Return the queue of a service."""
        return f"{self.prefix}.{service}"

    def parked(self, service: str) -> str:
        """Return where that is put which a service could not bear."""
        return f"{self.prefix}.{service}.parked"

    def later(self, tries: int) -> str:
        """Return where a message waits after so many tries; exchange and queue are called so."""
        return f"{self.prefix}.later.{pause(tries).total_seconds():g}s"


def declare(channel: Any, names: Names, subscribed: Subscribed) -> None:  # noqa: ANN401
    """See to it that all stands there."""
    channel.exchange_declare(names.events, TOPIC, durable=True, auto_delete=False)
    for tries in range(1, TRIES_MAX):
        room = names.later(tries)
        wait_ms = int(pause(tries).total_seconds() * 1_000)
        channel.exchange_declare(room, "fanout", durable=True, auto_delete=False)
        _queue(channel, room, {"x-message-ttl": wait_ms, **_back_to(None)})
        channel.queue_bind(room, room)
    for service, kinds in subscribed.items():
        queue, parked = names.queue(service), names.parked(service)
        _queue(channel, parked, {"x-delivery-limit": NO_LIMIT})
        _queue(channel, queue, {"x-delivery-limit": DELIVERIES_MAX, **_back_to(parked)})
        for kind in sorted(kinds):
            channel.queue_bind(queue, names.events, routing_key=kind)


def remove(channel: Any, names: Names, services: Collection[str]) -> None:  # noqa: ANN401
    """Take all of it away, with whatever still lies in it: for tests, and for who gives it up."""
    rooms = {names.later(tries) for tries in range(1, TRIES_MAX)}
    queues = {queue for each in services for queue in (names.queue(each), names.parked(each))}
    for queue in sorted(rooms | queues):
        channel.queue_delete(queue)
    for exchange in sorted(rooms | {names.events}):
        channel.exchange_delete(exchange)


def _queue(channel: Any, name: str, arguments: Mapping[str, object]) -> None:  # noqa: ANN401
    channel.queue_declare(
        name,
        durable=True,
        auto_delete=False,
        arguments={"x-queue-type": "quorum", **arguments},
    )


def _back_to(queue: str | None) -> dict[str, object]:
    """Return what lets a message that leaves a queue reach *queue*, or the one it is named for.

    It leaves only when it has arrived there (at-least-once), which asks for `reject-publish`.
    """
    found: dict[str, object] = {
        "x-dead-letter-exchange": "",
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    return found if queue is None else found | {"x-dead-letter-routing-key": queue}
