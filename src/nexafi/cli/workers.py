"""What runs beside the requests of services, or alone: the relay of the news, and the clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, Protocol

from nexafi.kernel.news.relay import Note
from nexafi.kernel.server.worker import Worker
from nexafi.kernel.watch.metrics import Metrics

RELAY_PAUSE_MAX_S: Final = 5.0
"""The longest pause of a relay whose broker or database is away: news should not wait for it."""


class Thread(Protocol):
    """A worker or a consumer: what begins, is told to stop, and finishes what it has begun."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """Begin nothing further."""

    def join(self, timeout_s: float) -> None:
        """Wait until it has finished."""


class Workers:
    """The threads that carry the news of some services and do what the clock asks of them.

    News that is committed in this process wakes the relay at once; that of other
    processes is found when it looks.

    Args:
        meters: by the name of each service, where what they do is counted.
        carry: carries a batch of the news of a service; returns how many went out.
        do_jobs: does what the clock asks of a service; returns for how many.
        poll_s: how long one that found nothing waits before it looks again.
        beside: what else begins and ends with them, such as consumers of a broker.

    """

    def __init__(
        self,
        meters: Mapping[str, Metrics],
        *,
        carry: Callable[[str, Note], int],
        do_jobs: Callable[[str], int],
        poll_s: float,
        beside: Sequence[Thread] = (),
    ) -> None:
        self._meters = meters
        self._carry_one = carry
        self._told: set[str] = set()
        self._guard = threading.Lock()
        self._relays = {
            name: Worker(
                partial(self._carry, name),
                meter,
                poll_s,
                name=f"relay-{name}",
                pause_max_s=RELAY_PAUSE_MAX_S,
            )
            for name, meter in meters.items()
        }
        clocks = (
            Worker(partial(do_jobs, name), meter, poll_s, name=f"clock-{name}")
            for name, meter in meters.items()
        )
        self._all: list[Thread] = [*self._relays.values(), *clocks, *beside]

    def start(self) -> None:
        """Begin, each in a thread of its own."""
        for each in self._all:
            each.start()

    def stop(self) -> None:
        """Begin nothing further; what runs is finished."""
        for each in self._all:
            each.stop()

    def join(self, timeout_s: float) -> None:
        """Wait until what runs is finished, for so long at most."""
        deadline = time.monotonic() + timeout_s
        for each in self._all:
            each.join(max(0.0, deadline - time.monotonic()))

    def told(self, name: str) -> None:
        """Have the news carried that service *name* has just told in this process."""
        if name in self._relays:
            self._relays[name].wake()
            return
        with self._guard:
            self._told.add(name)  # by a handler of a neighbour, whose own relay is elsewhere
        for each in self._relays.values():
            each.wake()

    def _carry(self, name: str) -> int:
        with self._guard:
            names, self._told = [name, *sorted(self._told)], set()
        note = self._meters[name].relayed
        return sum(self._carry_one(each, note) for each in names)
