"""A service that is slow, hangs or breaks off: deadlines end it, and nobody else notices."""

from __future__ import annotations

import threading
import time
from typing import Self

import pytest

from tests.reliability import results
from tests.reliability.bank import Bank, Line
from tests.reliability.chance import LONG, long_only
from tests.reliability.platform import free_ports, running
from tests.reliability.proxy import Proxy

pytestmark = pytest.mark.timeout(600)
EACH_S = 8.0 if LONG else 0.7
DEADLINE_S = 1.0


class Neighbour:
    """Somebody who calls another service all the time."""

    def __init__(self, bank: Bank) -> None:
        self.answers: list[int | None] = []
        self.took_s: list[float] = []
        self._bank = bank
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._go_on)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join(30)

    def _go_on(self) -> None:
        line = Line(self._bank.port, self._bank.token)
        while not self._stopped.wait(0.02):
            began = time.perf_counter()
            self.answers.append(line.ask("GET", "/api/v1/users/me")[0])
            self.took_s.append(time.perf_counter() - began)
        line.hang_up()

    def p99_ms(self) -> float:
        return sorted(self.took_s)[int(len(self.took_s) * 0.99)] * 1000


@long_only
def test_one_that_fails_in_every_way_fails_alone_and_nothing_is_lost(tmp_path, chance):
    began = time.monotonic()
    base = free_ports(3)
    proxy = Proxy(lambda: base + 2, chance.branch("proxy"))
    settings = {
        "NEXAFI_LEDGER_URL": f"http://127.0.0.1:{proxy.port}",
        "NEXAFI_GATEWAY_FIRST_BYTE_TIMEOUT_S": str(DEADLINE_S),
        "NEXAFI_GATEWAY_IDLE_TIMEOUT_S": str(DEADLINE_S),
        "NEXAFI_GATEWAY_FAILURES_MAX": "3",
        "NEXAFI_GATEWAY_REST_S": "0.2",
    }
    noted = []
    with running(tmp_path / "data", settings, base=base) as platform:
        bank = Bank.found(platform, chance)
        bank.open()
        with Neighbour(bank) as calm:
            time.sleep(EACH_S)
        for mode in proxy.MODES:
            with Neighbour(bank) as neighbour:
                proxy.mode = mode
                time.sleep(EACH_S + (2 * DEADLINE_S if mode == "hang" else 0))
            proxy.mode = "well"
            assert set(neighbour.answers) == {200}, mode
            noted.append(f"{mode} {neighbour.p99_ms():.0f}")
            bank.must_go_on(8)
        bank.close()
        verdict = bank.verdict()
    proxy.close()

    assert verdict.is_right, f"seed {chance.seed_given}: {verdict}"
    answers = {answer for deed in bank.history.deeds for answer in deed.answers}
    assert 504 in answers, "a deadline ended what hung"
    assert 503 in answers, "the breaker opened"
    assert 502 in answers, "what broke off was said"
    note = f"p99 of another service in ms: well {calm.p99_ms():.0f}, {', '.join(noted)}"
    took_s = time.monotonic() - began
    results.of("upstream slow, hanging, cut", "gateway", len(noted), bank, verdict, took_s, note)
