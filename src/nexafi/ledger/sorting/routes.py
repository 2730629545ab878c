"""The review queue and its rules over HTTP."""

from __future__ import annotations

from uuid import UUID

from nexafi.contracts.ledger.permissions import LedgerPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.errors import Invalid, Problem
from nexafi.kernel.web.endpoints import Routes
from nexafi.kernel.web.paging import Page
from nexafi.ledger.banking.schemas import StatementLineOut
from nexafi.ledger.reconciliation import queries as reconciliations
from nexafi.ledger.reconciliation.schemas import ReconciliationOut, UndoIn
from nexafi.ledger.sorting import actions, queries
from nexafi.ledger.sorting.schemas import (
    AcceptIn,
    BulkIn,
    BulkOut,
    BulkResultOut,
    ChangeIn,
    IgnoreIn,
    RuleChange,
    RuleIn,
    RuleOut,
    RulesQuery,
    RuleTestIn,
    RuleTestOut,
)
from nexafi.ledger.tables import Reconciliation

routes = Routes("/api/v1/ledger")
BULK_MAX = 200


@routes.act(
    "/statement-lines/<uuid:line_id>/accept", needs=May.RECONCILIATION_EDIT, gives=ReconciliationOut
)
def accept(work: Work, line_id: UUID, body: AcceptIn) -> ReconciliationOut:
    """Do with a line what was suggested, or what the body says instead: it is posted once."""
    return _shown(work, actions.accept(work, line_id, body.change()))


@routes.act("/statement-lines/accept", needs=May.RECONCILIATION_EDIT, gives=BulkOut)
def accept_many(work: Work, body: BulkIn) -> BulkOut:
    """Accept lines as suggested, each for itself: those named, or the surest, 200 in a call."""
    if (body.ids is None) == (body.min_confidence is None):
        raise Invalid("Say `ids` or `min_confidence`.")
    if body.ids is not None and body.bank_account is not None:
        raise Invalid("`bank_account` narrows `min_confidence`; lines in `ids` are named already.")
    sure = body.min_confidence
    if body.ids is not None:
        ids = list(dict.fromkeys(body.ids))
    else:
        assert sure is not None
        ids = list(
            queries.surest(work, confidence=sure, bank_account_id=body.bank_account, limit=BULK_MAX)
        )
    found = actions.accept_each(work, ids)
    results = [BulkResultOut.of(line_id, outcome) for line_id, outcome in found]
    failed = sum(isinstance(outcome, Problem) for _, outcome in found)
    left = 0
    if sure is not None:
        count = queries.surest_count(work, confidence=sure, bank_account_id=body.bank_account)
        left = max(count - failed, 0)
    return BulkOut(accepted=len(found) - failed, left=left, results=results)


@routes.patch(
    "/statement-lines/<uuid:line_id>", needs=May.RECONCILIATION_EDIT, gives=StatementLineOut
)
def change(work: Work, line_id: UUID, body: ChangeIn) -> StatementLineOut:
    """Put account, splits, description or tags in the place of what is suggested; post nothing."""
    return StatementLineOut.of(actions.change(work, line_id, body.change()))


@routes.act(
    "/statement-lines/<uuid:line_id>/ignore", needs=May.RECONCILIATION_EDIT, gives=ReconciliationOut
)
def ignore(work: Work, line_id: UUID, body: IgnoreIn) -> ReconciliationOut:
    """Leave a line out of the books."""
    return _shown(work, actions.ignore(work, line_id, reason=body.reason))


@routes.act(
    "/statement-lines/<uuid:line_id>/undo", needs=May.RECONCILIATION_EDIT, gives=StatementLineOut
)
def undo(work: Work, line_id: UUID, body: UndoIn) -> StatementLineOut:
    """Take back what was decided on a line; an entry made for it is reversed in an open period."""
    line = actions.undo(work, line_id, day=body.date, reason=body.reason)
    return StatementLineOut.of(line)


def _shown(work: Work, row: Reconciliation) -> ReconciliationOut:
    return ReconciliationOut.of(reconciliations.with_parts(work, [row])[0])


@routes.post("/rules", needs=May.RULE_EDIT, gives=RuleOut)
def add_rule(work: Work, body: RuleIn) -> RuleOut:
    """Add a rule. The first that fits a line is suggested for it; open lines are seen anew."""
    return RuleOut.of(actions.add_rule(work, body.facts()))


@routes.get("/rules", needs=May.RULE_READ, gives=Page[RuleOut])
def list_rules(work: Work, query: RulesQuery) -> Page[RuleOut]:
    """Return a page of rules in the order in which they are tried."""
    return Page[RuleOut].of(queries.rules(work, query), query, RuleOut.of)


@routes.get("/rules/<uuid:rule_id>", needs=May.RULE_READ, gives=RuleOut)
def read_rule(work: Work, rule_id: UUID) -> RuleOut:
    """Return one rule."""
    return RuleOut.of(queries.rule(work, rule_id))


@routes.patch("/rules/<uuid:rule_id>", needs=May.RULE_EDIT, gives=RuleOut)
def change_rule(work: Work, rule_id: UUID, body: RuleChange) -> RuleOut:
    """Change a rule, move it in the order, or turn it on or off."""
    return RuleOut.of(actions.change_rule(work, rule_id, body.changes()))


@routes.delete("/rules/<uuid:rule_id>", needs=May.RULE_EDIT)
def remove_rule(work: Work, rule_id: UUID) -> None:
    """Remove a rule; what was decided by it stays."""
    actions.remove_rule(work, rule_id)


@routes.act("/rules/test", needs=May.RULE_EDIT, gives=RuleTestOut)
def test_rule(work: Work, body: RuleTestIn) -> RuleTestOut:
    """Try a rule on past lines: which it would hit and what it would do. Nothing is kept."""
    said = body.model_dump(mode="json", exclude_none=True)
    tried, hits = actions.test_rule(work, said["conditions"], body.outcome.kept())
    return RuleTestOut.of(tried, hits)
