"""Where the lines of files are kept: many rows to a statement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, and_, bindparam, delete, func, select, update

from nexafi.kernel.data.statements import insert_many
from nexafi.kernel.data.work import Work
from nexafi.ledger.imports.rules import DRIFT, Known
from nexafi.ledger.tables import Import, Sighting, Statement, StatementLine

IMPORTS, SIGHTINGS, STATEMENTS, LINES = (
    cast("Table", kind.__table__) for kind in (Import, Sighting, Statement, StatementLine)
)
AT_ONCE = 5000
"""Rows that are sent in one statement."""


def known(work: Work, bank_account_id: UUID, since: date, until: date) -> list[Known]:
    """Return the lines of a bank account of those days, and of some days around them."""
    wanted = (
        select(
            LINES.c.id,
            LINES.c.booked_on,
            LINES.c.minor,
            LINES.c.bank_id,
            LINES.c.fingerprint,
            LINES.c.occurrence,
            IMPORTS.c.format,
            LINES.c.description,
            LINES.c.counterparty,
            LINES.c.reference,
        )
        .join(STATEMENTS, _same(STATEMENTS, LINES, "statement_id"))
        .join(IMPORTS, _same(IMPORTS, STATEMENTS, "import_id"))
        .where(
            LINES.c.organization_id == work.organization_id,
            LINES.c.bank_account_id == bank_account_id,
            LINES.c.booked_on >= since - DRIFT,
            LINES.c.booked_on <= until + DRIFT,
        )
        .order_by(LINES.c.booked_on, LINES.c.id)
    )
    return [
        Known(*row[:7], text=f"{row[7]} {row[8] or ''} {row[9] or ''}")
        for row in work.session.connection().execute(wanted)
    ]


def _same(one: Table, other: Table, column: str) -> Any:  # noqa: ANN401 - a condition
    return and_(one.c.organization_id == other.c.organization_id, one.c.id == other.c[column])


def lines_sum(work: Work, bank_account_id: UUID) -> int:
    """Return what all lines of a bank account add up to, in minor units."""
    total = select(func.sum(LINES.c.minor)).where(
        LINES.c.organization_id == work.organization_id,
        LINES.c.bank_account_id == bank_account_id,
    )
    return int(work.session.connection().scalar(total) or 0)


def keep_lines(work: Work, rows: Sequence[dict[str, Any]]) -> None:
    """Write statement lines."""
    _insert(work, LINES, rows)


def keep_sightings(work: Work, rows: Sequence[dict[str, Any]]) -> None:
    """Note which statements have lines that were here before."""
    _insert(work, SIGHTINGS, rows)


def _insert(work: Work, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    own = [{"organization_id": work.organization_id, **row} for row in rows]
    for start in range(0, len(own), AT_ONCE):
        insert_many(work.session, table, own[start : start + AT_ONCE])


def hand_over(work: Work, import_id: UUID) -> int:
    """Give the lines of an import that a later one has too to that one; return how many."""
    owner = work.organization_id
    of_import = _statements_of(work, import_id)
    heirs = (
        select(LINES.c.id, SIGHTINGS.c.statement_id)
        .join(
            SIGHTINGS,
            and_(
                SIGHTINGS.c.organization_id == LINES.c.organization_id,
                SIGHTINGS.c.statement_line_id == LINES.c.id,
            ),
        )
        .join(STATEMENTS, _same(STATEMENTS, SIGHTINGS, "statement_id"))
        .join(IMPORTS, _same(IMPORTS, STATEMENTS, "import_id"))
        .where(
            LINES.c.organization_id == owner,
            LINES.c.statement_id.in_(of_import),
            IMPORTS.c.undone_at.is_(None),
            IMPORTS.c.id != import_id,
        )
        .order_by(LINES.c.id, SIGHTINGS.c.statement_id.desc())
    )
    found = {row[0]: row[1] for row in work.session.connection().execute(heirs)}
    if found:
        work.session.connection().execute(
            update(LINES)
            .where(LINES.c.organization_id == owner, LINES.c.id == bindparam("line_id"))
            .values(statement_id=bindparam("heir_id")),
            [{"line_id": line, "heir_id": heir} for line, heir in found.items()],
        )
    return len(found)


def remove_lines(work: Work, import_id: UUID) -> int:
    """Remove the lines of an import, and all notes of what it has in common with others."""
    owner = work.organization_id
    of_import = _statements_of(work, import_id)
    lines = select(LINES.c.id).where(
        LINES.c.organization_id == owner, LINES.c.statement_id.in_(of_import)
    )
    connection = work.session.connection()
    connection.execute(
        delete(SIGHTINGS).where(
            SIGHTINGS.c.organization_id == owner,
            SIGHTINGS.c.statement_id.in_(of_import) | SIGHTINGS.c.statement_line_id.in_(lines),
        )
    )
    removed = connection.execute(
        delete(LINES).where(LINES.c.organization_id == owner, LINES.c.statement_id.in_(of_import))
    )
    return removed.rowcount


def _statements_of(work: Work, import_id: UUID) -> Any:  # noqa: ANN401 - a subquery
    return select(STATEMENTS.c.id).where(
        STATEMENTS.c.organization_id == work.organization_id, STATEMENTS.c.import_id == import_id
    )
