"""The services behind the door: where they are, how they fare, and one client for them all.

A service may run as several instances. Each request goes to the one that has least to do, in turn
where they are even; one that takes no connection or says that it is not ready is left out until it
says that it is (`instances.py`).
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from datetime import timedelta
from types import TracebackType
from typing import Final, Self

from pyreqwest.client import Client, ClientBuilder

from nexafi.gateway import errors
from nexafi.gateway.circuit import Circuit
from nexafi.gateway.settings import GatewaySettings

POOL_IDLE_S: Final = 15
"""granian closes a connection that said nothing for 30 s; we let go of it before that."""

POOL_PER_SERVICE_MAX: Final = 64


class Instance:
    """One process of a service, as the gateway sees it."""

    __slots__ = ("circuit", "in_flight", "is_ready", "origin")

    def __init__(self, origin: str, settings: GatewaySettings) -> None:
        self.origin = origin
        self.circuit = Circuit(settings.failures_max, settings.rest_s, settings.rest_max_s)
        self.in_flight = 0
        self.is_ready = True
        """What was last heard of it; not asked of a service that has one instance only."""


class Upstream:
    """One service, as the gateway sees it."""

    __slots__ = ("_turn", "in_flight_max", "instances", "name")

    def __init__(self, name: str, origins: Iterable[str], settings: GatewaySettings) -> None:
        self.name = name
        self.instances = tuple(Instance(origin, settings) for origin in origins)
        self.in_flight_max = settings.in_flight_max
        self._turn = 0

    def visit(self) -> Visit:
        """Return the stay of one request with the instance that suits best.

        Raises:
            ServiceBusy: all instances have their hands full.
            ServiceResting: those that do not are left alone just now.

        """
        return Visit(self, self.choose())

    def choose(self, but_not: Collection[Instance] = ()) -> Instance:
        """Return the instance that has least to do, or raise if none should be asked just now."""
        now = time.monotonic()
        rests_s = []
        for each in self._by_preference(but_not):
            if each.in_flight >= self.in_flight_max:
                continue
            rest_s = each.circuit.rests_s(now)
            if rest_s <= 0:
                return each
            rests_s.append(rest_s)
        if rests_s:
            raise errors.ServiceResting(
                f"{self.name} keeps failing; it is tried again in a moment.",
                retry_after_s=round(min(rests_s), 3),
            )
        raise errors.ServiceBusy(f"{self.name} has all hands full; try again shortly.")

    def _by_preference(self, but_not: Collection[Instance]) -> Iterable[Instance]:
        """Return those that may be asked, the least busy first; all if none of them is ready."""
        if len(self.instances) == 1:
            return () if but_not else self.instances
        self._turn = turn = (self._turn + 1) % len(self.instances)
        others = self.instances[turn:] + self.instances[:turn]
        left = [each for each in others if each not in but_not]
        ready = [each for each in left if each.is_ready]
        return sorted(ready or left, key=_in_flight)

    @property
    def in_flight(self) -> int:
        """Return how many requests the service works on."""
        return sum(each.in_flight for each in self.instances)

    @property
    def is_resting(self) -> bool:
        """Return whether every instance is being left alone."""
        return all(each.circuit.is_open for each in self.instances)

    @property
    def out(self) -> int:
        """Return how many instances get no requests just now."""
        return sum(each.circuit.is_open or not each.is_ready for each in self.instances)


class Visit:
    """The stay of one request with an instance; it may move on to another."""

    __slots__ = ("_left", "_upstream", "instance")

    def __init__(self, upstream: Upstream, instance: Instance) -> None:
        self._upstream = upstream
        self._left: list[Instance] = []
        self.instance = instance

    def __enter__(self) -> Self:
        self.instance.in_flight += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.instance.in_flight -= 1

    def move_on(self) -> bool:
        """Go to an instance where this request has not been; return whether there is one.

        The one that is left failed: where there are others it gets no further requests until it
        is heard of.
        """
        if len(self._upstream.instances) == 1:
            return False
        failed = self.instance
        failed.is_ready = False
        self._left.append(failed)
        try:
            found = self._upstream.choose(self._left)
        except (errors.ServiceBusy, errors.ServiceResting):
            return False
        failed.circuit.failed(time.monotonic())
        failed.in_flight -= 1
        found.in_flight += 1
        self.instance = found
        return True


def _in_flight(instance: Instance) -> int:
    return instance.in_flight


def client(settings: GatewaySettings) -> Client:
    """Return the client: it follows no redirects, unpacks nothing and reads no proxy settings."""
    builder = ClientBuilder().no_proxy().http1_only().http1_lower_case_headers()
    builder = builder.gzip(enable=False).brotli(enable=False)
    builder = builder.zstd(enable=False).deflate(enable=False)
    builder = builder.follow_redirects(enable=False).referer(enable=False)
    return (
        builder.tcp_nodelay(enabled=True)
        .connect_timeout(timedelta(seconds=settings.connect_timeout_s))
        .timeout(timedelta(seconds=settings.total_timeout_s))
        .pool_idle_timeout(timedelta(seconds=POOL_IDLE_S))
        .pool_max_idle_per_host(POOL_PER_SERVICE_MAX)
        .user_agent("nexafi-gateway")
        .build()
    )
