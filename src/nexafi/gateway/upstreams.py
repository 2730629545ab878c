"""The services behind the door: where they are, how they fare, and one client for them all."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from pyreqwest.client import Client, ClientBuilder

from nexafi.gateway import errors
from nexafi.gateway.circuit import Circuit
from nexafi.gateway.settings import GatewaySettings

POOL_IDLE_S: Final = 15
"""granian closes a connection that said nothing for 30 s; we let go of it before that."""

POOL_PER_SERVICE_MAX: Final = 64


class Upstream:
    """One service, as the gateway sees it."""

    __slots__ = ("circuit", "in_flight", "in_flight_max", "name", "origin")

    def __init__(self, name: str, origin: str, settings: GatewaySettings) -> None:
        self.name = name
        self.origin = origin
        self.circuit = Circuit(settings.failures_max, settings.rest_s, settings.rest_max_s)
        self.in_flight = 0
        self.in_flight_max = settings.in_flight_max

    def admit(self, now: float) -> None:
        """Raise if the service should not be asked just now."""
        if self.in_flight >= self.in_flight_max:
            raise errors.ServiceBusy(f"{self.name} has all hands full; try again shortly.")
        rests_s = self.circuit.rests_s(now)
        if rests_s > 0:
            raise errors.ServiceResting(
                f"{self.name} keeps failing; it is tried again in a moment.",
                retry_after_s=round(rests_s, 3),
            )


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
