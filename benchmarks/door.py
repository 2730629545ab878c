"""The gateway as `benchmarks.gateway` serves it: nothing is imported here that it does not need."""

from __future__ import annotations

import os

from nexafi.gateway.app import Gateway, build
from nexafi.gateway.settings import GatewaySettings
from nexafi.kernel.shared.link import RedisAt
from nexafi.kernel.watch import logs


def app() -> Gateway:
    """Return the gateway with the settings of the environment, its log in a file as JSON."""
    logs.set_up(
        "gateway",
        level="INFO",
        form="json",
        sql=False,
        to=open(os.environ["BENCHMARK_LOG"], "a", encoding="utf-8"),  # noqa: SIM115, PTH123 - as long as we run
    )
    url = os.environ.get("BENCHMARK_REDIS")
    return build(GatewaySettings(), redis=RedisAt(url) if url else None)
