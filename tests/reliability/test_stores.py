"""What the platform leans on is stopped, cut off and emptied: that is said, and heals by itself."""

from __future__ import annotations

import time

import pytest

from tests import postgreses, redises
from tests.elastic import Elastic
from tests.reliability import results
from tests.reliability.bank import Bank
from tests.reliability.chance import LONG, long_only
from tests.reliability.places import databases
from tests.reliability.platform import free_ports, running, wait_until

TIMES = 10 if LONG else 2
AWAY_S = 600.0 if LONG else 1.0
MOMENT_S = 2.0 if LONG else 0.3
pytestmark = pytest.mark.timeout(1_200 if LONG else 600)


def end(bank: Bank, fault: str, on: str, times: int, began: float, note: str = "") -> None:
    """Close the bank and let the judge look at it."""
    bank.must_go_on(10)
    bank.close()
    verdict = bank.verdict()
    assert verdict.is_right, f"seed {bank.chance.seed_given}: {verdict}"
    assert bank.history.acknowledged == len(bank.history.deeds)
    results.of(fault, on, times, bank, verdict, time.monotonic() - began, note)


@redises.needs_server
def test_redis_stopped_frozen_and_flushed(tmp_path, chance):
    began = time.monotonic()
    with redises.private() as server:
        settings = {"NEXAFI_REDIS_URL": server.url(), "NEXAFI_REDIS_PREFIX": "faults"}
        with running(tmp_path / "data", settings) as platform:
            bank = Bank.found(platform, chance)
            bank.open()
            for _ in range(TIMES):
                bank.must_go_on(10)
                server.stop()
                bank.must_go_on(10)
                server.start()
                bank.must_go_on(10)
                server.flush()
                bank.must_go_on(10)
                server.pause()
                bank.must_go_on(10)
                server.resume()
            status, _ = bank.ask("GET", "/readyz")
            assert status == 200
            end(bank, "Redis stopped, flushed, frozen", "Redis", TIMES * 3, began)


@postgreses.needs_server
def test_postgresql_restarted_and_its_connections_cut(tmp_path, chance):
    began, killer = time.monotonic(), chance.branch("killer")
    cut = 0
    with (
        postgreses.private() as server,
        databases(server.url()) as settings,
        running(tmp_path / "data", settings) as platform,
    ):
        bank = Bank.found(platform, chance)
        bank.open()
        for number in range(TIMES):
            bank.must_go_on(10)
            for _ in range(5):
                time.sleep(killer.uniform(0, 0.1))
                cut += server.cut_off_all()
            bank.must_go_on(10)
            if number % 2:
                server.stop()
                wait_until(lambda: bank.waiting() >= 4, bank.told)
                bank.must_be_refused_clearly()
                time.sleep(MOMENT_S)
                server.start()
            else:
                server.kill()
                server.start()
        end(bank, "PostgreSQL killed, stopped, connections cut", "PostgreSQL", TIMES, began,
            f"{cut} connections cut")  # fmt: skip


@long_only
def test_elasticsearch_away_and_back(tmp_path, chance):
    began = time.monotonic()
    base = free_ports(11)
    elastic = Elastic(base + 10)
    elastic.start()
    settings = {
        "NEXAFI_ELASTICSEARCH_URL": elastic.url,
        "NEXAFI_LOG_LEVEL": "INFO",
        "NEXAFI_ACCESS_TOKEN_S": "7200",  # longer than all of it
    }
    try:
        with running(tmp_path / "data", settings, base=base) as platform:
            bank = Bank.found(platform, chance)
            bank.pause_s = 3.0 if LONG else bank.pause_s  # it is about the time, not about many
            bank.open()
            wait_until(lambda: bool(elastic.documents), platform.said)
            elastic.stop()
            time.sleep(AWAY_S)
            bank.must_go_on(10)
            if LONG:
                platform.command("--reload")  # the process that carries the log, too
            elastic.start()
            end(bank, "Elasticsearch away", "Elasticsearch", 1, began, f"for {AWAY_S:g} s at least")
            answers = {each for deed in bank.history.deeds for each in deed.answers}
            assert answers == {201}
            log = platform.data / "nexafi.log"
            lines = len(log.read_text(encoding="utf-8").splitlines())
            wait_until(
                lambda: len(elastic.documents) >= lines, lambda: (len(elastic.documents), lines)
            )
            assert elastic.conflicts < lines, "told once, or known again by their id"
    finally:
        elastic.stop()
