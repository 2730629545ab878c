"""Reconciliation over HTTP."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from nexafi.contracts.ledger.permissions import LedgerPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.web.endpoints import Routes
from nexafi.kernel.web.paging import Page
from nexafi.ledger.banking import queries as banking
from nexafi.ledger.reconciliation import actions, queries, rules
from nexafi.ledger.reconciliation.rules import Sides
from nexafi.ledger.reconciliation.schemas import (
    AutoIn,
    AutoOut,
    ProposalOut,
    ProposalsOut,
    ReconciliationIn,
    ReconciliationOut,
    ReconciliationsQuery,
    ReportOut,
    ReportQuery,
    TransferIn,
    UndoIn,
)
from nexafi.ledger.tables import Reconciliation

routes = Routes("/api/v1/ledger")


@routes.post("/reconciliations", needs=May.RECONCILIATION_EDIT, gives=ReconciliationOut)
def match(work: Work, body: ReconciliationIn) -> ReconciliationOut:
    """Say that statement lines and lines of the books are the same money.

    One or many on either side. What they differ by is posted to `difference_account`.
    """
    return _shown(work, actions.match(work, body.match()))


@routes.get("/reconciliations", needs=May.RECONCILIATION_READ, gives=Page[ReconciliationOut])
def list_reconciliations(work: Work, query: ReconciliationsQuery) -> Page[ReconciliationOut]:
    """Return a page of reconciliations, the latest first; undone ones are among them."""
    rows = queries.reconciliations(
        work, query, bank_account_id=query.bank_account, is_undone=query.is_undone
    )
    return Page[ReconciliationOut].of(rows, query, ReconciliationOut.of)


@routes.get(
    "/reconciliations/<uuid:reconciliation_id>",
    needs=May.RECONCILIATION_READ,
    gives=ReconciliationOut,
)
def read_reconciliation(work: Work, reconciliation_id: UUID) -> ReconciliationOut:
    """Return one reconciliation."""
    return _shown(work, queries.reconciliation(work, reconciliation_id))


@routes.act(
    "/reconciliations/<uuid:reconciliation_id>/undo",
    needs=May.RECONCILIATION_EDIT,
    gives=ReconciliationOut,
)
def undo_reconciliation(work: Work, reconciliation_id: UUID, body: UndoIn) -> ReconciliationOut:
    """Take a reconciliation back; an entry that was made for it is reversed."""
    row = actions.undo(work, reconciliation_id, day=body.date, reason=body.reason)
    return _shown(work, row)


@routes.act("/reconciliations/auto", needs=May.RECONCILIATION_EDIT, gives=AutoOut)
def match_certain(work: Work, body: AutoIn) -> AutoOut:
    """Match what can be nothing else: the same amount, near in time, without a rival."""
    made = actions.match_certain(work, body.bank_account, until=body.until)
    shown = queries.with_parts(work, made)
    return AutoOut(matched=len(made), items=[ReconciliationOut.of(each) for each in shown[:200]])


@routes.post("/reconciliations/transfers", needs=May.RECONCILIATION_EDIT, gives=ReconciliationOut)
def book_transfer(work: Work, body: TransferIn) -> ReconciliationOut:
    """Post one entry for two statement lines that are a transfer between own bank accounts."""
    one, other = banking.statement_lines_by_id(work, body.statement_lines, lock=True)
    return _shown(work, actions.transfer(work, one, other))


@routes.get(
    "/statement-lines/<uuid:line_id>/candidates", needs=May.RECONCILIATION_READ, gives=ProposalsOut
)
def list_candidates(work: Work, line_id: UUID) -> ProposalsOut:
    """Return what a statement line may be in the books, the likeliest first."""
    line = banking.statement_line(work, line_id)
    account = line.bank_account
    books = queries.open_in_books(work, account, since=line.booked_on, until=line.booked_on)
    near = dt.timedelta(days=rules.DRIFT_DAYS)
    nearby = queries.open_at_bank(
        work, [account.id], since=line.booked_on - near, until=line.booked_on + near
    )
    others = [item for item, _, _ in nearby]
    entries = {each.id: each.entry_id for each in books if each.entry_id is not None}
    found = rules.propose(queries.item_of(line), others, books)
    return ProposalsOut(items=[ProposalOut.of(each, entries, line.currency) for each in found])


@routes.get(
    "/bank-accounts/<uuid:bank_account_id>/reconciliation",
    needs=May.RECONCILIATION_READ,
    gives=ReportOut,
)
def report(work: Work, bank_account_id: UUID, query: ReportQuery) -> ReportOut:
    """Return what bank and books say at the end of a day, and what makes the difference."""
    account = banking.bank_account(work, bank_account_id)
    as_of: dt.date = query.as_of or work.context.today
    open_at_bank, ignored = queries.bank_groups(work, account, as_of)
    opening, open_in_books = queries.books_groups(work, account, as_of)
    lines = queries.lines_sum(work, account, as_of)
    stated = queries.stated(work, account, as_of)
    first, last = stated or (None, None)
    sides = Sides(
        bank=lines + (last.base if last else 0),
        books=queries.books_balance(work, account, as_of),
        opening=first.base if first else 0,
        opening_in_books=opening.minor,
        open_at_bank=open_at_bank.minor,
        ignored=ignored.minor,
        open_in_books=open_in_books.minor,
    )
    groups = (opening, open_at_bank, ignored, open_in_books)
    return ReportOut.of(account, as_of, sides, groups, last.closed_on if last else None)


def _shown(work: Work, row: Reconciliation) -> ReconciliationOut:
    return ReconciliationOut.of(queries.with_parts(work, [row])[0])
