"""The relay to RabbitMQ beside raw py-amqp, and how long an event takes to its effect.

    python -m benchmarks.relay [--rounds 5] [--events 10000] [--told 300]

`NEXAFI_TEST_RABBITMQ` names a RabbitMQ (else that of this machine), `NEXAFI_TEST_POSTGRES` a server
on which two databases are made and dropped; without it SQLite alone is measured. All that is made
in the broker begins with a prefix of its own and is taken away.

The rate is that of the whole relay: claim a batch in the database, publish, wait for the confirms,
mark. The reference publishes the same bodies in the same windows to the same quorum queue, and has
no database. The latency is from before a Work of users begins until the Work of the ledger that the
event caused has been kept, one event at a time, with the threads that `nexafi serve` has.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from uuid import uuid4

import amqp
from pydantic import SecretStr

from benchmarks.common import Measure, database_on, machine, table, take_turns, verdict
from nexafi.cli.migrate import bring_up_to_date
from nexafi.cli.platform import Platform
from nexafi.contracts.users.events import OrganizationChanged
from nexafi.kernel.data.context import Context, Home, utc_now
from nexafi.kernel.data.database import Database
from nexafi.kernel.data.statements import insert_many
from nexafi.kernel.news.events import Envelope
from nexafi.kernel.news.outbox import OUTBOX, tell
from nexafi.kernel.news.rabbitmq import messages, topology
from nexafi.kernel.news.rabbitmq.link import RabbitAt, hang_up
from nexafi.kernel.news.rabbitmq.publisher import WINDOW, Publisher
from nexafi.kernel.news.rabbitmq.topology import Names
from nexafi.kernel.news.relay import relay
from nexafi.kernel.service import Watch
from nexafi.kernel.settings import Places, Settings
from nexafi.kernel.values.ids import new_id

SERVICES = ("users", "ledger")
EVENT = "users.organization_changed.v1"
RATE_MIN = 5_000
LATENCY_MAX_MS = 100
HOME = Home(new_id(), "Ada's Engines", "US", "America/New_York", "USD", "01-01")
PATIENCE_S = 30.0
BUSY: dict[str, list[float]] = {}
"""By contestant and round, how many microseconds of a processor an event took."""


def main() -> int:
    """Measure, print, and return 0 if both promises were kept."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--rounds", type=int, default=5)
    given.add_argument("--events", type=int, default=10_000)
    given.add_argument("--told", type=int, default=300)
    options = given.parse_args()
    url = os.environ.get("NEXAFI_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672/")
    at = RabbitAt(url, prefix=f"nexafi-benchmark-{uuid4().hex[:8]}")
    print(machine(), "\n")
    with ExitStack() as stack:
        stack.callback(_take_away, at)
        places = {"SQLite": lambda: _files(stack)}
        if server := os.environ.get("NEXAFI_TEST_POSTGRES"):
            places["PostgreSQL"] = lambda: _databases(stack, server)
        kept = _rates(stack, at, places, options.rounds, options.events)
        return 0 if _latencies(stack, at, places, options.told) and kept else 1


def _rates(
    stack: ExitStack,
    at: RabbitAt,
    places: dict[str, Callable[[], Settings]],
    rounds: int,
    count: int,
) -> bool:
    contestants: dict[str, Measure] = {"py-amqp alone": lambda: _raw(at, count)}
    for engine, place in places.items():
        database = _platform(stack, place()).database("users")
        name = f"relay, {engine}"
        contestants[name] = partial(_carried, at, name, database, count)
    figures = take_turns(contestants, rounds)
    print(table("relay to RabbitMQ", figures, unit="events/s", reference="py-amqp alone"))
    print("\nProcessor time of the publishing process, the lowest of the rounds:", end=" ")
    print(", ".join(f"{name} {min(found):.0f} µs an event" for name, found in BUSY.items()))
    slowest = min(figure.median for name, figure in figures.items() if name.startswith("relay"))
    return verdict(f"at least {RATE_MIN:,} events/s", kept=slowest >= RATE_MIN)


def _raw(at: RabbitAt, count: int) -> float:
    """Publish as many messages as fast as py-amqp can; return how many a second."""
    names = Names(at.prefix)
    connection = at.connect("benchmark")
    channel = connection.channel()
    channel.confirm_select()
    topology.declare(channel, names, {"ledger": [EVENT]})
    unconfirmed: set[int] = set()

    def settle(tag: int, multiple: bool) -> None:  # noqa: FBT001 - as py-amqp calls it
        if multiple:
            unconfirmed.difference_update([each for each in unconfirmed if each <= tag])
        else:
            unconfirmed.discard(tag)

    channel.events["basic_ack"].add(settle)
    envelope = Envelope(**_row(), body=_body())
    body, properties = messages.body(envelope), messages.properties(envelope)
    began, busy = time.perf_counter(), time.process_time()
    for tag in range(1, count + 1):
        unconfirmed.add(tag)
        channel.basic_publish(
            amqp.Message(body, **properties),
            exchange=names.events,
            routing_key=EVENT,
            mandatory=True,
        )
        if tag % WINDOW == 0 or tag == count:
            while unconfirmed:
                connection.drain_events(timeout=PATIENCE_S)
    seconds = time.perf_counter() - began
    _note_busy("py-amqp alone", busy, count)
    channel.queue_purge(names.queue("ledger"))
    hang_up(connection)
    return count / seconds


