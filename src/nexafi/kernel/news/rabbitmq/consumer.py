"""The consumer: takes what comes for one service, and answers for each message.

A message is acknowledged once its effect is committed; the inbox makes a second
delivery harmless. What a handler cannot bear waits, longer each time, and is
parked with its reason at last; what has been moved is acknowledged only when
the broker has it at its new place. While the database itself is away the
message in hand is kept and tried again: that is no fault of the event.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import amqp

from nexafi.kernel.data.context import Clock
from nexafi.kernel.news.events import Envelope
from nexafi.kernel.news.rabbitmq import messages, topology
from nexafi.kernel.news.rabbitmq.link import (
    ANSWER_S,
    FAULTS,
    BrokerAway,
    RabbitAt,
    hang_up,
    listen_for,
)
from nexafi.kernel.news.rabbitmq.messages import Unreadable
from nexafi.kernel.news.rabbitmq.topology import Names, Subscribed
from nexafi.kernel.news.relay import TRIES_MAX, reason_of
from nexafi.kernel.watch.metrics import Metrics

LOOK_S: Final = 0.25
"""How long it listens before it sees whether it is to stop."""

PAUSE_S: Final = 0.25
PAUSE_MAX_S: Final = 10.0

log = logging.getLogger(__name__)


class Consumer:
    """One thread with a connection of its own, which does one message after the other.

    Args:
        at: where the broker is.
        service: whose queue it is.
        subscribed: who listens to what, in this code.
        handle: does what an event asks for; False if it was done before.
        is_away: tells whether the service's database cannot be reached.
        meters: where what comes of each message is counted.
        clock: tells how old an event is.

    """

    def __init__(
        self,
        at: RabbitAt,
        service: str,
        subscribed: Subscribed,
        *,
        handle: Callable[[Envelope], bool],
        is_away: Callable[[], bool],
        meters: Metrics,
        clock: Clock,
    ) -> None:
        self._at = at
        self._service = service
        self._names = Names(at.prefix)
        self._subscribed = subscribed
        self._handle = handle
        self._is_away = is_away
        self._meters = meters
        self._clock = clock
        self._came: deque[Any] = deque()
        self._unconfirmed: set[int] = set()
        self._tag = 0
        self._is_stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self.is_connected = False

    def start(self) -> None:
        """Begin, in a thread of its own."""
        name = f"consumer-{self._service}"
        self._thread = threading.Thread(target=self.run, name=name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take nothing further; what was sent to us already is done."""
        self._is_stopped.set()

    def join(self, timeout_s: float) -> None:
        """Wait until it has finished."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def run(self) -> None:
        """Consume until it is stopped, on another connection whenever one is lost."""
        pause_s = PAUSE_S
        while not self._is_stopped.is_set():
            began = time.monotonic()
            try:
                self._consume()
            except (*FAULTS, BrokerAway) as error:
                log.warning("%s hears nothing from RabbitMQ: %s", self._service, error)
            except Exception:
                # Carrying on: whatever it was, what was not acknowledged comes again.
                log.exception("the consumer of %s failed", self._service)
            if time.monotonic() - began > PAUSE_MAX_S:
                pause_s = PAUSE_S
            self._is_stopped.wait(pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - not a secret
            pause_s = min(pause_s * 2, PAUSE_MAX_S)

    def _consume(self) -> None:
        connection = self._at.connect(f"nexafi {self._service}: consumer")
        self._note_connected(1)
        try:
            channel = connection.channel()
            channel.confirm_select()
            channel.events["basic_ack"].add(self._settled)
            channel.events["basic_nack"].add(self._refused)
            self._tag, self._unconfirmed = 0, set()
            topology.declare(channel, self._names, self._subscribed)
            consumer_tag, is_slow = self._subscribe(channel, 1), True
            while not self._is_stopped.is_set():
                if not self._came:
                    listen_for(connection, LOOK_S)
                    continue
                message = self._came.popleft()
                self._answer(connection, channel, message)
                if is_slow and not message.delivery_info["redelivered"]:
                    # One at a time until it is plain that none of those that came back kills us:
                    # its neighbours would be counted as having come back, too.
                    channel.basic_cancel(consumer_tag)
                    consumer_tag, is_slow = self._subscribe(channel, self._at.prefetch), False
            channel.basic_cancel(consumer_tag)  # what was on its way to us has come when it returns
            while self._came:
                self._answer(connection, channel, self._came.popleft())
        finally:
            self._came.clear()
            self._note_connected(-1)
            hang_up(connection)

    def _subscribe(self, channel: Any, prefetch: int) -> str:  # noqa: ANN401
        channel.basic_qos(0, prefetch, a_global=False)
        queue = self._names.queue(self._service)
        tag: str = channel.basic_consume(queue, callback=self._came.append)
        return getattr(tag, "consumer_tag", tag)

    def _note_connected(self, change: int) -> None:
        self.is_connected = change > 0
        self._meters.connected("consumer", change)

    def _answer(self, connection: Any, channel: Any, message: Any) -> None:  # noqa: ANN401
        """Do what a message asks for, and acknowledge it wherever it goes."""
        try:
            envelope = messages.read(message.body)
        except Unreadable as error:
            self._move(connection, channel, message, str(error), may_return=False)
            return
        try:
            is_new = self._do(connection, envelope)
        except Exception as error:
            # Carrying on: one event that fails must not hold up the others.
            log.exception("event %s (%s) was not handled", envelope.id, envelope.kind)
            self._move(connection, channel, message, reason_of(error), may_return=True)
            return
        channel.basic_ack(message.delivery_tag)
        latency_s = (self._clock() - envelope.occurred_at).total_seconds()
        self._meters.consumed("handled" if is_new else "repeated", latency_s if is_new else None)

    def _do(self, connection: Any, envelope: Envelope) -> bool:  # noqa: ANN401
        """Handle an event; while the database is away, try again and again."""
        pause_s = PAUSE_S
        while True:
            try:
                return self._handle(envelope)
            except Exception:
                if self._is_stopped.is_set() or not self._is_away():
                    raise
                log.warning("%s waits for its database", self._service)
            until = time.monotonic() + pause_s
            while (left := until - time.monotonic()) > 0:
                listen_for(connection, left)
            pause_s = min(pause_s * 2, PAUSE_MAX_S)

    def _move(
        self,
        connection: Any,  # noqa: ANN401
        channel: Any,  # noqa: ANN401
        message: Any,  # noqa: ANN401
        reason: str,
        *,
        may_return: bool,
    ) -> None:
        """Let a message wait, or park it after the last try; acknowledge it once it is there."""
        headers = message.properties.get("application_headers", {})
        tries = int(headers.get(messages.TRIES, 0)) + 1
        kept = {
            name: value
            for name, value in headers.items()
            if not name.startswith(messages.OF_THE_BROKER)
        }
        kept |= {messages.TRIES: tries, messages.REASON: reason}
        is_last = not may_return or tries >= TRIES_MAX
        queue = self._names.queue(self._service)
        where = ("", self._names.parked(self._service))
        if is_last:
            kept[messages.PARKED_AT] = self._clock().isoformat()
        else:
            where = (self._names.later(tries), queue)
        properties = message.properties | {"application_headers": kept}
        self._tag += 1
        self._unconfirmed.add(self._tag)
        moved = amqp.Message(message.body, **properties)
        channel.basic_publish(moved, exchange=where[0], routing_key=where[1], mandatory=False)
        deadline = time.monotonic() + ANSWER_S
        while self._unconfirmed:
            if time.monotonic() > deadline:
                raise BrokerAway("RabbitMQ does not confirm.")
            listen_for(connection, LOOK_S)
        channel.basic_ack(message.delivery_tag)
        self._meters.consumed("parked" if is_last else "retried")

    def _settled(self, tag: int, multiple: bool) -> None:  # noqa: FBT001
        settled = {each for each in self._unconfirmed if each == tag or (multiple and each < tag)}
        self._unconfirmed -= settled

    def _refused(self, tag: int, multiple: bool) -> None:  # noqa: FBT001
        raise BrokerAway(f"RabbitMQ refused to take a message ({tag}, {multiple}).")
