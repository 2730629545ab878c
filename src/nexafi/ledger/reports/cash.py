"""The cash summary: what came in and went out in each month, and against which accounts. Pure.

A direct cash flow without judgement: each entry that touches a cash account is
money in or money out by what it changes there in all, and its other lines say
what for. A transfer between two cash accounts is neither. So in each column
opening + in - out = closing, to the cent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nexafi.ledger.errors import BooksOutOfBalance
from nexafi.ledger.reports.rules import Span
from nexafi.ledger.reports.statement import (
    CREDIT,
    DEBIT,
    Account,
    Section,
    Statement,
    Sums,
    Weight,
    combine,
    listed,
)

TITLE = "Cash summary"
CASH = "cash"
"""The subtype of accounts whose balance is money at hand."""


@dataclass(frozen=True, slots=True)
class Flow:
    """The cash of one column."""

    opening: int
    """What the cash accounts stood at before the first day."""
    came: Sums
    """The other lines of entries that brought cash, by account; credits are negative."""
    went: Sums
    """The other lines of entries that took cash."""
    closing: Sums
    """What each cash account stands at after the last day."""


def is_cash(account: Account, mirrored: frozenset[str]) -> bool:
    """Say whether *account* holds cash: by its subtype, or as the mirror of a bank account."""
    return account.type == "asset" and (account.subtype == CASH or account.code in mirrored)


def lay_out(
    accounts: Sequence[Account],
    cash: Sequence[Account],
    columns: Sequence[Span],
    flows: Sequence[Flow],
) -> Statement:
    """Return the summary; raise BooksOutOfBalance if a column does not add up."""
    width = len(columns)
    opening = Section("Opening balance", (), tuple(flow.opening for flow in flows), Weight.SUM)
    came = listed("Money in", accounts, [flow.came for flow in flows], sign=CREDIT)
    went = listed("Money out", accounts, [flow.went for flow in flows], sign=DEBIT)
    net = combine("Net change", [(1, came), (-1, went)], width)
    held = listed("Cash accounts", cash, [flow.closing for flow in flows], sign=DEBIT)
    closing = combine("Closing balance", [(1, opening), (1, net)], width, Weight.GRAND)
    if closing.totals != held.totals:
        raise BooksOutOfBalance(
            "The movements do not explain the cash; `nexafi ledger check` finds out why.",
            explained=list(closing.totals),
            held=list(held.totals),
        )
    return Statement(TITLE, tuple(columns), (opening, came, went, net, closing, held))
