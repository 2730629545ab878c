"""The worker goes on whatever happens, and pauses when it should."""

from __future__ import annotations

import threading
import time

import pytest

from nexafi.kernel.server import worker as module
from nexafi.kernel.server.sockets import CannotListen, listen
from nexafi.kernel.server.worker import Worker
from nexafi.kernel.watch.metrics import Metrics


class Rounds:
    """Rounds that end as they are told; the last one stops the worker."""

    def __init__(self, *outcomes: int | Exception) -> None:
        self._outcomes = list(outcomes)
        self.worker: Worker | None = None

    def __call__(self) -> int:
        outcome = self._outcomes.pop(0)
        if not self._outcomes:
            assert self.worker is not None
            self.worker.stop()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


class Pauses(threading.Event):
    """An event that does not wait, and remembers how long it should have."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.asked.append(timeout)
        return self.is_set()


def work(monkeypatch, *outcomes: int | Exception) -> tuple[list[float | None], str]:
    """Do rounds that end so; return the pauses before each, and what was counted."""
    pauses = Pauses()
    monkeypatch.setattr(module.threading, "Event", lambda: pauses)
    rounds, meters = Rounds(*outcomes), Metrics("tests")
    worker = rounds.worker = Worker(rounds, meters, 0.3)
    worker.run()
    return pauses.asked[: len(outcomes)], meters.exposition().decode()


def test_there_is_no_pause_while_there_is_something_to_do(monkeypatch):
    pauses, told = work(monkeypatch, 2, 3, 0, 0)

    assert pauses == [0.0, 0.0, 0.0, 0.3]
    assert 'nexafi_worker_deeds_total{service="tests"} 5.0' in told


def test_pauses_grow_while_rounds_fail_and_are_short_again_after_one_that_went_well(monkeypatch):
    away = OSError("the database is away")
    pauses, told = work(monkeypatch, away, away, away, 0, away)

    assert pauses == [0.0, 0.3, 0.6, 1.2, 0.3]
    assert 'nexafi_worker_failures_total{service="tests"} 4.0' in told


def test_a_pause_has_an_end(monkeypatch):
    pauses, _ = work(monkeypatch, *[OSError("away")] * 20)

    assert max(pause for pause in pauses if pause is not None) == 30.0


def test_one_that_is_woken_looks_at_once_unless_it_has_just_failed():
    looked = threading.Semaphore(0)
    outcomes = iter([0, 0, OSError("the database is away")])

    def look() -> int:
        looked.release()
        outcome = next(outcomes, 0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    worker = Worker(look, Metrics("tests"), poll_s=60)
    worker.start()
    assert looked.acquire(timeout=10)
    for _ in range(2):
        worker.wake()
        assert looked.acquire(timeout=10)
    while not worker.has_failed:
        time.sleep(0.005)
    worker.wake()
    assert not looked.acquire(timeout=0.1)

    worker.stop()
    worker.join(10)


def test_a_port_of_somebody_else_is_named():
    taken = listen("127.0.0.1", 0, backlog=16, name="one")
    port = taken.getsockname()[1]

    with taken, pytest.raises(CannotListen, match=f"Port {port}, where two would listen, is taken"):
        listen("127.0.0.1", port, backlog=16, name="two")


def test_an_address_of_another_machine_is_named():
    with pytest.raises(CannotListen, match=r"one cannot listen on 192\.0\.2\.1, port 22999"):
        listen("192.0.2.1", 22_999, backlog=16, name="one")
