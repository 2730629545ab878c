"""Platforms with one thing broken, each a fault that real ones had; for the judge to find.

Each puts another function in the place of one of ours, in the process that is started by
`program.py`. Where chance would show a fault seldom, the moment at which it can happen is made
longer: the fault is the same.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import select, update

from nexafi.kernel.web import edge
from nexafi.ledger import jobs
from nexafi.ledger.journal import actions, store
from nexafi.ledger.journal.schemas import EntryOut
from nexafi.ledger.tables import Balance

WINDOW_S = 0.03


class _Aborted(Exception):
    """Takes back what a Work did, if it did anything."""


def _answered(begin, claim):
    """Return what was answered under the key before, or None; keep nothing."""
    try:
        with begin() as work:
            if before := claim.start(work):
                return before
            raise _Aborted  # noqa: TRY301 - that is how a Work is taken back
    except _Aborted:
        return None


def two_commits() -> None:
    """Post the two sides of a transfer in two transactions, each balanced in itself."""
    once = edge._run_once

    def run(endpoint, begin, call, claim):
        if endpoint.handler.__name__ != "post_entry":
            return once(endpoint, begin, call, claim)
        if before := _answered(begin, claim):
            return before
        draft = call.keywords["body"].draft()
        with begin() as work:
            actions.post(work, replace(draft, legs=draft.legs[::2]))
        time.sleep(WINDOW_S)
        with begin() as work:
            if before := claim.start(work):
                return before
            posted = actions.post(work, replace(draft, legs=draft.legs[1::2]))
            shown = EntryOut.of(draft, posted, actor=work.context.actor, now=work.context.now)
            answer = endpoint.write(shown)
            claim.finish(work, answer)
        return answer

    edge._run_once = run


def acknowledge_first() -> None:
    """Answer when all is written, and commit a moment later."""
    once = edge._run_once

    def run(endpoint, begin, call, claim):
        if endpoint.handler.__name__ != "post_entry":
            return once(endpoint, begin, call, claim)
        done: dict[str, Any] = {}
        written = threading.Event()

        def write() -> None:
            try:
                with begin() as work:
                    if claim is not None and (before := claim.start(work)):
                        done["answer"] = before
                        return
                    done["answer"] = answer = endpoint.write(call(work=work))
                    if claim is not None:
                        claim.finish(work, answer)
                    written.set()
                    time.sleep(WINDOW_S)
            except Exception as error:  # noqa: BLE001 - raised where it is waited for
                done["error"] = error
            finally:
                written.set()

        threading.Thread(target=write).start()
        written.wait()
        if "error" in done:
            raise done["error"]
        return done["answer"]

    edge._run_once = run


def key_afterwards() -> None:
    """Post first and note the idempotency key in a transaction after it."""
    once = edge._run_once

    def run(endpoint, begin, call, claim):
        if claim is None or endpoint.handler.__name__ != "post_entry":
            return once(endpoint, begin, call, claim)
        if before := _answered(begin, claim):
            return before
        with begin() as work:
            answer = endpoint.write(call(work=work))
        time.sleep(WINDOW_S)
        with begin() as work:
            if claim.start(work) is None:
                claim.finish(work, answer)
        return answer

    edge._run_once = run


def fold_unlocked() -> None:
    """Fold balances by two hands at once: each reads, adds up and writes what it found."""
    pending: list[Any] = []

    def fold(_work, links) -> None:
        pending.extend(links)

    def seal_entries(begin) -> None:
        while True:
            with begin() as work:
                sealed = actions.seal(work)
            links, pending[:] = list(pending), []
            hands = [
                threading.Thread(target=_fold_half, args=(begin, half))
                for half in (links[::2], links[1::2])
            ]
            for hand in hands:
                hand.start()
            for hand in hands:
                hand.join()
            if not sealed:
                return

    kept = store._fold
    store._fold = fold
    broken_fold[:] = [kept]
    jobs.jobs.jobs[:] = [replace(each, deed=seal_entries) for each in jobs.jobs.jobs]


broken_fold: list[Callable[..., None]] = []


def _fold_half(begin, links) -> None:
    """Read the balances in one transaction, and write them in another."""
    changed: dict[tuple[Any, ...], tuple[int, int]] = {}
    with begin() as work:
        asked = select(Balance.id, Balance.account_id, Balance.currency, Balance.month,
                       Balance.minor, Balance.base_minor)  # fmt: skip
        had = {tuple(row)[1:4]: row for row in work.session.execute(asked)}
        for _, movements in links:
            for *key, minor, base_minor in movements:
                before = changed.get(tuple(key)) or (tuple(had[tuple(key)])[4:] if tuple(key) in had
                                                     else (0, 0))  # fmt: skip
                changed[tuple(key)] = (before[0] + minor, before[1] + base_minor)
    time.sleep(WINDOW_S)
    with begin() as work:
        for key, (minor, base_minor) in changed.items():
            if key in had:
                work.session.execute(
                    update(Balance)
                    .where(Balance.id == had[key].id)
                    .values(minor=minor, base_minor=base_minor)
                )
            else:
                link = [(None, [(*key, minor, base_minor)])]
                broken_fold[0](work, link)


VARIANTS = {
    "as it is": lambda: None,
    "two commits for one posting": two_commits,
    "acknowledged before the commit": acknowledge_first,
    "idempotency key stored afterwards": key_afterwards,
    "balances folded without a lock": fold_unlocked,
}
