"""A cache of what is dear to make: in this process, and through Redis in all of them.

One fills and the others wait a moment for it, whether they are threads or machines; what is about
to run out is made anew early by one of many who ask, more likely the dearer it was (XFetch: Vattani
and others, Optimal Probabilistic Cache Stampede Prevention, VLDB 2015). What lies in Redis is
sealed to its place: nobody who can write there can have us believe a figure, or show the value of
one organization to another. Nothing is true because it lies here: lost, it is made again.

A question names the state of what is read for it, such as the last entry of the books: then a value
is never out of date, and nothing has to be forgotten anywhere (decision 313).
"""

from __future__ import annotations

import hashlib
import json
import math
import random
import secrets
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from nexafi.kernel.shared.link import Link
from nexafi.kernel.shared.presence import Away

BYTES_MAX: Final = 16 * 2**20
"""Of all values in one process; the least lately used are forgotten first."""

VALUE_BYTES_MAX: Final = 2**20
"""A longer value is not kept at all."""

LIFE_S: Final = 600.0
JITTER: Final = 0.1
"""By which part of its life a value may die earlier, so that many do not die together."""

WAIT_S: Final = 2.0
"""How long one waits for another who makes the same value, before making it as well."""

FILLING_MS: Final = 10_000
"""How long the promise of another process to make a value is believed."""

LOOK_S: Final = 0.03
PURPOSE: Final = "cache"

RELEASE: Final = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"


class Sealing(Protocol):
    """The secret of an installation, as far as it seals; see `trust/secrets.py`."""

    def seal(self, purpose: str, plain: bytes, *, place: str) -> bytes:
        """Return *plain*, to be opened only at *place*."""
        ...

    def open(self, purpose: str, sealed: bytes, *, place: str) -> bytes:
        """Return what was sealed, or raise ValueError."""
        ...


@dataclass(frozen=True, slots=True)
class _Value:
    body: bytes
    took_s: float
    dies_at: float

    def is_dying(self, now: float) -> bool:
        """Return whether whoever asks now makes it anew, so that not all do so when it is dead."""
        lead_s = -self.took_s * math.log(1.0 - random.random())  # noqa: S311 - no secret
        return now + lead_s >= self.dies_at

    def plain(self) -> bytes:
        """Return it with what must be known of it, to be sealed."""
        return json.dumps([self.took_s, self.dies_at]).encode() + b"\n" + self.body

    @classmethod
    def of(cls, plain: bytes) -> _Value:
        """Return what `plain` gave."""
        head, _, body = plain.partition(b"\n")
        took_s, dies_at = json.loads(head)
        return cls(body, float(took_s), float(dies_at))


