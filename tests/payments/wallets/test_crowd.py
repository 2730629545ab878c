"""Many at once: no balance below zero, no cent lost, nobody waits for another for ever."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

from nexafi.kernel.values.money import Money
from nexafi.payments.wallets import actions, holding
from nexafi.payments.wallets.actions import Words
from nexafi.payments.wallets.problems import NotEnough

THREADS = 64


def test_64_threads_that_pay_hold_and_transfer_keep_every_cent(wallets):
    ids = [wallets.read(wallets.open("20.00")) for _ in range(4)]
    database, caller = wallets.payments.database, wallets.payments.caller

    def deed(number: int) -> str:
        dice = random.Random(number)  # noqa: S311 - a game, not a secret
        one, two = dice.sample(ids, 2)
        amount = Money(dice.randint(1, 900), "EUR")
        try:
            with database.work(caller) as work:
                match number % 4:
                    case 0:
                        actions.pay(work, one, amount, Words())
                    case 1:
                        row = holding.hold(work, one, amount, Words(), None)
                        if number % 8 == 1:
                            holding.release(work, one, row.id)
                    case _:
                        actions.transfer(work, one, two, amount, Words())
        except NotEnough:
            return "refused"
        return "done"

    with ThreadPoolExecutor(THREADS) as crowd:
        outcomes = list(crowd.map(deed, range(4 * THREADS)))

    assert len(outcomes) == 4 * THREADS
    assert {"done", "refused"} == set(outcomes), "both happen, and nothing else does"
    entries = [each for id_ in ids for each in wallets.entries(str(id_))]
    paid = sum(-_minor(amount) for kind, amount in entries if kind == "payment")
    left = sum(_minor(wallets.balances(str(id_))["EUR"][0]) for id_ in ids)
    assert left + paid == 4 * 2000
    assert wallets.are_right()


def _minor(text: str) -> int:
    return Money.of(text, "EUR").minor
