"""The platform put together: settings, secret, services, databases, and who speaks with whom.

Nothing is opened before it is asked for, so that a supervisor can import all
of it and fork.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from functools import cached_property, partial
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from flask import Flask

from nexafi.cli import shipper
from nexafi.cli.workers import Workers
from nexafi.kernel.data.connections import PATIENT, Limits
from nexafi.kernel.data.context import utc_now
from nexafi.kernel.data.database import Database
from nexafi.kernel.news.events import kind
from nexafi.kernel.news.memory import Bus, Deliver
from nexafi.kernel.news.relay import Note, one_by_one
from nexafi.kernel.server import serving
from nexafi.kernel.server.supervisor import Program
from nexafi.kernel.service import Service, Watch
from nexafi.kernel.settings import SERVICES, Settings
from nexafi.kernel.shared.cache import Cache
from nexafi.kernel.shared.link import Link, RedisAt
from nexafi.kernel.shared.locks import Locks
from nexafi.kernel.trust.guard import Guard, Publisher
from nexafi.kernel.trust.revocations import Heard, Hearer, Teller
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.trust.tokens import Realm, Verifier
from nexafi.kernel.watch import logfile, logs, machine, traces
from nexafi.kernel.watch.logfile import LogFile
from nexafi.kernel.web.endpoints import Identify
from nexafi.kernel.web.idempotency import Keeping
from nexafi.kernel.web.identity import by_token

if TYPE_CHECKING:
    from nexafi.cli.broker import Broker
    from nexafi.kernel.news.rabbitmq.consumer import Consumer

GATEWAY: Final = "gateway"
GATEWAY_PORT: Final = 5000
SHIPPER: Final = "shipper"
SHIPPER_PORT: Final = 5009
"""Where it shows its metrics; the ports between are those of services to come."""


class UnknownService(Exception):
    """There is no service of that name; the message names those that exist."""


def existing() -> list[str]:
    """Return the names of the services that this code has, in the order of their ports."""
    return [name for name in SERVICES if find_spec(f"nexafi.{name}") is not None]


def has_gateway() -> bool:
    """Return whether this code has a gateway."""
    return find_spec(f"nexafi.{GATEWAY}") is not None


def chosen(names: Collection[str]) -> list[str]:
    """Return the services that *names* name, all if it names none; raise UnknownService."""
    known = [*([GATEWAY] if has_gateway() else []), *existing()]
    if unknown := sorted(set(names) - set(known)):
        there = ", ".join(known)
        raise UnknownService(f"There is no service {', '.join(unknown)}. There are: {there}.")
    return [name for name in known if name in names or not names]


class Platform:
    """An installation, as one process sees it.

    Args:
        settings: what was set.
        near: the services that run in this very process, or in none; others are asked over HTTP.
        running: the services of this installation that are started with it; the gateway forwards
            to them, and to those whose address is set.

    """

    def __init__(
        self, settings: Settings, *, near: Collection[str] = (), running: Collection[str] = ()
    ) -> None:
        self.settings = settings
        self._near = frozenset(near)
        self._running = frozenset(running or existing())
        self._services: dict[str, Service] = {}
        self._databases: dict[str, Database] = {}
        self._workers: Workers | None = None
        self._guard = threading.RLock()
        self._send_spans: Callable[[], None] = lambda: None

    @cached_property
    def secret(self) -> Secret:
        """Return the secret of the installation, made at the first start."""
        if self.settings.secret is not None:
            return Secret.of_text(self.settings.secret.get_secret_value())
        return Secret.kept_in(self.settings.folder / "secret")

    @property
    def realm(self) -> Realm:
        """Return who issues the tokens of this installation, and for whom."""
        return Realm(self.settings.issuer, self.settings.audience)

    @property
    def limits(self) -> Limits:
        """Return how a process of this installation uses the connections of a database."""
        given = self.settings
        return Limits(
            size=given.database_pool_size,
            overflow=given.database_pool_overflow,
            wait_s=given.database_pool_wait_s,
            recycle_s=given.database_pool_recycle_s,
            statement_s=given.database_statement_s,
            report_s=given.database_report_s,
            lock_s=given.database_lock_s,
            idle_s=given.database_idle_s,
            replica_wait_s=given.database_replica_wait_s,
            is_pooled=given.database_pooler == "transaction",
        )

    @cached_property
    def redis(self) -> RedisAt | None:
        """Return where the Redis of this installation is, if it has one."""
        given = self.settings
        if given.redis_url is None:
            return None
        url, timeout_s = given.redis_url.get_secret_value(), given.redis_timeout_ms / 1_000
        return RedisAt(url, given.redis_prefix, given.redis_ca, timeout_s)

    @cached_property
    def link(self) -> Link | None:
        """Return the way to Redis of this process, if the installation has one."""
        return Link(self.redis) if self.redis is not None else None

    @cached_property
    def hearer(self) -> Hearer | None:
        """Return who hears through Redis what was revoked; to be started by the process."""
        return Hearer(self.link, utc_now) if self.link is not None else None

    def bare(self, name: str) -> Service:
        """Return a service as its code has it, without equipment: enough to migrate it."""
        found: Service = import_module(f"nexafi.{name}.app").service
        return found

    def service(self, name: str) -> Service:
        """Return a service with all that this installation provides."""
        with self._guard:
            if name not in self._services:
                self._services[name] = self.bare(name).equip(*self._equipment())
            return self._services[name]

    def database(self, name: str) -> Database:
        """Return the database of a service, opened when it is first asked for."""
        with self._guard:
            if name not in self._databases:
                self._databases[name] = self.bare(name).database(
                    self.settings.address(name),
                    steward_url=self.settings.address(name, "steward"),
                    replica_url=self.settings.replica(name),
                    limits=self.limits,
                )
                self._databases[name].told = partial(self._tell, name)
            return self._databases[name]

    def owner_database(self, name: str) -> Database:
        """Return the database of a service as its owner, who migrates; the caller closes it."""
        return self.bare(name).database(self.settings.address(name, "owner"), limits=PATIENT)

    def app(self, name: str, watch: Watch | None = None) -> Flask:
        """Return the application of a service on its database."""
        database = self.database(name)
        return self.service(name).app(database, self.identify(name), watch)

    def identify(self, name: str) -> Identify:
        """Return what tells a service who calls."""
        verifier, publisher = Verifier(self.realm), self._publisher(name)
        if self.hearer is not None and not self._is_near_users(name):
            self.hearer.inform(verifier)
            publisher = Heard(publisher, self.hearer)
        return by_token(Guard(verifier, publisher, utc_now), self.database(name))

    @cached_property
    def bus(self) -> Deliver:
        """What carries an event to all services that listen, straight to their databases."""
        listening = [name for name in existing() if self.bare(name).subscriptions.handlers]
        return Bus(*(partial(self._listen, name) for name in listening))

    def do_round(self, name: str) -> int:
        """Do one round of the worker of a service; return how much was done."""
        return self._carry(name, None) + self.service(name).do_jobs(self.database(name))

    def workers(self, watches: Mapping[str, Watch]) -> Workers:
        """Return what carries the news of these services and does what the clock asks of them."""
        beside: list[Consumer] = []
        for name, watch in watches.items() if self.broker else ():
            assert self.broker is not None
            found = self.broker.consumers(
                self.service(name), self.database(name), watch, self.settings.rabbitmq_consumers
            )
            self.broker.mind(name, watch, found)
            beside += found
        self._workers = Workers(
            {name: watch.meters for name, watch in watches.items()},
            carry=self._carry,
            do_jobs=lambda name: self.service(name).do_jobs(self.database(name)),
            poll_s=self.settings.poll_s,
            beside=beside,
        )
        return self._workers

    @cached_property
    def broker(self) -> Broker | None:
        """Return what this process has to do with RabbitMQ, if one is set."""
        if self.settings.rabbitmq_url is None:
            return None
        from nexafi.cli.broker import Broker

        handlers = {name: self.bare(name).subscriptions.handlers for name in existing()}
        subscribed = {name: [kind(*key) for key in own] for name, own in handlers.items() if own}
        return Broker.of(self.settings, subscribed)

    def close(self) -> None:
        """Let go of all databases, and of the broker; send the spans that wait."""
        self._send_spans()
        if (broker := self.__dict__.get("broker")) is not None:  # as far as anyone asked for it
            broker.close()
        for database in self._databases.values():
            database.close()
        self._databases.clear()

    def program(self, name: str, listening: socket.socket | None) -> Program:
        """Return what the process of one service, or of the gateway, does."""
        if self.redis is not None:
            import_module("redis")  # before the fork, so that all processes share its pages
        run: Callable[[socket.socket | None, Callable[[], None]], None]
        if name == SHIPPER:
            run = partial(shipper.run, self.settings, self.log_as)
        elif name == GATEWAY:
            run = self._run_gateway
        else:
            run = partial(self._run_service, name)
        here = {"name": name, "running": sorted(self._running), "settings": self._of_command()}
        command = [sys.executable, "-m", "nexafi.cli.anew", json.dumps(here)]
        return Program(name, run, listening, command)

    def _of_command(self) -> dict[str, object]:
        """Return the settings that a process which replaces another must share with it."""
        given = self.settings
        return {
            "data": str(given.folder),
            "host": given.host,
            "port_base": given.port_base,
            "log_to": given.log_to,
        }

    @property
    def beside(self) -> list[str]:
        """Return what runs beside services and gateway, as far as it is set."""
        return [SHIPPER] if self.settings.elasticsearch_url else []

    def port(self, name: str) -> int:
        """Return where a service, or the gateway, listens in this installation."""
        usual = self._usual_port(name)
        return self.settings.port(usual)

    def _usual_port(self, name: str) -> int:
        ours = {GATEWAY: GATEWAY_PORT, SHIPPER: SHIPPER_PORT}
        return ours[name] if name in ours else self.bare(name).port

    def here(self, name: str) -> str:
        """Return where a service, or the gateway, that runs here is reached: ``http://host:port``.

        Others may be given another address for it, or those of several instances.
        """
        return self.settings.here(self._usual_port(name))

    def origins(self, name: str) -> tuple[str, ...]:
        """Return where others reach each instance of a service."""
        usual = self._usual_port(name)
        return self.settings.origins(name, usual)

    def log_as(self, name: str) -> None:
        """Write the log of this process under the name of a service."""
        given = self.settings
        to, form = None, given.log_format
        if given.is_logged_to_file:
            to, form = self.log_file(), "json"
        logs.set_up(name, level=given.log_level, form=form, sql=given.sql, to=to)

    def trace_as(self, name: str) -> None:
        """Send spans of this process in the name of a service, if a collector is set."""
        given = self.settings
        if given.otlp_url is None:
            return
        from nexafi.kernel.watch import otlp

        headers = {each: value.get_secret_value() for each, value in given.otlp_headers.items()}
        hand, self._send_spans = otlp.exporter(given.otlp_url, name, headers)
        traces.export_to(hand, given.otlp_ratio)

    def log_file(self) -> LogFile:
        """Return the log file of this installation, opened for this process to write."""
        given = self.settings
        return LogFile(
            given.folder / logfile.NAME,
            bytes_max=given.log_file_bytes,
            files_max=given.log_files_max,
        )

    def _listen(self, name: str, envelope: object) -> None:
        self.service(name).listener(self.database(name))(envelope)  # type: ignore[arg-type]

    def _carry(self, name: str, note: Note | None) -> int:
        if self.broker is not None:
            return self.broker.carry(self.service(name), self.database(name), note)
        carry = one_by_one(self.bus)
        return self.service(name).carry(self.database(name), carry, note=note)

    def _tell(self, name: str) -> None:
        if self._workers is not None:
            self._workers.told(name)

    def _equipment(self) -> list[object]:
        keeping = Keeping(
            timedelta(hours=self.settings.idempotency_hours),
            timedelta(days=self.settings.news_days),
        )
        found: list[object] = [self.secret, self.realm, keeping, Cache(self.link, self.secret)]
        if self.link is not None:
            found.append(Locks(self.link))
        if find_spec("nexafi.users") is not None:
            from nexafi.users.settings import UsersSettings

            found.append(
                UsersSettings(
                    realm=self.realm,
                    bcrypt_cost=self.settings.bcrypt_cost,
                    access_life=timedelta(seconds=self.settings.access_token_s),
                )
            )
        if find_spec("nexafi.payments") is not None:
            found += self._payments_equipment()
        return found

    def _payments_equipment(self) -> list[object]:
        from nexafi.payments.providers.installed import providers
        from nexafi.payments.settings import PaymentsSettings

        given = PaymentsSettings(
            has_sandbox=self.settings.payments_sandbox,
            stripe_url=self.settings.payments_stripe_url,
            paypal_url=self.settings.payments_paypal_url,
            takes_private_urls=self.settings.payments_private_urls,
        )
        return [given, providers(given)]

    def _publisher(self, name: str) -> Publisher:
        """Return whom a service asks for keys and revocations: users, near or far."""
        if self._is_near_users(name):
            return self._near_publisher
        return self._far_publisher

    def _is_near_users(self, name: str) -> bool:
        return name == "users" or "users" in self._near

    @cached_property
    def _near_publisher(self) -> Publisher:
        from nexafi.users.publisher import Near
        from nexafi.users.settings import UsersSettings

        given = next(each for each in self._equipment() if isinstance(each, UsersSettings))
        return Near(self.database("users"), given)

    @cached_property
    def _far_publisher(self) -> Publisher:
        from nexafi.contracts.users.client import Far

        return Far(*self.origins("users"))

    def _companion(self, name: str) -> Teller | Hearer | None:
        """Return who tells others through Redis what users revoked, or who hears it for others."""
        if self.link is None or name != "users":
            return self.hearer
        return Teller(self.link, self._near_publisher)

    def _run_service(
        self, name: str, listening: socket.socket | None, begun: Callable[[], None]
    ) -> None:
        """Be the process of a service: requests, and beside them the worker."""
        assert listening is not None, "a service listens"
        self.log_as(name)
        self.trace_as(name)
        database = self.database(name)
        watch = Watch(self.bare(name), database, self.link)
        self._watch_machine(watch)
        app = self.app(name, watch)
        companion = self._companion(name)
        workers = self.workers({name: watch}) if self.settings.worker == "embedded" else None

        def leaving() -> None:
            if workers is not None:
                workers.stop()
            if companion is not None:
                companion.stop()

        def stopping() -> None:
            watch.health.drain()
            leaving()
            self._end_at_last()

        def at_work() -> None:
            if workers is not None:
                workers.start()
            if companion is not None:
                companion.start()
            begun()

        serving.serve_wsgi(
            app,
            listening,
            threads=self.settings.threads,
            backlog=self.settings.backlog,
            begun=at_work,
            leaving=leaving,
            stopping=stopping,
        )
        if workers is not None:
            workers.join(self.settings.drain_s)
        if companion is not None:
            companion.join()
        self.close()

    def _watch_machine(self, watch: Watch) -> None:
        """Let the metrics of a process tell of the machine, too."""
        folder, certificates = self.settings.folder, self.settings.certificates
        watch.meters.ask(machine.QUESTIONS, partial(machine.ask, folder, certificates))

    def _run_gateway(self, listening: socket.socket | None, begun: Callable[[], None]) -> None:
        """Be the process of the gateway."""
        from nexafi.gateway.app import build
        from nexafi.gateway.settings import GatewaySettings

        assert listening is not None, "the gateway listens"
        self.log_as(GATEWAY)
        self.trace_as(GATEWAY)
        given = GatewaySettings()
        here = {
            name: self.origins(name)
            for name in existing()
            if name in self._running or name in self.settings.services
        }
        forwarding = given.model_copy(update={"upstreams": here | dict(given.upstreams)})
        application = build(forwarding, self.realm, self.redis)
        serving.serve_rsgi(
            application,
            listening,
            backlog=self.settings.backlog,
            begun=begun,
            leaving=application.leave,
            stopping=self._end_at_last,
        )
        self.close()

    def _end_at_last(self) -> None:
        """See to it that a process that cannot finish does not stay for ever."""
        limit_s = self.settings.drain_s + 1
        timer = threading.Timer(limit_s, lambda: os._exit(1))
        timer.daemon = True
        timer.start()
