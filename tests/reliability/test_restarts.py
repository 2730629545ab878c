"""Every process is replaced while clients go on: no request fails, not even one without a key."""

from __future__ import annotations

import time

import pytest

from tests.reliability import results
from tests.reliability.bank import Bank
from tests.reliability.chance import LONG
from tests.reliability.platform import running

pytestmark = pytest.mark.timeout(600)
TIMES = 3 if LONG else 1


def test_no_request_fails_while_everything_is_replaced(tmp_path, chance):
    began = time.monotonic()
    with running(tmp_path / "data") as platform:
        bank = Bank.found(platform, chance)
        bank.pause_s = 0.05  # it is about each request, not about many
        bank.open()
        for _ in range(TIMES):
            before = platform.pids()
            platform.command("--reload")
            after = platform.pids()
            assert not set(before.values()) & set(after.values())
            assert after.keys() == before.keys()
        bank.close()
        verdict = bank.verdict(clear={201})
        assert platform.stop() == 0

    assert verdict.is_right, f"seed {chance.seed_given}: {verdict}"
    failed = [deed.answers for deed in bank.history.deeds if deed.answers != [201]]
    assert not failed
    assert bank.misses == 0, "readings that failed"
    results.of("all processes replaced", "SQLite", TIMES, bank, verdict, time.monotonic() - began)
