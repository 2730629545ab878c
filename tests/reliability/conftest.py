"""What the tests of reliability may ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.reliability import chance as chances
from tests.reliability.chance import Chance
from tests.reliability.places import settings_on


@pytest.fixture
def chance() -> Chance:
    """Chance whose seed is printed."""
    return chances.new()


@pytest.fixture
def settings(engine: str) -> Iterator[dict[str, str]]:
    """Return the settings of a platform on SQLite, and on PostgreSQL."""
    with settings_on(engine) as found:
        yield found
