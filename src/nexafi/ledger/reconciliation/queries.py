"""What one asks of reconciliations, and of what is still open on either side. Reads only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from nexafi.kernel.data.ownership import Owned
from nexafi.kernel.data.work import Work
from nexafi.kernel.web.paging import PageQuery, keyset
from nexafi.ledger.errors import ReconciliationNotFound
from nexafi.ledger.reconciliation.rules import DRIFT_DAYS, Item
from nexafi.ledger.tables import (
    Account,
    BankAccount,
    Entry,
    Import,
    Line,
    ReconciledLine,
    ReconciledStatementLine,
    Reconciliation,
    Statement,
    StatementLine,
)

OPEN_MAX = 20_000
SHOWN_MAX = 200


def _same(one: type[Owned], other: type[Owned], on: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(one.organization_id == other.organization_id, on)


@dataclass(frozen=True, slots=True)
class Shown:
    """A reconciliation with its parts."""

    row: Reconciliation
    statement_lines: list[UUID]
    lines: list[UUID]

    @property
    def id(self) -> UUID:
        """Return its id, by which lists go on."""
        return self.row.id


def reconciliation(work: Work, reconciliation_id: UUID, *, lock: bool = False) -> Reconciliation:
    """Return one reconciliation."""
    wanted = select(Reconciliation).where(Reconciliation.id == reconciliation_id)
    found = work.session.scalar(wanted.with_for_update() if lock else wanted)
    if found is None:
        raise ReconciliationNotFound(f"There is no reconciliation {reconciliation_id}.")
    return found


def reconciliations(
    work: Work, page: PageQuery, *, bank_account_id: UUID | None, is_undone: bool | None
) -> list[Shown]:
    """Return a page of reconciliations with their parts, the latest first."""
    wanted = select(Reconciliation)
    if bank_account_id is not None:
        wanted = wanted.where(Reconciliation.bank_account_id == bank_account_id)
    if is_undone is not None:
        undone = Reconciliation.undone_at.is_not(None)
        wanted = wanted.where(undone if is_undone else ~undone)
    rows = work.session.scalars(keyset(wanted, page, Reconciliation.id, descending=True)).all()
    return with_parts(work, rows)


def with_parts(work: Work, rows: Sequence[Reconciliation]) -> list[Shown]:
    """Return *rows*, each with the lines that it holds."""
    ids = [row.id for row in rows]
    ours: dict[UUID, list[UUID]] = {each: [] for each in ids}
    theirs: dict[UUID, list[UUID]] = {each: [] for each in ids}
    bank = select(
        ReconciledStatementLine.reconciliation_id, ReconciledStatementLine.statement_line_id
    ).where(ReconciledStatementLine.reconciliation_id.in_(ids))
    books = select(ReconciledLine.reconciliation_id, ReconciledLine.line_id).where(
        ReconciledLine.reconciliation_id.in_(ids)
    )
    for reconciliation_id, line_id in work.session.execute(bank):
        ours[reconciliation_id].append(line_id)
    for reconciliation_id, line_id in work.session.execute(books):
        theirs[reconciliation_id].append(line_id)
    return [Shown(row, sorted(ours[row.id]), sorted(theirs[row.id])) for row in rows]


def of_statement_line(work: Work, line_id: UUID) -> Reconciliation | None:
    """Return the reconciliation that holds a statement line now."""
    return work.session.scalar(
        select(Reconciliation)
        .join(
            ReconciledStatementLine,
            _same(
                ReconciledStatementLine,
                Reconciliation,
                ReconciledStatementLine.reconciliation_id == Reconciliation.id,
            ),
        )
        .where(ReconciledStatementLine.statement_line_id == line_id)
    )


def leaning_on(work: Work, entry_id: UUID) -> Sequence[Reconciliation]:
    """Return the live reconciliations that made an entry or hold a line of it."""
    holding = (
        select(ReconciledLine.reconciliation_id)
        .join(Line, _same(Line, ReconciledLine, Line.id == ReconciledLine.line_id))
        .where(Line.entry_id == entry_id)
    )
    wanted = select(Reconciliation).where(
        or_(Reconciliation.entry_id == entry_id, Reconciliation.id.in_(holding)),
        Reconciliation.undone_at.is_(None),
    )
    return work.session.scalars(wanted.order_by(Reconciliation.id)).all()


def lines_on(work: Work, entry_ids: Collection[UUID], account_id: UUID) -> Sequence[Line]:
    """Return the lines of entries on one account."""
    wanted = select(Line).where(Line.entry_id.in_(entry_ids), Line.account_id == account_id)
    return work.session.scalars(wanted.order_by(Line.entry_id, Line.position)).all()


def other_accounts(work: Work, line: Line) -> list[str]:
    """Return the codes of the other accounts that the entry of a line moves."""
    wanted = (
        select(Account.code)
        .join(Line, _same(Line, Account, Line.account_id == Account.id))
        .where(Line.entry_id == line.entry_id, Line.account_id != line.account_id)
        .distinct()
    )
    return sorted(work.session.scalars(wanted))


def bank_accounts_in(work: Work, entry_id: UUID) -> Sequence[BankAccount]:
    """Return the bank accounts whose accounts an entry moves."""
    wanted = select(BankAccount).where(
        BankAccount.account_id.in_(select(Line.account_id).where(Line.entry_id == entry_id))
    )
    return work.session.scalars(wanted.order_by(BankAccount.id)).all()


def free_lines(work: Work, account: BankAccount, ids: Collection[UUID]) -> Sequence[Line]:
    """Return those of *ids* that lie on the account in the books and are not reconciled."""
    return work.session.scalars(
        _free(select(Line), account).where(Line.id.in_(ids)).order_by(Line.id)
    ).all()


def free_lines_of(work: Work, account: BankAccount, entry_ids: Collection[UUID]) -> Sequence[Line]:
    """Return the lines of entries that lie on the account in the books and are not reconciled."""
    return work.session.scalars(
        _free(select(Line), account).where(Line.entry_id.in_(entry_ids)).order_by(Line.id)
    ).all()


def _free(wanted: Select[*tuple[Any, ...]], account: BankAccount) -> Any:  # noqa: ANN401
    return wanted.outerjoin(
        ReconciledLine, _same(ReconciledLine, Line, ReconciledLine.line_id == Line.id)
    ).where(
        Line.account_id == account.account_id,
        Line.currency == account.currency,
        ReconciledLine.id.is_(None),
    )


def open_in_books(
    work: Work,
    account: BankAccount,
    *,
    since: dt.date | None = None,
    until: dt.date | None = None,
) -> list[Item]:
    """Return the free lines of the account in the books that a payment may be, by day.

    Entries that were reversed, and those that reverse them, are no payments.
    """
    reversing = aliased(Entry)
    wanted = (
        _free(
            select(
                Line.id,
                Line.date,
                Line.minor,
                Line.description,
                Entry.description,
                Entry.reference,
                Entry.id,
            ).join(Entry, _same(Entry, Line, Entry.id == Line.entry_id)),
            account,
        )
        .outerjoin(reversing, _same(reversing, Entry, reversing.reverses_id == Entry.id))
        .where(reversing.id.is_(None), Entry.reverses_id.is_(None), Entry.kind != "opening")
        .order_by(Line.date, Line.id)
        .limit(OPEN_MAX)
    )
    if since is not None:
        wanted = wanted.where(Line.date >= since - dt.timedelta(days=DRIFT_DAYS))
    if until is not None:
        wanted = wanted.where(Line.date <= until + dt.timedelta(days=DRIFT_DAYS))
    return [
        Item(row[0], row[1], row[2], f"{row[4]} {row[3] or ''}", row[5] or "", row[6])
        for row in work.session.execute(wanted)
    ]


def open_at_bank(
    work: Work,
    account_ids: Collection[UUID],
    *,
    since: dt.date | None = None,
    until: dt.date | None = None,
) -> list[tuple[Item, UUID, str]]:
    """Return the statement lines nobody has decided on, each with bank account and currency."""
    wanted = (
        select(
            StatementLine.id,
            StatementLine.booked_on,
            StatementLine.minor,
            StatementLine.description,
            StatementLine.counterparty,
            StatementLine.reference,
            StatementLine.bank_account_id,
            StatementLine.currency,
        )
        .where(StatementLine.state == "new", StatementLine.bank_account_id.in_(account_ids))
        .order_by(StatementLine.booked_on, StatementLine.id)
        .limit(OPEN_MAX)
    )
    if since is not None:
        wanted = wanted.where(StatementLine.booked_on >= since)
    if until is not None:
        wanted = wanted.where(StatementLine.booked_on <= until)
    return [
        (Item(row[0], row[1], row[2], f"{row[3]} {row[4] or ''}", row[5] or ""), row[6], row[7])
        for row in work.session.execute(wanted)
    ]


def item_of(line: StatementLine) -> Item:
    """Return a statement line as the rules see it."""
    text = f"{line.description} {line.counterparty or ''}"
    return Item(line.id, line.booked_on, line.minor, text, line.reference or "")


# -- the report ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Group:
    """Lines of one kind: how many, what they add up to, and the first of them."""

    count: int
    minor: int
    items: list[Item]


@dataclass(frozen=True, slots=True)
class Stated:
    """A balance that the bank stated."""

    closing: int
    closed_on: dt.date
    base: int
    """The balance before our first line, as this statement has it."""


def stated(work: Work, account: BankAccount, as_of: dt.date) -> tuple[Stated, Stated] | None:
    """Return the first and the last balance that the bank stated up to a day, if it did."""
    closings = (
        select(Statement.closing_minor, Statement.closed_on)
        .join(Import, _same(Import, Statement, Import.id == Statement.import_id))
        .where(
            Statement.bank_account_id == account.id,
            Statement.closing_minor.is_not(None),
            Statement.closed_on <= as_of,
            Import.undone_at.is_(None),
        )
        .limit(1)
    )
    first = work.session.execute(
        closings.order_by(Statement.closed_on, Statement.id.desc())
    ).first()
    last = work.session.execute(
        closings.order_by(Statement.closed_on.desc(), Statement.id.desc())
    ).first()
    if first is None or last is None:
        return None
    return (
        _stated(work, account, _given(first[0]), _given(first[1])),
        _stated(work, account, _given(last[0]), _given(last[1])),
    )


T = TypeVar("T")


def _given(value: T | None) -> T:
    assert value is not None, "the query asked for those that have it"
    return value


def _stated(work: Work, account: BankAccount, closing: int, closed_on: dt.date) -> Stated:
    """Return a balance with what it says of the time before; of its day count what it covers."""
    covered = (
        select(func.sum(StatementLine.minor))
        .join(
            Statement, _same(Statement, StatementLine, Statement.id == StatementLine.statement_id)
        )
        .where(
            StatementLine.bank_account_id == account.id,
            or_(
                StatementLine.booked_on < closed_on,
                and_(
                    StatementLine.booked_on == closed_on,
                    or_(Statement.closed_on.is_(None), Statement.closed_on <= closed_on),
                ),
            ),
        )
    )
    return Stated(closing, closed_on, closing - int(work.session.scalar(covered) or 0))


def lines_sum(work: Work, account: BankAccount, as_of: dt.date) -> int:
    """Return what all statement lines up to a day add up to."""
    total = select(func.sum(StatementLine.minor)).where(
        StatementLine.bank_account_id == account.id, StatementLine.booked_on <= as_of
    )
    return int(work.session.scalar(total) or 0)


def books_balance(work: Work, account: BankAccount, as_of: dt.date) -> int:
    """Return the balance of the account in the books at the end of a day, in its currency."""
    total = select(func.sum(Line.minor)).where(
        Line.account_id == account.account_id,
        Line.currency == account.currency,
        Line.date <= as_of,
    )
    return int(work.session.scalar(total) or 0)


def _late(account: BankAccount, as_of: dt.date) -> ColumnElement[bool]:
    """Return which reconciliations were not complete at the end of a day."""
    bank = (
        select(ReconciledStatementLine.reconciliation_id)
        .join(
            StatementLine,
            _same(
                StatementLine,
                ReconciledStatementLine,
                StatementLine.id == ReconciledStatementLine.statement_line_id,
            ),
        )
        .where(StatementLine.bank_account_id == account.id, StatementLine.booked_on > as_of)
    )
    books = (
        select(ReconciledLine.reconciliation_id)
        .join(Line, _same(Line, ReconciledLine, Line.id == ReconciledLine.line_id))
        .where(Line.account_id == account.account_id, Line.date > as_of)
    )
    return or_(Reconciliation.id.in_(bank), Reconciliation.id.in_(books))


def bank_groups(work: Work, account: BankAccount, as_of: dt.date) -> tuple[Group, Group]:
    """Return the statement lines up to a day that were not in the books: open, and ignored."""

    def lines(columns: Sequence[Any], condition: ColumnElement[bool]) -> Any:  # noqa: ANN401
        return (
            select(*columns)
            .select_from(StatementLine)
            .outerjoin(
                ReconciledStatementLine,
                _same(
                    ReconciledStatementLine,
                    StatementLine,
                    ReconciledStatementLine.statement_line_id == StatementLine.id,
                ),
            )
            .outerjoin(
                Reconciliation,
                _same(
                    Reconciliation,
                    ReconciledStatementLine,
                    Reconciliation.id == ReconciledStatementLine.reconciliation_id,
                ),
            )
            .where(
                StatementLine.bank_account_id == account.id,
                StatementLine.booked_on <= as_of,
                condition,
            )
        )

    def group(condition: ColumnElement[bool]) -> Group:
        sums = (func.count(), func.sum(StatementLine.minor))
        count, minor = work.session.execute(lines(sums, condition)).one()
        listed = lines([StatementLine], condition).order_by(
            StatementLine.booked_on, StatementLine.id
        )
        rows = work.session.scalars(listed.limit(SHOWN_MAX))
        return Group(count, int(minor or 0), [item_of(row) for row in rows])

    ignored = and_(Reconciliation.way == "ignored", Reconciliation.id.is_not(None))
    unsettled = or_(
        Reconciliation.id.is_(None), and_(Reconciliation.way != "ignored", _late(account, as_of))
    )
    return group(unsettled), group(ignored)


def books_groups(work: Work, account: BankAccount, as_of: dt.date) -> tuple[Group, Group]:
    """Return the lines of the books up to a day without a statement line: opening, and others."""

    def lines(columns: Sequence[Any], condition: ColumnElement[bool]) -> Any:  # noqa: ANN401
        return (
            select(*columns)
            .select_from(Line)
            .join(Entry, _same(Entry, Line, Entry.id == Line.entry_id))
            .outerjoin(
                ReconciledLine, _same(ReconciledLine, Line, ReconciledLine.line_id == Line.id)
            )
            .outerjoin(
                Reconciliation,
                _same(
                    Reconciliation,
                    ReconciledLine,
                    Reconciliation.id == ReconciledLine.reconciliation_id,
                ),
            )
            .where(
                Line.account_id == account.account_id,
                Line.currency == account.currency,
                Line.date <= as_of,
                or_(Reconciliation.id.is_(None), _late(account, as_of)),
                condition,
            )
        )

    def group(condition: ColumnElement[bool]) -> Group:
        sums = (func.count(), func.sum(Line.minor))
        count, minor = work.session.execute(lines(sums, condition)).one()
        columns = (Line.id, Line.date, Line.minor, Entry.description, Entry.reference, Entry.id)
        listed = lines(columns, condition).order_by(Line.date, Line.id).limit(SHOWN_MAX)
        return Group(
            count,
            int(minor or 0),
            [
                Item(row[0], row[1], row[2], row[3], row[4] or "", row[5])
                for row in work.session.execute(listed)
            ],
        )

    return group(Entry.kind == "opening"), group(Entry.kind != "opening")
