"""Figures: what the database is asked for whenever somebody reads the metrics.

A figure is named without the service, whose name comes before: the ledger's
``unsealed_oldest_seconds`` is ``nexafi_ledger_unsealed_oldest_seconds``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from nexafi.kernel.data.work import Survey


@dataclass(frozen=True, slots=True)
class Figure:
    """What a look at the database tells: an age, a number of what waits."""

    name: str
    """With its unit last, such as ``unsealed_oldest_seconds``."""
    meaning: str
    ask: Callable[[Survey], float]


def age_s(since: datetime | None, now: datetime) -> float:
    """Return how many seconds ago *since* was; 0 if there is none, or a clock was set back."""
    return max(0.0, (now - since).total_seconds()) if since else 0.0
