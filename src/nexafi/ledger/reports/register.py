"""The register of one account: what came, what went, and against which account. Pure.

An account kept in a currency of its own is shown in it, beside the base currency.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from nexafi.kernel.files.table import Cell, Column, Kind, Row, Shape
from nexafi.ledger.reports.general_ledger import AccountLedger, Running

TITLE = "Account register"
SPLIT = "several"
"""What stands for the other account where an entry has more than one."""

Counters = Mapping[UUID, Sequence[str]]
"""The codes of the other accounts of each entry."""


def columns(ledger: AccountLedger, base: str) -> list[Column]:
    """Return the columns of its table; those of the base currency only where they differ."""
    found = [
        Column("Date", Shape.DATE),
        Column("Entry", Shape.NUMBER),
        Column("Description", is_wide=True),
        Column("Reference", is_printed=False),
        Column("Account"),
        Column("Amount", Shape.MONEY),
        Column("Balance", Shape.MONEY),
    ]
    if own_currency(ledger, base):
        found += [Column(f"Amount in {base}", Shape.MONEY), Column(f"In {base}", Shape.MONEY)]
    return found


def own_currency(ledger: AccountLedger, base: str) -> str | None:
    """Return the account's own currency if it has one that is not the base."""
    own = ledger.lines[0].own_balance if ledger.lines else None
    return own.currency if own is not None and own.currency != base else None


def rows(ledger: AccountLedger, counters: Counters, base: str) -> list[Row]:
    """Return the rows of its table, from the opening to the closing balance."""
    own = own_currency(ledger, base)
    opening: list[Cell] = [ledger.opening]
    closing: list[Cell] = [ledger.closing]
    if own:
        first, last = ledger.lines[0], ledger.lines[-1]
        before = (first.own_balance or first.line.amount) - first.line.amount
        opening, closing = [before, None, *opening], [last.own_balance, None, *closing]
    blank: list[Cell] = [None, None]
    return [
        Row([*blank, "Opening balance", None, None, None, *opening], Kind.NOTE),
        *(_row(each, counters, base, own=bool(own)) for each in ledger.lines),
        Row([*blank, "Closing balance", None, None, None, *closing], Kind.TOTAL),
    ]


def _row(each: Running, counters: Counters, base: str, *, own: bool) -> Row:
    line = each.line
    others = counters.get(line.entry_id, ())
    money: list[Cell] = [line.base, each.balance]
    if own:
        money = [line.amount, each.own_balance, *money]
    assert line.base.currency == base
    against = others[0] if len(others) == 1 else SPLIT if others else ""
    return Row([line.date, line.number, line.description, line.reference or "", against, *money])