class Cache:
    """Keeps what is dear to make. Safe to share between threads.

    Args:
        link: the way to Redis; None: each process keeps for itself.
        sealing: what seals values in Redis; without it nothing is kept there.
        bytes_max: of all values that this process keeps.
        clock: seconds since 1970.

    """

    def __init__(
        self,
        link: Link | None = None,
        sealing: Sealing | None = None,
        *,
        bytes_max: int = BYTES_MAX,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._link = link if sealing is not None else None
        self._sealing = sealing
        self._bytes_max = bytes_max
        self._clock = clock
        self._guard = threading.Lock()
        self._here: OrderedDict[str, _Value] = OrderedDict()
        self._size = 0
        self._making: dict[str, threading.Event] = {}
        self.counts: Counter[tuple[str, str]] = Counter()
        """How often a value of a name came from where: ``memory``, ``redis`` or ``made``."""

    def __len__(self) -> int:
        return len(self._here)

    @property
    def size(self) -> int:
        """Return how many bytes this process keeps."""
        return self._size

    def get(
        self,
        name: str,
        organization_id: UUID | None,
        question: object,
        make: Callable[[], bytes],
        *,
        life_s: float = LIFE_S,
    ) -> bytes:
        """Return the value that *make* would give, from where it is kept if it is.

        Args:
            name: of the kind of value, for the metrics: ``report``.
            organization_id: whose it is; nobody else is ever given it. None: the installation's.
            question: all that the value depends on, by its `repr`: with it, the value is true for
                ever.
            make: makes it; what it raises is passed on, and nothing is kept.
            life_s: how long it is kept at most.

        """
        whose = str(organization_id or "all")
        digest = hashlib.sha256(repr(question).encode(errors="surrogatepass")).hexdigest()
        place = f"cache:{whose}:{name}:{digest}"
        value = self._find(name, place)
        if value is not None and not value.is_dying(self._clock()):
            return value.body
        if value is not None and place in self._making:
            return value.body  # another makes it anew already
        return self._fill(name, place, make, life_s).body

    def _find(self, name: str, place: str) -> _Value | None:
        """Return a value that is kept and not dead."""
        now = self._clock()
        with self._guard:
            value = self._here.get(place)
            if value is not None and value.dies_at > now:
                self._here.move_to_end(place)
                self.counts[name, "memory"] += 1
                return value
        value = self._there(place)
        if value is None or value.dies_at <= now:
            return None
        self.counts[name, "redis"] += 1
        self._keep_here(place, value)
        return value

    def _there(self, place: str) -> _Value | None:
        """Return what lies in Redis, if it is ours and was put at this very place."""
        if self._link is None or self._sealing is None:
            return None
        key = self._link.at.key(place)
        try:
            sealed: Any = self._link.ask(lambda client: client.get(key))
            return _Value.of(self._sealing.open(PURPOSE, sealed, place=key)) if sealed else None
        except (Away, ValueError, TypeError):
            return None

    def _fill(
        self,
        name: str,
        place: str,
        make: Callable[[], bytes],
        life_s: float,
    ) -> _Value:
        """Make a value, or wait for who makes it already."""
        mine = threading.Event()
        with self._guard:
            other = self._making.setdefault(place, mine)
        if other is not mine:
            other.wait(WAIT_S)
            found = self._find(name, place)
            return found or self._made(name, make)
        promise = secrets.token_hex(8)
        try:
            if not self._promise(place, promise):
                found = self._wait_for(name, place)
                if found is not None:
                    return found
            value = self._made(name, make, life_s)
            self._keep(place, value)
            return value
        finally:
            self._release(place, promise)
            with self._guard:
                del self._making[place]
            mine.set()

    def _made(self, name: str, make: Callable[[], bytes], life_s: float = LIFE_S) -> _Value:
        began = time.perf_counter()
        body = make()
        self.counts[name, "made"] += 1
        life_s *= 1 - JITTER * random.random()  # noqa: S311 - no secret
        return _Value(body, time.perf_counter() - began, self._clock() + life_s)

    def _promise(self, place: str, promise: str) -> bool:
        """Promise all processes to make a value; return False if another has promised it."""
        if self._link is None:
            return True
        key = self._link.at.key(place, "making")
        try:
            taken = self._link.ask(lambda it: it.set(key, promise, nx=True, px=FILLING_MS))
        except Away:
            return True
        return bool(taken)

    def _release(self, place: str, promise: str) -> None:
        if self._link is None:
            return
        key = self._link.at.key(place, "making")
        with suppress(Away):  # it runs out by itself
            self._link.ask(lambda client: client.eval(RELEASE, 1, key, promise))

    def _wait_for(self, name: str, place: str) -> _Value | None:
        """Wait a while for the value that another process makes."""
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            time.sleep(LOOK_S)
            found = self._find(name, place)
            if found is not None:
                return found
        return None

    def _keep(self, place: str, value: _Value) -> None:
        if len(value.body) > VALUE_BYTES_MAX:
            return
        self._keep_here(place, value)
        if self._link is not None and self._sealing is not None:
            key = self._link.at.key(place)
            sealed = self._sealing.seal(PURPOSE, value.plain(), place=key)
            life_ms = max(1, int((value.dies_at - self._clock()) * 1_000))
            with suppress(Away):  # then it is kept here only
                self._link.ask(lambda client: client.set(key, sealed, px=life_ms))

    def _keep_here(self, place: str, value: _Value) -> None:
        with self._guard:
            before = self._here.pop(place, None)
            self._size += len(value.body) - (len(before.body) if before else 0)
            self._here[place] = value
            while self._size > self._bytes_max:
                _, gone = self._here.popitem(last=False)
                self._size -= len(gone.body)


class CacheFigures(Collector):
    """What the metrics say of a cache."""

    def __init__(self, service: str, cache: Cache) -> None:
        self._service = service
        self._cache = cache

    @override
    def collect(self) -> Iterator[Metric]:
        """Tell how it is at this moment."""
        answers = CounterMetricFamily(
            "nexafi_cache_answers",
            "Values that were asked of the cache, by where they came from.",
            labels=["service", "name", "source"],
        )
        for (name, source), count in sorted(self._cache.counts.items()):
            answers.add_metric([self._service, name, source], count)
        yield answers
