"""What the clock starts in the ledger."""

from __future__ import annotations

from datetime import timedelta

from nexafi.kernel.data.work import Begin
from nexafi.kernel.news.jobs import Jobs
from nexafi.ledger.journal import actions, queries

jobs = Jobs()

SEALING = timedelta(seconds=10)
"""For so long nothing is sealed when a process was killed while it did; a batch takes far less."""


@jobs.every(timedelta(seconds=1), due=queries.with_fresh_entries, lease=SEALING)
def seal_entries(begin: Begin) -> None:
    """Seal fresh entries, until none is left: number, chain and fold them into the balances."""
    while True:
        with begin() as work:
            if not actions.seal(work):
                return
