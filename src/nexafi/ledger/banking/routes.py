"""Bank accounts, statements and their lines over HTTP."""

from __future__ import annotations

from uuid import UUID

from nexafi.contracts.ledger.permissions import LedgerPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.web.endpoints import Routes
from nexafi.kernel.web.paging import Page
from nexafi.ledger.banking import actions, queries
from nexafi.ledger.banking.schemas import (
    BankAccountChange,
    BankAccountIn,
    BankAccountOut,
    BankAccountsQuery,
    StatementLineOut,
    StatementLinesQuery,
    StatementOut,
    StatementsQuery,
)
from nexafi.ledger.tables import BankAccount

routes = Routes("/api/v1/ledger")


@routes.post("/bank-accounts", needs=May.BANK_ACCOUNT_EDIT, gives=BankAccountOut)
def open_bank_account(work: Work, body: BankAccountIn) -> BankAccountOut:
    """Add a bank account; without `account` one is opened in the chart for it."""
    made = actions.open_bank_account(
        work,
        name=body.name,
        currency=body.currency,
        code=body.account,
        number=body.number,
        bank=body.bank,
        mapping=body.mapping,
    )
    return BankAccountOut.of(made, None, 0)


@routes.get("/bank-accounts", needs=May.BANK_ACCOUNT_READ, gives=Page[BankAccountOut])
def list_bank_accounts(work: Work, query: BankAccountsQuery) -> Page[BankAccountOut]:
    """Return a page of bank accounts."""
    rows = queries.bank_accounts(work, query, is_open=query.is_open)
    ids = [row.id for row in rows]
    last, counts = queries.last_statements(work, ids), queries.open_lines_count(work, ids)
    return Page[BankAccountOut].of(
        rows, query, lambda row: BankAccountOut.of(row, last.get(row.id), counts.get(row.id, 0))
    )


@routes.get(
    "/bank-accounts/<uuid:bank_account_id>", needs=May.BANK_ACCOUNT_READ, gives=BankAccountOut
)
def read_bank_account(work: Work, bank_account_id: UUID) -> BankAccountOut:
    """Return one bank account."""
    return _shown(work, queries.bank_account(work, bank_account_id))


@routes.patch(
    "/bank-accounts/<uuid:bank_account_id>", needs=May.BANK_ACCOUNT_EDIT, gives=BankAccountOut
)
def change_bank_account(
    work: Work, bank_account_id: UUID, body: BankAccountChange
) -> BankAccountOut:
    """Change the name, number, bank or CSV mapping of a bank account."""
    changes = body.model_dump(exclude_unset=True)
    return _shown(work, actions.change_bank_account(work, bank_account_id, changes))


@routes.act(
    "/bank-accounts/<uuid:bank_account_id>/close", needs=May.BANK_ACCOUNT_EDIT, gives=BankAccountOut
)
def close_bank_account(work: Work, bank_account_id: UUID) -> BankAccountOut:
    """Close a bank account: nothing more is imported to it. What it has stays."""
    return _shown(work, actions.close_bank_account(work, bank_account_id, is_open=False))


@routes.act(
    "/bank-accounts/<uuid:bank_account_id>/open", needs=May.BANK_ACCOUNT_EDIT, gives=BankAccountOut
)
def reopen_bank_account(work: Work, bank_account_id: UUID) -> BankAccountOut:
    """Open a closed bank account again."""
    return _shown(work, actions.close_bank_account(work, bank_account_id, is_open=True))


def _shown(work: Work, row: BankAccount) -> BankAccountOut:
    last = queries.last_statements(work, [row.id]).get(row.id)
    return BankAccountOut.of(row, last, queries.open_lines_count(work, [row.id]).get(row.id, 0))


@routes.get("/statements", needs=May.STATEMENT_READ, gives=Page[StatementOut])
def list_statements(work: Work, query: StatementsQuery) -> Page[StatementOut]:
    """Return a page of statements, the latest import first."""
    rows = queries.statements(
        work, query, bank_account_id=query.bank_account, import_id=query.import_
    )
    return Page[StatementOut].of(rows, query, StatementOut.of)


@routes.get("/statements/<uuid:statement_id>", needs=May.STATEMENT_READ, gives=StatementOut)
def read_statement(work: Work, statement_id: UUID) -> StatementOut:
    """Return one statement."""
    return StatementOut.of(queries.statement(work, statement_id))


@routes.get("/statement-lines", needs=May.STATEMENT_READ, gives=Page[StatementLineOut])
def list_statement_lines(work: Work, query: StatementLinesQuery) -> Page[StatementLineOut]:
    """Return a page of statement lines by day; `state=new` is the review queue."""
    rows = queries.statement_lines(work, query, query.wanted())
    return Page[StatementLineOut].of(rows, query, StatementLineOut.of)


@routes.get("/statement-lines/<uuid:line_id>", needs=May.STATEMENT_READ, gives=StatementLineOut)
def read_statement_line(work: Work, line_id: UUID) -> StatementLineOut:
    """Return one statement line."""
    return StatementLineOut.of(queries.statement_line(work, line_id))
