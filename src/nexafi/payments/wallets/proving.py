"""Proof that balances are what their entries and holds add up to."""

from __future__ import annotations

import logging

from nexafi.kernel.data.work import Work
from nexafi.payments import counts
from nexafi.payments.wallets import queries

log = logging.getLogger(__name__)


def prove(work: Work) -> int:
    """Return how many balances are other than their entries and holds say, and log each."""
    wrong = queries.wrong_balances(work)
    for each in wrong:
        log.error(
            "the balance of wallet %s in %s is not the sum of its entries and holds",
            each.wallet_id,
            each.currency,
        )
    work.count(counts.WRONG_WALLETS, len(wrong))
    return len(wrong)
