"""The parking place of a service in RabbitMQ: what lies there, and how it is told again.

To look means to take and give back: nobody else takes anything from there.
"""

from __future__ import annotations

from collections.abc import Collection, Generator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

import amqp

from nexafi.kernel.news.events import Envelope
from nexafi.kernel.news.parked import SHOWN_MAX, Parked
from nexafi.kernel.news.rabbitmq import messages, topology
from nexafi.kernel.news.rabbitmq.link import FAULTS, BrokerAway, RabbitAt, hang_up
from nexafi.kernel.news.rabbitmq.messages import Unreadable
from nexafi.kernel.news.rabbitmq.topology import DELIVERIES_MAX, Names

DIED: Final = f"its consumer died or was cut off {DELIVERIES_MAX} times"
"""Why the broker itself parks a message."""


def parked(at: RabbitAt, service: str) -> list[Parked]:
    """Return what a service could not bear, oldest first, and leave it where it is.

    Raises:
        BrokerAway: RabbitMQ cannot be asked.

    """
    found: list[Parked] = []
    with _channel(at, service) as (channel, names):
        while len(found) < SHOWN_MAX:
            if (message := channel.basic_get(names.parked(service))) is None:
                break
            found.append(_as_parked(message, service))
    return sorted(found, key=lambda each: str(each.parked_at))


def replay(at: RabbitAt, service: str, ids: Collection[str] | None = None) -> list[str]:
    """Give a service again what it could not bear: all of it unless *ids* say; return their ids.

    A message leaves the parking place once it stands in the queue. Should we be cut off between,
    it stands in both, which the inbox makes harmless.

    Raises:
        BrokerAway: RabbitMQ cannot be asked; what was not returned yet is still parked.

    """
    done: list[str] = []
    with _channel(at, service) as (channel, names):
        count = channel.queue_declare(names.parked(service), passive=True).message_count
        for _ in range(count):  # what is parked anew meanwhile is left for the next time
            if (message := channel.basic_get(names.parked(service))) is None:
                break
            found = _as_parked(message, service)
            if ids is not None and found.id not in ids:
                continue  # given back when we hang up
            channel.basic_publish_confirm(_fresh(message), routing_key=names.queue(service))
            channel.basic_ack(message.delivery_tag)
            done.append(found.id)
    return done


@contextmanager
def _channel(at: RabbitAt, service: str) -> Generator[tuple[Any, Names]]:
    names = Names(at.prefix)
    connection = at.connect(f"nexafi {service}: parking place")
    try:
        channel = connection.channel()
        topology.declare(channel, names, {service: ()})
        yield channel, names
    except FAULTS as error:
        raise BrokerAway(f"RabbitMQ hung up: {error}") from error
    finally:
        hang_up(connection)


def _fresh(message: Any) -> Any:  # noqa: ANN401 - py-amqp has no types
    """Return a message as it was before it was tried."""
    headers = message.properties.get("application_headers", {})
    kept = {
        name: value
        for name, value in headers.items()
        if not name.startswith((*messages.OF_TRIES, *messages.OF_THE_BROKER))
    }
    return amqp.Message(message.body, **(message.properties | {"application_headers": kept}))


def _as_parked(message: Any, service: str) -> Parked:  # noqa: ANN401
    headers = message.properties.get("application_headers", {})
    envelope: Envelope | None
    try:
        envelope = messages.read(message.body)
    except Unreadable:
        envelope = None
    at = headers.get(messages.PARKED_AT)
    return Parked(
        id=str(envelope.id if envelope else message.properties.get("message_id", "")),
        event=envelope.kind if envelope else "",
        service=service,
        place="queue",
        organization_id=str(envelope.organization_id) if envelope else "",
        occurred_at=envelope.occurred_at if envelope else None,
        parked_at=datetime.fromisoformat(at) if at else _died_at(headers),
        tries=int(headers.get(messages.TRIES, 0)),
        reason=DIED if "x-death" in headers and not at else str(headers.get(messages.REASON, "")),
    )


def _died_at(headers: dict[str, Any]) -> datetime | None:
    """Return when the broker parked a message, as it noted it."""
    for death in headers.get("x-death", ()):
        if isinstance(when := death.get("time"), datetime):
            return when.astimezone()
    return None
