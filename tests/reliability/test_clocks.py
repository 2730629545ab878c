"""The clock jumps by an hour, forward and back, while clients go on.

Nothing stands still until the clock has caught up, nothing is done twice, no token outlives what it
says, and nobody is locked out by a limit that leans on the time of day.
"""

from __future__ import annotations

import time

import pytest

from tests.reliability import bank as banks
from tests.reliability import results
from tests.reliability.bank import Bank
from tests.reliability.chance import LONG
from tests.reliability.clocks import WallClock
from tests.reliability.platform import ask, running, wait_until
from tests.reliability.test_events import hear_all

pytestmark = pytest.mark.timeout(600)
HOUR = 3600
JUMPS = (HOUR, 0, -HOUR, 0) * (5 if LONG else 1)
CREDENTIALS = {"email": "ada@example.com", "password": banks.PASSWORD}


def sign_in(bank: Bank) -> None:
    """Sign in again: the clock went past the end of the token, or before its beginning."""
    told: list[object] = []

    def is_in() -> bool:
        status, answer = ask(bank.port, "/api/v1/users/login", "POST", CREDENTIALS)
        told[:] = [status, answer]
        if status == 200:
            bank.token = answer["access_token"]
        return status == 200

    wait_until(is_in, lambda: told)


def test_an_hour_forward_and_back_again_and_again(tmp_path, chance):
    began, clock = time.monotonic(), WallClock(tmp_path / "clock")
    settings = clock.settings() | {
        "NEXAFI_GATEWAY_RATE_PER_S": "100",
        "NEXAFI_GATEWAY_BURST": "400",
    }
    with running(tmp_path / "data", settings, "news is counted") as platform:
        bank = Bank.found(platform, chance)
        shift = 0
        for number, then in enumerate(JUMPS):
            old = bank.token
            bank.open(2)
            bank.must_go_on(10)
            named = {"name": f"Ada's Bank {number}"}
            assert bank.ask("PATCH", "/api/v1/users/organization", named)[0] == 200
            bank.close()
            clock.shift(then)
            if then > shift:
                assert bank.ask("GET", banks.ENTRIES)[0] == 401, "a token that has run out"
            sign_in(bank)
            if then > shift:
                bank.token, new = old, bank.token
                assert bank.ask("GET", banks.ENTRIES)[0] == 401
                bank.token = new
            told, heard = hear_all(platform)
            assert all(heard[each] == 1 for each in told)
            assert not bank.books().said, "all is sealed, and proven"
            shift = then
        verdict = bank.verdict()

    assert verdict.is_right, f"seed {chance.seed_given}: {verdict}"
    answers = {answer for deed in bank.history.deeds for answer in deed.answers}
    assert answers == {201}, "nobody was refused, least of all by a limit"
    took_s = time.monotonic() - began
    results.of("clock set an hour on and back", "all processes", len(JUMPS), bank, verdict, took_s)