def _carried(at: RabbitAt, name: str, database: Database, count: int) -> float:
    """Let the relay carry as many from an outbox; return how many a second."""
    rows = [
        _row() | {"body": _body(), "due_at": utc_now(), "tries": 0, "reason": ""}
        for _ in range(count)
    ]
    with database.steward() as session:
        for start in range(0, count, WINDOW):
            insert_many(session, OUTBOX, rows[start : start + WINDOW])
    publisher = Publisher(at, "benchmark", {"ledger": [EVENT]})
    publisher.ready()
    began, busy, done = time.perf_counter(), time.process_time(), 0
    while carried := relay(database, publisher, batch_max=WINDOW):
        done += carried
    seconds = time.perf_counter() - began
    assert done == count, f"{done} of {count} were carried"
    _note_busy(name, busy, count)
    publisher.close()
    connection = at.connect("benchmark")
    connection.channel().queue_purge(Names(at.prefix).queue("ledger"))
    hang_up(connection)
    return count / seconds


def _note_busy(name: str, since: float, count: int) -> None:
    BUSY.setdefault(name, []).append((time.process_time() - since) / count * 1e6)


def _latencies(
    stack: ExitStack, at: RabbitAt, places: dict[str, Callable[[], Settings]], told: int
) -> bool:
    if not told:
        return True
    print("\n### event to effect\n")
    print("| | p50 ms | p95 ms | longest ms |\n|---|---:|---:|---:|")
    worst = 0.0
    for engine, place in places.items():
        for way, prefix in (("embedded", None), ("RabbitMQ", at.prefix)):
            settings = place()
            if prefix is not None:
                broker = {"rabbitmq_url": SecretStr(at.url), "rabbitmq_prefix": prefix}
                settings = settings.model_copy(update=broker)
            found = _told(_platform(stack, settings), told)
            p50, p95 = statistics.median(found), statistics.quantiles(found, n=20)[-1]
            worst = max(worst, p95)
            print(f"| {way}, {engine} | {p50:.1f} | {p95:.1f} | {max(found):.1f} |")
    return verdict(f"p95 below {LATENCY_MAX_MS} ms", kept=worst < LATENCY_MAX_MS)


def _told(platform: Platform, count: int) -> Sequence[float]:
    """Tell one event after the other; return how many milliseconds each took to its effect."""
    watches = {name: Watch(platform.bare(name), platform.database(name)) for name in SERVICES}
    kept = threading.Event()
    platform.database("ledger").watched = lambda kind, _s: kept.set() if kind == "write" else None
    workers = platform.workers(watches)
    workers.start()
    users, found = platform.database("users"), []
    try:
        for revision in range(-20, count):
            kept.clear()
            began = time.perf_counter()
            with users.work(Context("benchmark", utc_now(), HOME.id, HOME)) as work:
                tell(work, OrganizationChanged(home=HOME, revision=revision + 21))
            if not kept.wait(PATIENCE_S):
                raise RuntimeError("an event had no effect")
            if revision >= 0:  # those before warm up
                found.append((time.perf_counter() - began) * 1_000)
            time.sleep(random.uniform(0, 0.03))  # noqa: S311 - not a secret
    finally:
        workers.stop()
        workers.join(PATIENCE_S)
        platform.close()
    return found


def _row() -> dict[str, object]:
    return {
        "id": new_id(),
        "organization_id": HOME.id,
        "name": OrganizationChanged.name,
        "version": OrganizationChanged.version,
        "occurred_at": utc_now(),
        "request_id": str(new_id()),
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    }


def _body() -> dict[str, object]:
    return OrganizationChanged(home=HOME, revision=1).model_dump(mode="json")


def _platform(stack: ExitStack, settings: Settings) -> Platform:
    platform = Platform(settings)
    stack.callback(platform.close)
    list(bring_up_to_date(platform, SERVICES))
    return platform


def _files(stack: ExitStack) -> Settings:
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="nexafi-relay-"))
    return Settings(data=Path(folder))


def _databases(stack: ExitStack, server: str) -> Settings:
    urls = {name: stack.enter_context(database_on(server)) for name in SERVICES}
    places = {name: Places(database_url=SecretStr(url)) for name, url in urls.items()}
    return _files(stack).model_copy(update={"services": places})


def _take_away(at: RabbitAt) -> None:
    connection = at.connect("benchmark")
    topology.remove(connection.channel(), Names(at.prefix), SERVICES)
    hang_up(connection)


if __name__ == "__main__":
    sys.exit(main())
