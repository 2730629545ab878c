"""Drafts over HTTP."""

from __future__ import annotations

from uuid import UUID

from nexafi.contracts.ledger.permissions import LedgerPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.web.endpoints import Routes
from nexafi.kernel.web.paging import Page
from nexafi.ledger.drafts import actions, queries
from nexafi.ledger.drafts.schemas import (
    ApproveQuery,
    DraftOut,
    DraftsQuery,
    PolicyIn,
    PolicyOut,
    Rejection,
)
from nexafi.ledger.journal.schemas import EntryIn

routes = Routes("/api/v1/ledger/drafts")


@routes.post("", needs=May.DRAFT_EDIT, gives=DraftOut)
def make_draft(work: Work, body: EntryIn) -> DraftOut:
    """Keep an entry for somebody to approve. It need not balance until then."""
    return DraftOut.of(actions.make(work, body.draft()))


@routes.get("", needs=May.DRAFT_READ, gives=Page[DraftOut])
def list_drafts(work: Work, query: DraftsQuery) -> Page[DraftOut]:
    """Return a page of drafts in the order in which they were made."""
    return Page[DraftOut].of(queries.drafts(work, query, query.state), query, DraftOut.of)


@routes.get("/policy", needs=May.DRAFT_READ, gives=PolicyOut)
def read_policy(work: Work) -> PolicyOut:
    """Return whether drafts need a second person to approve them."""
    return PolicyOut.of(queries.policy(work))


@routes.put("/policy", needs=May.PERIOD_CLOSE, gives=PolicyOut)
def set_policy(work: Work, body: PolicyIn) -> PolicyOut:
    """Say whether drafts need a second person to approve them.

    A company of one needs none, and so it is until somebody says otherwise.
    Whoever may close the books may say so; each change stays on record.
    """
    return PolicyOut.of(actions.set_policy(work, approver_differs=body.approver_differs))


@routes.get("/<uuid:draft_id>", needs=May.DRAFT_READ, gives=DraftOut)
def read_draft(work: Work, draft_id: UUID) -> DraftOut:
    """Return one draft."""
    return DraftOut.of(queries.draft(work, draft_id))


@routes.put("/<uuid:draft_id>", needs=May.DRAFT_EDIT, gives=DraftOut)
def change_draft(work: Work, draft_id: UUID, body: EntryIn) -> DraftOut:
    """Put another entry in the place of an open draft; whoever does so is now its maker."""
    return DraftOut.of(actions.change(work, draft_id, body.draft()))


@routes.act("/<uuid:draft_id>/approve", needs=May.DRAFT_APPROVE, gives=DraftOut)
def approve_draft(work: Work, draft_id: UUID, query: ApproveQuery) -> DraftOut:
    """Post a draft to the journal, once. It must balance now, as any entry."""
    return DraftOut.of(actions.approve(work, draft_id, made_at=query.made_at))


@routes.act("/<uuid:draft_id>/reject", needs=May.DRAFT_APPROVE, gives=DraftOut)
def reject_draft(work: Work, draft_id: UUID, body: Rejection) -> DraftOut:
    """Let nothing come of a draft. It stays on record with the reason."""
    return DraftOut.of(actions.reject(work, draft_id, body.reason))
