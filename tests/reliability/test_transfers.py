"""Money is moved while what moves it is killed: none is lost, and none is moved twice."""

from __future__ import annotations

import time

import pytest

from tests.conftest import ENGINES
from tests.reliability import results
from tests.reliability.bank import Bank
from tests.reliability.broken import VARIANTS
from tests.reliability.chance import LONG, Chance
from tests.reliability.killing import kill_on
from tests.reliability.platform import running

pytestmark = pytest.mark.timeout(600)
KILLS, OVER_S = (25, 60.0) if LONG else (5, 2.5)
ATTEMPTS = 4


def test_killed_again_and_again_it_keeps_what_it_acknowledged(tmp_path, engine, settings, chance):
    began = time.monotonic()
    with running(tmp_path / "data", settings) as platform:
        bank = Bank.found(platform, chance)
        bank.open()
        kills = kill_on(platform, chance.branch("killer"), kills=KILLS, over_s=OVER_S)
        bank.close()
        verdict = bank.verdict()
        seconds = time.monotonic() - began

    assert verdict.is_right, f"seed {chance.seed_given}: {verdict}"
    assert bank.history.acknowledged == len(bank.history.deeds) > 0
    assert bank.history.looks
    note = ", ".join(f"{name} {times}" for name, times in sorted(kills.items()))
    results.of("killed (SIGKILL)", ENGINE[engine], kills.total(), bank, verdict, seconds, note)


ENGINE = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
FAULTS = {
    "two commits for one posting": {"torn", "uneven"},
    "acknowledged before the commit": {"lost"},
    "idempotency key stored afterwards": {"doubled"},
    "balances folded without a lock": {"off", "unproven"},
}


def test_each_variant_that_is_broken_is_tried():
    assert FAULTS.keys() | {"as it is"} == VARIANTS.keys()


@pytest.mark.parametrize("engine", ENGINES if LONG else ENGINES[:1], indirect=True)
@pytest.mark.parametrize("variant", FAULTS)
def test_a_platform_that_is_broken_is_found_out(tmp_path, engine, settings, chance, variant):
    verdicts = []
    for attempt in range(ATTEMPTS):  # whom a kill meets, and when, is not all in our hands
        folder = tmp_path / str(attempt)
        folder.mkdir()
        verdicts.append(judged(folder, settings, Chance(chance.seed_given + attempt), variant))
        if FAULTS[variant] & verdicts[-1].kinds:
            return
    pytest.fail(f"not in {ATTEMPTS} runs, seed {chance.seed_given}: {verdicts}")


def judged(folder, settings, chance, variant):
    """Kill a platform that is broken while clients work, and return what the judge says of it."""
    with running(folder / "data", settings, variant) as platform:
        bank = Bank.found(platform, chance)
        bank.open()
        kills = 0 if variant.startswith("balances") else KILLS // 2
        kill_on(
            platform,
            chance.branch("killer"),
            kills=kills,
            over_s=OVER_S / 2,
            victims=["ledger"],
        )
        bank.close()
        return bank.verdict()
