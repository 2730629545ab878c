"""The trial balance: every account with its net on one side, and both sides equal. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nexafi.kernel.files.table import Cell, Column, Kind, Row, Shape
from nexafi.kernel.values.money import Money
from nexafi.ledger.errors import BooksOutOfBalance
from nexafi.ledger.reports.rules import Span
from nexafi.ledger.reports.statement import Account, Amounts, Sums

TITLE = "Trial balance"


@dataclass(frozen=True, slots=True)
class Standing:
    """An account and its balances, debits positive, one for each column."""

    account: Account
    balances: Amounts

    @property
    def debit(self) -> int:
        """Return the net of the first column if it is a debit, else nothing."""
        return max(self.balances[0], 0)

    @property
    def credit(self) -> int:
        """Return the net of the first column if it is a credit, as a positive number."""
        return max(-self.balances[0], 0)


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """All accounts that stand at something, and the two sums that must be equal."""

    columns: tuple[Span, ...]
    standings: tuple[Standing, ...]

    @property
    def total(self) -> int:
        """Return the sum of the debits, which is that of the credits."""
        return sum(standing.debit for standing in self.standings)


def lay_out(
    accounts: Sequence[Account], columns: Sequence[Span], sums: Sequence[Sums]
) -> TrialBalance:
    """Return the trial balance of *sums*; raise BooksOutOfBalance if a column is not at zero."""
    standings = []
    for account in sorted(accounts, key=lambda account: account.code):
        balances = tuple(column.get(account.code, 0) for column in sums)
        if any(balances):
            standings.append(Standing(account, balances))
    off = [sum(s.balances[n] for s in standings) for n in range(len(columns))]
    if any(off):
        raise BooksOutOfBalance(
            "Debits and credits differ; `nexafi ledger check` finds out why.", difference=off
        )
    return TrialBalance(tuple(columns), tuple(standings))


def columns(report: TrialBalance) -> list[Column]:
    """Return the columns of its table: debit and credit, then what it is compared with."""
    compared = [Column(f"Balance {span.title}", Shape.MONEY) for span in report.columns[1:]]
    return [
        Column("Account"),
        Column("Name", is_wide=True),
        Column("Type", is_printed=False),
        Column("Debit", Shape.MONEY),
        Column("Credit", Shape.MONEY),
        *compared,
    ]


def rows(report: TrialBalance, currency: str) -> list[Row]:
    """Return the rows of its table."""

    def money(minor: int) -> Cell:
        return Money(minor, currency) if minor else None

    found = [
        Row(
            [
                standing.account.code,
                standing.account.name,
                standing.account.type,
                money(standing.debit),
                money(standing.credit),
                *(Money(minor, currency) for minor in standing.balances[1:]),
            ]
        )
        for standing in report.standings
    ]
    total = Money(report.total, currency)
    nothing = [Money(0, currency) for _ in report.columns[1:]]
    return [*found, Row(["", "Total", "", total, total, *nothing], Kind.TOTAL)]
