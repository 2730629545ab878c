"""Where settlements are kept: many lines to a statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import Table

from nexafi.kernel.data.statements import insert_many
from nexafi.kernel.data.work import Work
from nexafi.payments.tables import SettlementBreak, SettlementLine, SettlementMatch

LINES, MATCHES, BREAKS = (
    cast("Table", kind.__table__) for kind in (SettlementLine, SettlementMatch, SettlementBreak)
)
AT_ONCE = 5000
"""Rows that are sent in one statement."""

Rows = Sequence[dict[str, Any]]


def keep(work: Work, *, lines: Rows, matches: Rows, breaks: Rows) -> None:
    """Write the lines of a settlement, what they were matched with, and what does not fit."""
    for table, rows in ((LINES, lines), (MATCHES, matches), (BREAKS, breaks)):
        own = [{"organization_id": work.organization_id, **row} for row in rows]
        for start in range(0, len(own), AT_ONCE):
            insert_many(work.session, table, own[start : start + AT_ONCE])
