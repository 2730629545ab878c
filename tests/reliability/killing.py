"""Killing at moments that chance decides, while clients go on."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from random import Random

from tests.reliability.platform import Platform, wait_until

ANYBODY = ("ledger", "ledger", "ledger", "gateway", "all")
"""Whom it may be, as often as it stands there; "all" is the machine."""


def kill_on(
    platform: Platform,
    chance: Random,
    *,
    kills: int,
    over_s: float,
    victims: Sequence[str] = ANYBODY,
) -> Counter[str]:
    """Kill *kills* times within about *over_s*, starting again what does not start by itself.

    Each time as soon as the one before is ready again, and a moment of chance later.
    """
    done: Counter[str] = Counter()
    deadline = time.monotonic() + over_s
    while done.total() < kills:
        left_s = max(0.0, deadline - time.monotonic())
        mean_s = left_s / max(1, kills - done.total())
        time.sleep(min(chance.uniform(0.05, 0.4 + mean_s), 3.0))
        victim = chance.choice(victims)
        if victim == "all":
            platform.kill_all()
            platform.start()
        elif not platform.kill(victim):
            continue
        done[victim] += 1
        wait_until(platform.is_ready, platform.said)
    time.sleep(max(0.0, deadline - time.monotonic()))
    return done
