"""Asking the instances of a service whether they are ready, so that requests go to those that are.

Only where there is a choice: a service with one instance is asked by its requests, and nobody pays
for questions that decide nothing. An instance that is being stopped says so before it takes no more
connections (`kernel/watch/health.py`), so a rolling restart loses no request.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from datetime import timedelta

from pyreqwest.client import Client
from pyreqwest.exceptions import PyreqwestError

from nexafi.gateway.upstreams import Instance, Upstream

log = logging.getLogger(__name__)


class Rounds:
    """Asks every instance of the services that have several, again and again.

    Args:
        client: the pooled client.
        upstreams: the services.
        pause_s: between two rounds, and the time that an instance has for its answer.

    """

    def __init__(self, client: Client, upstreams: Iterable[Upstream], pause_s: float) -> None:
        self._client = client
        self._several = [each for each in upstreams if len(each.instances) > 1]
        self._pause_s = pause_s
        self._going: asyncio.Task[None] | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin, if there is a choice at all."""
        if self._several:
            self._going = loop.create_task(self._go())

    def stop(self) -> None:
        """Ask no more."""
        if self._going is not None:
            self._going.cancel()

    async def _go(self) -> None:
        while True:
            await asyncio.gather(
                *(
                    self._look(upstream, instance)
                    for upstream in self._several
                    for instance in upstream.instances
                )
            )
            await asyncio.sleep(self._pause_s)

    async def _look(self, upstream: Upstream, instance: Instance) -> None:
        was_ready = instance.is_ready
        instance.is_ready = await self._is_ready(instance)
        if instance.is_ready and not was_ready:
            instance.circuit.succeeded()  # no request need be the one that tries
        if instance.is_ready != was_ready:
            said = "is ready again" if instance.is_ready else "gets no requests: it is not ready"
            log.warning("%s at %s %s", upstream.name, instance.origin, said)

    async def _is_ready(self, instance: Instance) -> bool:
        asked = self._client.get(f"{instance.origin}/readyz")
        try:
            async with asked.timeout(timedelta(seconds=self._pause_s)).build_streamed() as answer:
                return answer.status == 200
        except (PyreqwestError, TimeoutError):
            return False
