"""Completeness over HTTP."""

from __future__ import annotations

from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.web.endpoints import Routes
from nexafi.kernel.web.paging import Page
from nexafi.payments.completeness import actions, queries
from nexafi.payments.completeness.schemas import CheckOut, FindingOut, FindingsQuery

routes = Routes("/api/v1/payments/completeness")


@routes.get("", needs=May.SETTLEMENT_READ, gives=CheckOut)
def read_check(work: Work) -> CheckOut:
    """Return what came of the last look at whether the books have all that moved."""
    return CheckOut.of(queries.check(work))


@routes.act("", needs=May.SETTLEMENT_EDIT, gives=CheckOut)
def check_now(work: Work) -> CheckOut:
    """Look now: compare, and tell the books again of what they should have had for ten minutes."""
    return CheckOut.of(actions.check(work))


@routes.get("/findings", needs=May.SETTLEMENT_READ, gives=Page[FindingOut])
def list_findings(work: Work, query: FindingsQuery) -> Page[FindingOut]:
    """Return a page of differences, the newest first; only open ones unless asked."""
    rows = queries.findings(work, query, is_open=query.open)
    return Page[FindingOut].of(rows, query, FindingOut.of)
