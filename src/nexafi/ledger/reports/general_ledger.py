"""The general ledger: line by line, account by account, with running balances. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from nexafi.kernel.files.table import Cell, Column, Kind, Row, Shape
from nexafi.kernel.values.money import Money
from nexafi.ledger.reports.statement import Account

TITLE = "General ledger"


@dataclass(frozen=True, slots=True)
class Posted:
    """A line of the journal as the general ledger shows it."""

    id: UUID
    entry_id: UUID
    date: date
    description: str
    """The line's own, or else the entry's."""
    amount: Money
    """As posted; a debit is positive."""
    base: Money
    """The same in the base currency."""
    number: int | None = None
    """The entry's place in its journal; None within the second before it is given."""
    reference: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """A line, and what the account stands at after it, in the base currency and in its own."""

    line: Posted
    balance: Money
    own_balance: Money | None = None


@dataclass(frozen=True, slots=True)
class AccountLedger:
    """An account over some days: what it stood at, its lines, what it stands at."""

    account: Account
    opening: Money
    lines: tuple[Running, ...]

    @property
    def closing(self) -> Money:
        """Return the balance after the last line."""
        return self.lines[-1].balance if self.lines else self.opening


def run(
    account: Account, opening: Money, lines: Iterable[Posted], own_opening: Money | None = None
) -> AccountLedger:
    """Return the lines with the balance after each.

    *own_opening* is the opening balance in the account's own currency, where
    it has one; every line of such an account is in it.
    """
    found = []
    balance, own = opening, own_opening
    for line in lines:
        balance += line.base
        own = own + line.amount if own is not None else None
        found.append(Running(line, balance, own))
    return AccountLedger(account, opening, tuple(found))


COLUMNS = (
    Column("Date", Shape.DATE),
    Column("Entry", Shape.NUMBER),
    Column("Description", is_wide=True),
    Column("Reference", is_printed=False),
    Column("Debit", Shape.MONEY),
    Column("Credit", Shape.MONEY),
    Column("Balance", Shape.MONEY),
)


def rows(ledgers: Sequence[AccountLedger]) -> list[Row]:
    """Return the rows of its table: each account with its opening and its closing balance."""
    found: list[Row] = []
    for ledger in ledgers:
        opening = ledger.opening
        name = f"{ledger.account.code}  {ledger.account.name}"
        found.append(Row([None, None, name], Kind.HEADING))
        found.append(Row([None, None, "Opening balance", None, None, None, opening], Kind.NOTE))
        found += [_row(each) for each in ledger.lines]
        zero = Money(0, opening.currency)
        moved = [each.line.base.minor for each in ledger.lines]
        debits = zero + Money(sum(minor for minor in moved if minor > 0), opening.currency)
        credits_ = zero + Money(-sum(minor for minor in moved if minor < 0), opening.currency)
        total: list[Cell] = [None, None, "Closing balance", None, debits, credits_, ledger.closing]
        found.append(Row(total, Kind.SUBTOTAL))
    return found


def _row(each: Running) -> Row:
    line = each.line
    debit = line.base if line.base.minor > 0 else None
    credit = -line.base if line.base.minor < 0 else None
    return Row(
        [
            line.date,
            line.number,
            line.description,
            line.reference or "",
            debit,
            credit,
            each.balance,
        ]
    )
