"""A RabbitMQ for tests of the news: the shared one, under a prefix that is removed at the end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from uuid import uuid4

import pytest
from sqlalchemy import select

from nexafi.contracts.users.events import OrganizationChanged
from nexafi.kernel.data.context import Context, utc_now
from nexafi.kernel.data.database import Database
from nexafi.kernel.data.tables import OutboxRow
from nexafi.kernel.news.events import Envelope, kind
from nexafi.kernel.news.outbox import tell
from nexafi.kernel.news.rabbitmq import topology
from nexafi.kernel.news.rabbitmq.consumer import Consumer
from nexafi.kernel.news.rabbitmq.link import BrokerAway, RabbitAt, hang_up
from nexafi.kernel.news.rabbitmq.publisher import WINDOW, Publisher
from nexafi.kernel.news.rabbitmq.topology import Names
from nexafi.kernel.news.relay import relay
from nexafi.kernel.watch.metrics import Metrics
from nexafi.ledger.app import service
from tests.conftest import HOME

URL = os.environ.get("NEXAFI_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672/")
PATIENCE_S = 30.0
KIND = kind(OrganizationChanged.name, OrganizationChanged.version)
SUBSCRIBED = {service.name: [KIND]}


@dataclass
class Newsroom:
    """A ledger that tells news and hears it, with RabbitMQ in between."""

    database: Database
    at: RabbitAt
    context: Context
    meters: Metrics = field(default_factory=lambda: Metrics(service.name))
    handle: Callable[[Envelope], bool] | None = None
    is_away: Callable[[], bool] = lambda: False
    _consumers: list[Consumer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.names = Names(self.at.prefix)
        self.publisher = Publisher(self.at, "tests", SUBSCRIBED)

    def tell(self, *names: str, revision: int = 0) -> None:
        """Tell that the organization has another name, and another."""
        with self.database.work(self.context) as work:
            for place, name in enumerate(names, revision + 1):
                tell(work, OrganizationChanged(home=replace(HOME, name=name), revision=place))

    def carry(self) -> int:
        return relay(self.database, self.publisher, batch_max=WINDOW, note=self.meters.relayed)

    def consume(self) -> Consumer:
        """Start a consumer; it is stopped at the end."""
        consumer = Consumer(
            self.at,
            service.name,
            SUBSCRIBED,
            handle=self.handle or (lambda envelope: bool(self.listener(envelope))),
            is_away=self.is_away,
            meters=self.meters,
            clock=utc_now,
        )
        consumer.start()
        self._consumers.append(consumer)
        return consumer

    @property
    def listener(self):
        return service.listener(self.database)

    @property
    def known_as(self) -> str | None:
        """How the organization is called here."""
        home = self.database.context_for("tests", HOME.id).home
        return home.name if home else None

    def outbox(self) -> list[OutboxRow]:
        with self.database.survey() as survey:
            return list(survey.session.scalars(select(OutboxRow).order_by(OutboxRow.id)))

    def counted(self, what: str, outcome: str) -> float:
        labels = {"service": service.name, "outcome": outcome}
        return self.meters.registry.get_sample_value(f"nexafi_{what}_events_total", labels) or 0.0

    def channel(self):
        """Return a channel of our own, to look and meddle."""
        return self.at.connect("tests: looking").channel()

    def waiting(self, queue: str) -> int:
        channel = self.channel()
        try:
            return channel.queue_declare(queue, passive=True).message_count
        finally:
            hang_up(channel.connection)

    def close(self) -> None:
        for consumer in self._consumers:
            consumer.stop()
        for consumer in self._consumers:
            consumer.join(PATIENCE_S)
        self.publisher.close()


def until(true: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < deadline, "it does not come to be so"
        time.sleep(0.02)


@pytest.fixture
def rabbit() -> Iterator[RabbitAt]:
    """The shared RabbitMQ; all that was made there is taken away at the end."""
    at = RabbitAt(URL, prefix=f"nexafi-test-{uuid4().hex[:12]}")
    try:
        hang_up(at.connect("tests"))
    except BrokerAway as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    yield at
    connection = at.connect("tests: removing")
    topology.remove(connection.channel(), Names(at.prefix), [service.name])
    hang_up(connection)


@pytest.fixture
def newsroom(open_database, context, rabbit) -> Iterator[Newsroom]:
    newsroom = Newsroom(open_database(service), rabbit, context)
    yield newsroom
    newsroom.close()
