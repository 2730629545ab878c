"""What one does with entries from a file: all of them are posted, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from nexafi.contracts.ledger.permissions import LedgerPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.errors import Problem
from nexafi.kernel.trust import audit
from nexafi.ledger.errors import EntriesUnfit
from nexafi.ledger.journal import actions as journal
from nexafi.ledger.journal.rules import Draft
from nexafi.ledger.transfer.rules import FAULTS_MAX, Read

AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Taken:
    """An entry that was posted, as it was posted, and the rows that told it."""

    rows: tuple[int, ...]
    draft: Draft
    id: UUID


def take(work: Work, entries: Sequence[Read]) -> list[Taken]:
    """Post *entries*, all or none."""
    found: list[Taken] = []
    for first in range(0, len(entries), AT_ONCE):
        some = entries[first : first + AT_ONCE]
        posted = journal.post_complete(work, [each.draft for each in some])
        found += [
            Taken(each.rows, draft, it.id) for each, (draft, it) in zip(some, posted, strict=True)
        ]
    audit.note(work, May.ENTRY_POST, f"entries {len(found)} from a file")
    return found


def reasons(work: Work, entries: Sequence[Read]) -> EntriesUnfit | None:
    """Return why *entries* cannot all be posted, row by row; None if they can.

    Each is tried by itself, in a Work that the caller does not keep.
    """
    outcomes = journal.post_each(work, [each.draft for each in entries])
    faults = [
        {"row": each.rows[0], "rows": list(each.rows), **outcome.as_json()}
        for each, outcome in zip(entries, outcomes, strict=True)
        if isinstance(outcome, Problem)
    ]
    if not faults:
        return None
    return EntriesUnfit(
        f"{len(faults)} of {len(entries)} entries cannot be posted, so none was.",
        errors=faults[:FAULTS_MAX],
    )
