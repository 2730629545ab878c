"""What sorting must know: rules, what was decided before, and what is open. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select

from nexafi.kernel.data.work import Work
from nexafi.kernel.web.paging import PageQuery, keyset
from nexafi.ledger.errors import RuleNotFound
from nexafi.ledger.sorting.rules import Look
from nexafi.ledger.tables import (
    Account,
    ReconciledStatementLine,
    Reconciliation,
    Rule,
    StatementLine,
)

HISTORY_MAX = 1000
"""So many decisions are learned from, the latest."""
RULES_MAX = 500
OPEN_MAX = 500
"""So many open lines get a new suggestion when something was learned, the latest."""
TESTED_MAX = 5000

LOOK = (
    StatementLine.id,
    StatementLine.booked_on,
    StatementLine.minor,
    StatementLine.currency,
    StatementLine.bank_account_id,
    StatementLine.description,
    StatementLine.counterparty,
    StatementLine.counterparty_account,
    StatementLine.reference,
)


def look(row: Sequence[Any]) -> Look:
    """Return the columns `LOOK` of a line as the rules see it."""
    line_id, booked_on, minor, currency, bank_account_id, *texts = row[: len(LOOK)]
    return Look(
        line_id, booked_on, minor, currency, bank_account_id, *(text or "" for text in texts)
    )


def look_of(line: StatementLine) -> Look:
    """Return a line as the rules see it."""
    return look([getattr(line, column.key) for column in LOOK])


def rule(work: Work, rule_id: UUID) -> Rule:
    """Return one rule."""
    found = work.session.scalar(select(Rule).where(Rule.id == rule_id))
    if found is None:
        raise RuleNotFound(f"There is no rule {rule_id}.")
    return found


def rules(work: Work, page: PageQuery) -> Sequence[Rule]:
    """Return a page of rules in the order in which they are tried."""
    return work.session.scalars(keyset(select(Rule), page, Rule.position, Rule.id)).all()


def all_rules(work: Work) -> Sequence[Rule]:
    """Return all rules in the order in which they are tried."""
    wanted = select(Rule).order_by(Rule.position, Rule.id).limit(RULES_MAX + 1)
    return work.session.scalars(wanted).all()


def open_codes(work: Work, codes: Collection[str]) -> set[str]:
    """Return those of *codes* that open accounts of the chart have."""
    wanted = select(Account.code).where(Account.code.in_(codes), Account.is_open)
    return set(work.session.scalars(wanted))


def decisions(work: Work, limit: int = HISTORY_MAX) -> list[tuple[Look, dict[str, Any]]]:
    """Return the latest lines that were booked or matched, the oldest first, with the decision.

    The lines are asked for by their ids. Joined to the decisions they are read all, over and over,
    by PostgreSQL while it has not counted them: in the very imports that bring them.
    """
    latest = (
        select(ReconciledStatementLine.statement_line_id, Reconciliation.detail)
        .join(
            Reconciliation,
            and_(
                Reconciliation.organization_id == ReconciledStatementLine.organization_id,
                Reconciliation.id == ReconciledStatementLine.reconciliation_id,
            ),
        )
        .where(Reconciliation.way.in_(["posted", "matched"]))
        .order_by(Reconciliation.id.desc(), ReconciledStatementLine.id.desc())
        .limit(limit)
    )
    decided = {row[0]: row[1] for row in work.session.execute(latest)}
    lines = select(*LOOK).where(StatementLine.id.in_(decided))
    looks = {row[0]: look(row) for row in work.session.execute(lines)}
    return [(looks[line_id], detail) for line_id, detail in reversed(decided.items())]


def open_lines(work: Work) -> Sequence[StatementLine]:
    """Return the latest lines that nobody has decided on."""
    wanted = (
        select(StatementLine)
        .where(StatementLine.state == "new")
        .order_by(StatementLine.booked_on.desc(), StatementLine.id.desc())
        .limit(OPEN_MAX)
    )
    return work.session.scalars(wanted).all()


def latest_lines(work: Work) -> list[tuple[Look, str]]:
    """Return the latest lines of all, each with its state, to try a rule on."""
    wanted = (
        select(*LOOK, StatementLine.state)
        .order_by(StatementLine.booked_on.desc(), StatementLine.id.desc())
        .limit(TESTED_MAX)
    )
    return [(look(row), row[9]) for row in work.session.execute(wanted)]


def surest(
    work: Work, *, confidence: float, bank_account_id: UUID | None, limit: int
) -> Sequence[UUID]:
    """Return the open lines of whose suggestion we are so sure, by day."""
    wanted = select(StatementLine.id).where(
        StatementLine.state == "new", StatementLine.confidence >= confidence
    )
    if bank_account_id is not None:
        wanted = wanted.where(StatementLine.bank_account_id == bank_account_id)
    ordered = wanted.order_by(StatementLine.booked_on, StatementLine.id).limit(limit)
    return work.session.scalars(ordered).all()


def surest_count(work: Work, *, confidence: float, bank_account_id: UUID | None) -> int:
    """Return of how many open lines we are so sure."""
    wanted = (
        select(func.count())
        .select_from(StatementLine)
        .where(StatementLine.state == "new", StatementLine.confidence >= confidence)
    )
    if bank_account_id is not None:
        wanted = wanted.where(StatementLine.bank_account_id == bank_account_id)
    return work.session.scalar(wanted) or 0
