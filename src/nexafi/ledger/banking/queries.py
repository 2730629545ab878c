"""What one asks of bank accounts, statements and their lines. Reads only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import joinedload

from nexafi.kernel.data.work import Work
from nexafi.kernel.web.paging import PageQuery, keyset
from nexafi.ledger.errors import (
    AccountUnfit,
    BankAccountNotFound,
    StatementLineNotFound,
    StatementNotFound,
)
from nexafi.ledger.tables import Account, BankAccount, Import, Statement, StatementLine

OPEN_ACCOUNTS_MAX = 1000


def bank_account(work: Work, bank_account_id: UUID, *, lock: bool = False) -> BankAccount:
    """Return one bank account with its account of the chart; *lock* it against other imports."""
    wanted = _with_account().where(BankAccount.id == bank_account_id)
    if lock:
        wanted = wanted.with_for_update(of=BankAccount)
    found = work.session.scalar(wanted)
    if found is None:
        raise BankAccountNotFound(f"There is no bank account {bank_account_id}.")
    return found


def bank_accounts(work: Work, page: PageQuery, *, is_open: bool | None) -> Sequence[BankAccount]:
    """Return a page of bank accounts in the order of their making."""
    wanted = _with_account()
    if is_open is not None:
        wanted = wanted.where(BankAccount.is_open == is_open)
    return work.session.scalars(keyset(wanted, page, BankAccount.id)).all()


def open_bank_accounts(work: Work) -> Sequence[BankAccount]:
    """Return all bank accounts that statements may be imported to."""
    wanted = _with_account().where(BankAccount.is_open).order_by(BankAccount.id)
    return work.session.scalars(wanted.limit(OPEN_ACCOUNTS_MAX)).all()


def _with_account() -> Select[BankAccount]:
    return select(BankAccount).options(joinedload(BankAccount.account, innerjoin=True))


def account_by_code(work: Work, code: str) -> Account:
    """Return the open account of the chart that is to mirror a bank account."""
    found = work.session.scalar(select(Account).where(Account.code == code, Account.is_open))
    if found is None:
        raise AccountUnfit(f"The chart has no open account {code}.", pointer="#/account")
    return found


def codes_like(work: Work, prefix: str) -> Sequence[str]:
    """Return the codes of the chart that begin with *prefix*."""
    return work.session.scalars(
        select(Account.code).where(Account.code.startswith(prefix, autoescape=True))
    ).all()


def last_statements(work: Work, ids: Collection[UUID]) -> dict[UUID, Statement]:
    """Return the latest live statement with a closing balance of each bank account that has one."""
    latest = (
        select(Statement)
        .join(Import, Import.id == Statement.import_id)
        .where(
            Statement.bank_account_id.in_(ids),
            Statement.closing_minor.is_not(None),
            Statement.closed_on.is_not(None),
            Import.undone_at.is_(None),
        )
        .order_by(Statement.bank_account_id, Statement.closed_on.desc(), Statement.id.desc())
    )
    found: dict[UUID, Statement] = {}
    for each in work.session.scalars(latest):
        found.setdefault(each.bank_account_id, each)
    return found


def open_lines_count(work: Work, ids: Collection[UUID]) -> dict[UUID, int]:
    """Return how many lines of each bank account nobody has decided on."""
    counted = (
        select(StatementLine.bank_account_id, func.count())
        .where(StatementLine.bank_account_id.in_(ids), StatementLine.state == "new")
        .group_by(StatementLine.bank_account_id)
    )
    return {row[0]: row[1] for row in work.session.execute(counted)}


def statement(work: Work, statement_id: UUID) -> Statement:
    """Return one statement."""
    found = work.session.scalar(select(Statement).where(Statement.id == statement_id))
    if found is None:
        raise StatementNotFound(f"There is no statement {statement_id}.")
    return found


def statements(
    work: Work, page: PageQuery, *, bank_account_id: UUID | None, import_id: UUID | None
) -> Sequence[Statement]:
    """Return a page of statements of imports that were not undone, the latest import first."""
    wanted = (
        select(Statement)
        .join(Import, Import.id == Statement.import_id)
        .where(Import.undone_at.is_(None))
    )
    if bank_account_id is not None:
        wanted = wanted.where(Statement.bank_account_id == bank_account_id)
    if import_id is not None:
        wanted = wanted.where(Statement.import_id == import_id)
    return work.session.scalars(keyset(wanted, page, Statement.id, descending=True)).all()


@dataclass(frozen=True, slots=True)
class WantedLines:
    """Which statement lines a list is to hold; what is None does not matter."""

    state: str | None = None
    bank_account_id: UUID | None = None
    statement_id: UUID | None = None
    since: dt.date | None = None
    until: dt.date | None = None
    text: str | None = None
    confidence: float | None = None
    """At least so sure we must be of the suggestion."""


def statement_line(work: Work, line_id: UUID, *, lock: bool = False) -> StatementLine:
    """Return one line with its bank account; *lock* it for whoever is about to decide on it."""
    return statement_lines_by_id(work, [line_id], lock=lock)[0]


def statement_lines_by_id(
    work: Work, ids: Collection[UUID], *, lock: bool = False
) -> list[StatementLine]:
    """Return the lines of *ids*, in their order; raise if one of them is not there."""
    wanted = _with_bank_account().where(StatementLine.id.in_(ids)).order_by(StatementLine.id)
    if lock:
        wanted = wanted.with_for_update(of=StatementLine)
    found = {line.id: line for line in work.session.scalars(wanted)}
    if missing := [str(each) for each in ids if each not in found]:
        raise StatementLineNotFound(f"There is no statement line {missing[0]}.", missing=missing)
    return [found[each] for each in ids]


def statement_lines(work: Work, page: PageQuery, wanted: WantedLines) -> Sequence[StatementLine]:
    """Return a page of lines by day."""
    lines = _with_bank_account()
    if wanted.state is not None:
        lines = lines.where(StatementLine.state == wanted.state)
    if wanted.bank_account_id is not None:
        lines = lines.where(StatementLine.bank_account_id == wanted.bank_account_id)
    if wanted.statement_id is not None:
        lines = lines.where(StatementLine.statement_id == wanted.statement_id)
    if wanted.since is not None:
        lines = lines.where(StatementLine.booked_on >= wanted.since)
    if wanted.until is not None:
        lines = lines.where(StatementLine.booked_on <= wanted.until)
    if wanted.confidence is not None:
        lines = lines.where(StatementLine.confidence >= wanted.confidence)
    if wanted.text is not None:
        text = wanted.text.lower()
        lines = lines.where(
            or_(
                func.lower(StatementLine.description).contains(text, autoescape=True),
                func.lower(StatementLine.counterparty).contains(text, autoescape=True),
                func.lower(StatementLine.reference).contains(text, autoescape=True),
            )
        )
    return work.session.scalars(
        keyset(lines, page, StatementLine.booked_on, StatementLine.id)
    ).all()


def _with_bank_account() -> Select[StatementLine]:
    account = joinedload(StatementLine.bank_account, innerjoin=True).joinedload(
        BankAccount.account, innerjoin=True
    )
    return select(StatementLine).options(account)
