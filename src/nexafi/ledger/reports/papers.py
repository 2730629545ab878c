"""Reports as tables to be handed on: whose, what, over which days, in which currency."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from nexafi.kernel.data.context import Context
from nexafi.kernel.files.table import Column, Paper, Row, Table
from nexafi.ledger.reports import (
    general_ledger,
    income_statement,
    register,
    rules,
    statement,
    trial_balance,
)
from nexafi.ledger.reports.draw import Asked, LedgerPage
from nexafi.ledger.reports.register import Counters
from nexafi.ledger.reports.rules import DAY
from nexafi.ledger.reports.statement import Statement
from nexafi.ledger.reports.trial_balance import TrialBalance


def of_statement(context: Context, drawn: Statement, asked: Asked, *, changes: bool) -> Table:
    """Return a statement as a table."""
    currency = context.known.base_currency
    if drawn.title == income_statement.TITLE and _add_up(drawn, asked):
        drawn = statement.totaled(drawn)
    last = max(drawn.columns, key=lambda span: span.ends_on)
    period = rules.in_words(last.starts_on, last.ends_on)
    starts = {span.starts_on for span in drawn.columns}
    if len(starts) > 2 and last.starts_on is not None:
        period = rules.in_words(min(filter(None, starts)), last.ends_on)
    return _table(
        context,
        asked,
        drawn.title,
        period,
        columns=statement.columns(drawn, changes=changes),
        rows=statement.rows(drawn, currency, changes=changes),
    )


def _add_up(drawn: Statement, asked: Asked) -> bool:
    """Say whether the columns are parts of one whole: one after another, or value by value."""
    if asked.dimension is not None:
        return asked.value is None and asked.compare is None and len(drawn.columns) > 1
    met = all(one.ends_on + DAY == two.starts_on for one, two in pairwise(drawn.columns))
    return met and len(drawn.columns) > 2


def of_trial_balance(context: Context, drawn: TrialBalance, asked: Asked) -> Table:
    """Return a trial balance as a table."""
    return _table(
        context,
        asked,
        trial_balance.TITLE,
        rules.in_words(None, asked.ends_on),
        columns=trial_balance.columns(drawn),
        rows=trial_balance.rows(drawn, context.known.base_currency),
    )


def of_ledger(context: Context, page: LedgerPage, asked: Asked) -> Table:
    """Return the general ledger as a table."""
    return _table(
        context,
        asked,
        general_ledger.TITLE,
        rules.in_words(asked.starts_on, asked.ends_on),
        columns=general_ledger.COLUMNS,
        rows=general_ledger.rows(page.ledgers),
    )


def of_register(context: Context, page: LedgerPage, against: Counters, asked: Asked) -> Table:
    """Return the register of an account as a table."""
    (ledger,) = page.ledgers
    base = context.known.base_currency
    title = f"{register.TITLE} {ledger.account.code} {ledger.account.name}"
    return _table(
        context,
        asked,
        title,
        rules.in_words(asked.starts_on, asked.ends_on),
        columns=register.columns(ledger, base),
        rows=register.rows(ledger, against, base),
    )


def _table(
    context: Context,
    asked: Asked,
    title: str,
    period: str,
    *,
    columns: Sequence[Column],
    rows: Sequence[Row],
) -> Table:
    """Return the table with its head, which is the same for all."""
    home = context.known
    by = asked.dimension
    if by is not None:
        period += f", {by} {asked.value}" if asked.value is not None else f", by {by}"
    return Table(
        title=title,
        company=home.name,
        period=period,
        currency=home.base_currency,
        columns=columns,
        rows=rows,
        known_at=asked.known_at,
        made_at=context.now,
        paper=Paper.of(home.country),
    )
