"""The publisher: gives a batch of the outbox to RabbitMQ, and knows what it has taken.

A whole batch is sent before the first confirm is awaited, in the order of the
outbox. What was confirmed is sent; what the broker refused (a queue that has no
leader just now) stays in the outbox until it is taken. What it returned because
no queue takes it is told apart: if a service of this code listens to it, its
queue or binding was removed, and the event stays in the outbox until it is
there again; if nobody does, that is how it is, and it is done.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

import amqp
from amqp import spec

from nexafi.kernel.news.events import Envelope
from nexafi.kernel.news.rabbitmq import messages, topology
from nexafi.kernel.news.rabbitmq.link import (
    ANSWER_S,
    FAULTS,
    BrokerAway,
    RabbitAt,
    gathering,
    hang_up,
    listen_for,
)
from nexafi.kernel.news.rabbitmq.topology import Names, Subscribed
from nexafi.kernel.news.relay import Outcome

WINDOW: Final = 500
"""How many are sent before their confirms are awaited; more brought nothing when measured."""

LEAST_S: Final = 0.001
"""No time at all would mean to wait for ever."""

MANDATORY: Final = True
IMMEDIATE: Final = False

log = logging.getLogger(__name__)


class Publisher:
    """One channel with confirms, opened when it is needed and again when it was lost.

    Used by one thread at a time.

    Args:
        at: where the broker is.
        name: what the broker shows of us.
        subscribed: who listens to what, in this code.

    """

    def __init__(self, at: RabbitAt, name: str, subscribed: Subscribed) -> None:
        self._at = at
        self._name = name
        self._names = Names(at.prefix)
        self._subscribed = subscribed
        self._heard = frozenset(kind for kinds in subscribed.values() for kind in kinds)
        self.connected: Callable[[int], None] = lambda _: None
        """Told 1 when a connection stands, and -1 when it is gone."""
        self._connection: Any = None
        self._channel: Any = None
        self._tag = 0
        self._window = _Window()

    @property
    def is_connected(self) -> bool:
        """Return whether a connection stands, as far as we know."""
        return self._connection is not None

    def ready(self) -> None:
        """See to it that a connection stands; raise BrokerAway if none can be had."""
        try:
            if self._connection is not None:
                listen_for(self._connection, 0)
                return
            self._connection = self._at.connect(self._name)
            self.connected(1)
            self._open()
        except FAULTS as error:
            self._lose()
            raise BrokerAway(f"RabbitMQ hung up: {error}") from error

    def __call__(self, batch: Sequence[Envelope]) -> Outcome:
        """Publish *batch* and wait until each of it is confirmed, refused or returned.

        It waits for as long as an answer may take, whatever arrives meanwhile: a
        batch must be done with before the relay's claim to it runs out.
        """
        self._window = window = _Window()
        try:
            self.ready()
            with gathering(self._connection):
                for envelope in batch:
                    self._send(envelope)
            enough = time.monotonic() + ANSWER_S
            while window.open:
                self._connection.drain_events(timeout=max(enough - time.monotonic(), LEAST_S))
        except (*FAULTS, BrokerAway) as error:
            self._lose()
            fault = error if isinstance(error, BrokerAway) else BrokerAway(f"RabbitMQ: {error!r}")
            return self._outcome(fault)
        outcome = self._outcome(None)
        if outcome.returned:
            self._declare_again(outcome)
        return outcome

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            hang_up(self._connection)
            self._lose()

    def _open(self) -> None:
        self._channel = channel = self._connection.channel()
        channel.confirm_select()
        channel.events["basic_ack"].add(self._taken)
        channel.events["basic_nack"].add(self._refused)
        channel.events["basic_return"].add(
            lambda _error, _exchange, _kind, message: self._window.note_return(message)
        )
        self._tag = 0
        topology.declare(channel, self._names, self._subscribed)

    def _taken(self, tag: int, multiple: bool) -> None:  # noqa: FBT001 - as py-amqp calls it
        self._window.settle(tag, multiple)

    def _refused(self, tag: int, multiple: bool) -> None:  # noqa: FBT001
        self._window.settle(tag, multiple, refused=True)

    def _send(self, envelope: Envelope) -> None:
        self._tag += 1
        self._window.open[self._tag] = envelope
        # As basic_publish does it, which would look for what came before each message.
        self._channel.send_method(
            spec.Basic.Publish,
            "Bssbb",
            (0, self._names.events, envelope.kind, MANDATORY, IMMEDIATE),
            amqp.Message(messages.body(envelope), **messages.properties(envelope)),
        )

    def _outcome(self, fault: BrokerAway | None) -> Outcome:
        outcome = Outcome(fault=fault)
        for envelope in self._window.taken:
            if envelope.id not in self._window.returned:
                outcome.sent.append(envelope.id)
            elif envelope.kind in self._heard:
                outcome.returned[envelope.id] = f"no queue takes {envelope.kind}"
            else:
                outcome.unheard.append(envelope.id)
        for envelope in self._window.refused:
            outcome.returned[envelope.id] = "the broker refused it"
        return outcome

    def _declare_again(self, outcome: Outcome) -> None:
        """Put up again what somebody removed, so that the next try finds its way."""
        reason = next(iter(outcome.returned.values()))
        log.warning("%d events came back from RabbitMQ: %s", len(outcome.returned), reason)
        try:
            topology.declare(self._channel, self._names, self._subscribed)
        except FAULTS as error:
            log.warning("queues could not be declared: %s", error)
            self.close()

    def _lose(self) -> None:
        if self._connection is not None:
            self.connected(-1)
            self._connection.collect()
        self._connection = self._channel = None


class _Window:
    """What was sent and what became of it."""

    def __init__(self) -> None:
        self.open: dict[int, Envelope] = {}
        self.taken: list[Envelope] = []
        self.refused: list[Envelope] = []
        self.returned: set[UUID] = set()

    def note_return(self, message: Any) -> None:  # noqa: ANN401
        """Note that a message found no queue; its confirm follows."""
        self.returned.add(UUID(message.properties["message_id"]))

    def settle(self, tag: int, multiple: bool, *, refused: bool = False) -> None:  # noqa: FBT001
        """Note that one, or all up to it, was taken or refused."""
        tags = [each for each in self.open if each <= tag] if multiple else [tag]
        for each in tags:
            if (envelope := self.open.pop(each, None)) is not None:
                (self.refused if refused else self.taken).append(envelope)
