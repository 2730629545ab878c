"""News over a real RabbitMQ: it arrives, once, and what cannot be borne is parked."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import amqp
import pytest

from nexafi.kernel.news.events import Event
from nexafi.kernel.news.outbox import tell
from nexafi.kernel.news.rabbitmq import messages, parking, topology
from nexafi.kernel.news.rabbitmq.link import BrokerAway, RabbitAt, hang_up
from nexafi.kernel.news.relay import TRIES_MAX, relay
from nexafi.kernel.watch import traces
from nexafi.kernel.watch.traces import Trace
from nexafi.ledger.app import service
from tests.conftest import on_sqlite
from tests.kernel.news.conftest import KIND, until


class Whispered(Event):
    """Somebody said something, and nobody listens."""

    name = "ledger.secret_whispered"


@pytest.fixture
def in_a_hurry(monkeypatch, newsroom):
    """Waiting rooms in which one waits for milliseconds; they are called otherwise."""
    monkeypatch.setattr(topology, "pause", lambda tries: timedelta(milliseconds=10 * tries))
    yield
    newsroom.close()
    channel = newsroom.channel()
    topology.remove(channel, newsroom.names, [])
    hang_up(channel.connection)


def test_what_is_told_has_its_effect_once_however_often_it_comes(newsroom):
    newsroom.tell("Engines Ltd")
    newsroom.consume()

    assert newsroom.carry() == 1
    until(lambda: newsroom.known_as == "Engines Ltd")

    newsroom.publisher([envelope_of(newsroom)] * 2)
    until(lambda: newsroom.counted("consumer", "repeated") == 2)
    assert newsroom.counted("consumer", "handled") == 1
    assert newsroom.counted("relay", "confirmed") == 1
    assert newsroom.carry() == 0


@on_sqlite
def test_a_message_is_a_cloud_event_that_names_its_request_and_its_trace(newsroom):
    newsroom.publisher.ready()
    newsroom.context = replace(newsroom.context, request_id="of-the-tests")
    with traces.within(Trace.of(None)) as trace:
        newsroom.tell("Engines Ltd")
    newsroom.carry()

    channel = newsroom.channel()
    message = channel.basic_get(newsroom.names.queue(service.name))
    hang_up(channel.connection)
    told, row = json.loads(message.body), newsroom.outbox()[0]

    assert (told["specversion"], told["type"], told["source"]) == ("1.0", KIND, "/nexafi/users")
    assert (UUID(told["id"]), told["data"]) == (row.id, row.body)
    assert told["time"] == row.occurred_at.isoformat()
    assert message.properties["message_id"] == str(row.id)
    assert message.properties["content_type"] == messages.CONTENT_TYPE
    assert message.properties["delivery_mode"] == messages.PERSISTENT
    headers = message.properties["application_headers"]
    assert headers["x-request-id"] == told["requestid"] == "of-the-tests"
    assert headers["traceparent"] == told["traceparent"] == trace.traceparent
    assert messages.read(message.body) == envelope_of(newsroom)


@on_sqlite
def test_a_handler_works_in_the_trace_of_the_request_that_told(newsroom):
    seen = []
    newsroom.handle = lambda envelope: bool(seen.append(envelope.traceparent)) or True
    with traces.within(Trace.of(None)) as trace:
        newsroom.tell("Engines Ltd")
    newsroom.consume()
    newsroom.carry()

    until(lambda: seen != [])
    assert seen == [trace.traceparent]


@on_sqlite
def test_what_cannot_be_borne_is_tried_again_and_parked_with_its_reason(newsroom, in_a_hurry):
    tried = []

    def handle(envelope) -> bool:
        called = envelope.body["home"]["name"]
        tried.append(called)
        if called == "bad":
            raise ValueError("cannot bear bad")
        return bool(newsroom.listener(envelope))

    newsroom.handle = handle
    newsroom.tell("bad", "good")
    newsroom.consume()
    newsroom.carry()
    until(lambda: newsroom.counted("consumer", "parked") == 1)

    assert newsroom.known_as == "good"
    assert (tried.count("bad"), tried.count("good")) == (TRIES_MAX, 1)
    assert newsroom.counted("consumer", "retried") == TRIES_MAX - 1
    channel = newsroom.channel()
    message = channel.basic_get(newsroom.names.parked(service.name))
    hang_up(channel.connection)
    headers = message.properties["application_headers"]
    assert headers[messages.REASON] == "cannot bear bad"
    assert (headers[messages.TRIES], bool(headers[messages.PARKED_AT])) == (TRIES_MAX, True)
    assert messages.read(message.body).body["home"]["name"] == "bad"
    assert newsroom.waiting(newsroom.names.queue(service.name)) == 0


@on_sqlite
def test_what_is_no_event_is_parked_at_once(newsroom):
    newsroom.publisher.ready()
    channel = newsroom.channel()
    newsroom.tell("Engines Ltd")
    zoneless = json.loads(messages.body(envelope_of(newsroom))) | {"time": "2026-11-25T09:14:03"}
    for body in (
        "{",
        "[]",
        '{"specversion": "9.0"}',
        '{"specversion": "1.0"}',
        json.dumps(zoneless),
    ):
        channel.basic_publish(amqp.Message(body), routing_key=newsroom.names.queue(service.name))
    hang_up(channel.connection)
    newsroom.consume()

    until(lambda: newsroom.counted("consumer", "parked") == 5)
    assert newsroom.waiting(newsroom.names.queue(service.name)) == 0
    until(lambda: newsroom.waiting(newsroom.names.parked(service.name)) == 5)


@on_sqlite
def test_what_nobody_listens_to_is_done_and_counted(newsroom):
    with newsroom.database.work(newsroom.context) as work:
        tell(work, Whispered())

    assert newsroom.carry() == 1

    assert newsroom.outbox()[0].sent_at is not None
    assert newsroom.counted("relay", "unheard") == 1


@on_sqlite
def test_what_finds_its_queue_removed_stays_in_the_outbox_and_arrives_later(
    newsroom, clock, caplog
):
    newsroom.publisher.ready()
    channel = newsroom.channel()
    channel.queue_delete(newsroom.names.queue(service.name))
    hang_up(channel.connection)
    newsroom.tell("Engines Ltd")

    with caplog.at_level(logging.WARNING):
        assert newsroom.carry() == 0

    assert f"no queue takes {KIND}" in caplog.text
    row = newsroom.outbox()[0]
    assert (row.sent_at, row.parked_at) == (None, None)
    assert row.reason == f"no queue takes {KIND}"
    assert newsroom.counted("relay", "returned") == 1
    clock.pass_by(timedelta(seconds=3))
    newsroom.consume()
    assert newsroom.carry() == 1
    until(lambda: newsroom.known_as == "Engines Ltd")


@on_sqlite
def test_a_message_whose_consumer_was_cut_off_comes_again(newsroom):
    deliveries = []

    def handle(envelope) -> bool:
        heard = bool(newsroom.listener(envelope))
        deliveries.append(heard)
        if len(deliveries) == 1:
            raise ConnectionResetError  # after the commit, before the acknowledgement
        return heard

    newsroom.handle = handle
    newsroom.tell("Engines Ltd")
    newsroom.consume()
    newsroom.carry()

    until(lambda: len(deliveries) == 2)
    assert deliveries == [True, False]
    assert newsroom.known_as == "Engines Ltd"


@on_sqlite
def test_while_its_database_is_away_a_consumer_keeps_what_it_has_in_hand(newsroom):
    answers = iter([OSError("away"), OSError("away")])

    def handle(envelope) -> bool:
        if (answer := next(answers, None)) is not None:
            raise answer
        return bool(newsroom.listener(envelope))

    newsroom.handle, newsroom.is_away = handle, lambda: True
    newsroom.tell("Engines Ltd")
    newsroom.consume()
    newsroom.carry()

    until(lambda: newsroom.known_as == "Engines Ltd")
    until(lambda: newsroom.counted("consumer", "handled") == 1)
    assert newsroom.counted("consumer", "retried") == 0


@on_sqlite
def test_what_kills_its_consumer_again_and_again_is_parked_by_the_broker(newsroom):
    newsroom.tell("Engines Ltd")
    newsroom.carry()
    queue = newsroom.names.queue(service.name)
    for _ in range(topology.DELIVERIES_MAX + 1):
        channel = newsroom.channel()
        until(lambda channel=channel: channel.basic_get(queue) is not None)
        channel.connection.collect()  # as one who dies hangs up

    until(lambda: newsroom.waiting(newsroom.names.parked(service.name)) == 1)
    found = parking.parked(newsroom.at, service.name)
    assert [(each.event, each.reason) for each in found] == [(KIND, parking.DIED)]
    assert found[0].parked_at is not None

    replayed = parking.replay(newsroom.at, service.name)
    newsroom.consume()

    assert replayed == [found[0].id]
    until(lambda: newsroom.known_as == "Engines Ltd")


@on_sqlite
def test_one_that_stops_finishes_what_it_was_sent_and_loses_nothing(newsroom):
    newsroom.tell(*(f"name {number}" for number in range(200)))
    newsroom.carry()
    handled = []
    newsroom.handle = lambda envelope: bool(handled.append(envelope.id)) or True
    consumer = newsroom.consume()
    until(lambda: len(handled) > 10)

    consumer.stop()
    consumer.join(30)

    left = 200 - len(handled)
    until(lambda: newsroom.waiting(newsroom.names.queue(service.name)) == left)
    assert len(handled) == len(set(handled))


@on_sqlite
def test_a_broker_that_is_away_takes_no_tries_and_the_outbox_keeps_its_order(newsroom):
    newsroom.tell("one", "two")
    nowhere = RabbitAt("amqp://tests:secret@127.0.0.1:1/", prefix=newsroom.at.prefix)
    away = type(newsroom.publisher)(nowhere, "tests", {})

    with pytest.raises(BrokerAway, match=r"127\.0\.0\.1:1") as refused:
        relay(newsroom.database, away)

    assert "secret" not in str(refused.value)
    assert [(row.tries, row.due_at == row.occurred_at) for row in newsroom.outbox()] == [
        (0, True)
    ] * 2
    assert newsroom.carry() == 2


def envelope_of(newsroom):
    row = newsroom.outbox()[0]
    return messages.Envelope(
        row.id, row.organization_id, row.name, row.version, row.body, row.occurred_at,
        row.request_id, row.traceparent,
    )  # fmt: skip
