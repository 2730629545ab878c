"""What one does to drafts. An open one may be anything; only what is approved enters the books."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from nexafi.contracts.ledger.permissions import LedgerPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.trust import audit
from nexafi.ledger.drafts import queries, rules
from nexafi.ledger.errors import DraftChanged
from nexafi.ledger.journal import actions as journal
from nexafi.ledger.journal.rules import Draft
from nexafi.ledger.tables import Draft as DraftRow
from nexafi.ledger.tables import DraftPolicy


def make(work: Work, draft: Draft) -> DraftRow:
    """Keep *draft* for somebody to approve; it may lack anything still, balance included."""
    row = DraftRow(state="open", **_told(work, draft))
    work.session.add(row)
    work.session.flush()
    return row


def change(work: Work, draft_id: UUID, draft: Draft) -> DraftRow:
    """Put *draft* in the place of one that is open; whoever does so is now its maker."""
    row = queries.draft_to_decide(work, draft_id)

    rules.check_move(row.state, "open")

    for name, value in _told(work, draft).items():
        setattr(row, name, value)
    work.session.flush()
    return row


def _told(work: Work, draft: Draft) -> dict[str, object]:
    return {
        "date": draft.date,
        "description": draft.description,
        "body": rules.body_of(draft),
        "made_by": work.context.actor,
        "made_at": work.context.now,
    }


def approve(work: Work, draft_id: UUID, *, made_at: dt.datetime | None) -> DraftRow:
    """Post a draft, once; it must be as it was at *made_at*, if that is given."""
    row = queries.draft_to_decide(work, draft_id)
    policy = queries.policy(work)

    rules.check_move(row.state, "approved")
    must_differ = policy is not None and policy.approver_differs
    rules.check_approver(work.context.actor, row.made_by, must_differ=must_differ)
    if made_at is not None and made_at != row.made_at:
        raise DraftChanged(f"{row.made_by} has changed the draft since; look at it again.")

    row.entry_id = journal.post(work, rules.draft_of(row.body)).id
    _decide(work, row, "approved", None)
    return row


def reject(work: Work, draft_id: UUID, reason: str) -> DraftRow:
    """Let nothing come of a draft; it stays on record with the reason."""
    row = queries.draft_to_decide(work, draft_id)

    rules.check_move(row.state, "rejected")

    _decide(work, row, "rejected", reason)
    return row


def _decide(work: Work, row: DraftRow, state: str, reason: str | None) -> None:
    row.state = state
    row.decided_by = work.context.actor
    row.decided_at = work.context.now
    row.reason = reason
    work.session.flush()
    audit.note(work, May.DRAFT_APPROVE, f"drafts/{row.id} {state}")


def set_policy(work: Work, *, approver_differs: bool) -> DraftPolicy:
    """Say whether drafts need a second person from now on; what was said before stays on record."""
    row = DraftPolicy(
        approver_differs=approver_differs,
        changed_by=work.context.actor,
        changed_at=work.context.now,
    )
    work.session.add(row)
    work.session.flush()
    audit.note(work, May.PERIOD_CLOSE, f"drafts/policy approver_differs={approver_differs}")
    return row
