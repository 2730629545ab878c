"""What one asks of imports. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import undefer

from nexafi.kernel.data.work import Work
from nexafi.kernel.web.paging import PageQuery, keyset
from nexafi.ledger.errors import ImportNotFound
from nexafi.ledger.tables import Import, Statement, StatementLine

SETTLED_SHOWN_MAX = 20


def one_import(work: Work, import_id: UUID, *, lock: bool = False, raw: bool = False) -> Import:
    """Return one import, with the file itself where *raw* is wanted."""
    wanted = select(Import).where(Import.id == import_id)
    if raw:
        wanted = wanted.options(undefer(Import.raw))
    if lock:
        wanted = wanted.with_for_update()
    found = work.session.scalar(wanted)
    if found is None:
        raise ImportNotFound(f"There is no import {import_id}.")
    return found


def imports(work: Work, page: PageQuery) -> Sequence[Import]:
    """Return a page of imports, the latest first."""
    return work.session.scalars(keyset(select(Import), page, Import.id, descending=True)).all()


def live_twins(work: Work, sha256: str) -> list[tuple[UUID, UUID]]:
    """Return import and bank account of each statement of the same file, if it is here."""
    wanted = (
        select(Statement.import_id, Statement.bank_account_id)
        .join(Import, Import.id == Statement.import_id)
        .where(Import.sha256 == sha256, Import.undone_at.is_(None))
        .order_by(Statement.id)
    )
    return [(row[0], row[1]) for row in work.session.execute(wanted)]


def first_opening(work: Work, bank_account_id: UUID) -> int | None:
    """Return what the earliest live statement of a bank account opens with; minor units."""
    earliest = (
        select(Statement.opening_minor)
        .join(Import, Import.id == Statement.import_id)
        .where(
            Statement.bank_account_id == bank_account_id,
            Import.undone_at.is_(None),
            Statement.is_proven.is_(True),
        )
        .order_by(Statement.opened_on, Statement.closed_on, Statement.id)
        .limit(1)
    )
    return work.session.scalar(earliest)


def settled_lines(work: Work, import_id: UUID) -> Sequence[StatementLine]:
    """Return the lines of an import that someone settled."""
    wanted = (
        select(StatementLine)
        .join(Statement, Statement.id == StatementLine.statement_id)
        .where(Statement.import_id == import_id, StatementLine.state != "new")
        .order_by(StatementLine.id)
    )
    return work.session.scalars(wanted).all()
