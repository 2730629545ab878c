"""Chance that can be had again: a seed that is printed, and given by ``NEXAFI_TEST_SEED``."""

from __future__ import annotations

import os
from random import Random, SystemRandom

import pytest

from tests.conftest import LONG

long_only = pytest.mark.skipif(
    not LONG, reason="what it shows takes minutes of both cores: NEXAFI_TEST_LONG=1"
)
"""Marks what CI leaves to the proof that a release is given."""

__all__ = ["LONG", "Chance", "new"]


class Chance(Random):
    """A source of chance that knows the seed from which it began."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.seed_given = seed

    def branch(self, name: str) -> Random:
        """Return a source for one thread, so that the order of threads changes nothing."""
        return Random(f"{self.seed_given} {name}")  # noqa: S311 - it is to be had again


def new() -> Chance:
    """Return chance from the seed that was given, or from a new one; say which it is."""
    given = os.environ.get("NEXAFI_TEST_SEED")
    seed = int(given) if given else SystemRandom().randrange(10**9)
    print(f"NEXAFI_TEST_SEED={seed} has it again.")  # noqa: T201 - pytest shows it where it failed
    return Chance(seed)
