"""The statement of a wallet: opening balance, each entry, closing balance."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from nexafi.kernel.data.work import Work
from nexafi.kernel.files.table import Column, Kind, Paper, Row, Shape, Table, day
from nexafi.kernel.values.money import Money
from nexafi.payments.tables import Wallet, WalletEntry
from nexafi.payments.wallets import queries
from nexafi.payments.wallets.problems import SpanUnfit, StatementTooLong

ENTRIES_MAX = 10_000

COLUMNS = (
    Column("Date", Shape.DATE),
    Column("No.", Shape.NUMBER),
    Column("What"),
    Column("Description", is_wide=True),
    Column("Amount", Shape.MONEY),
    Column("Balance", Shape.MONEY),
)


@dataclass(frozen=True, slots=True)
class Statement:
    """What a wallet held of one currency over some days."""

    wallet_id: UUID
    currency: str
    first: dt.date
    last: dt.date
    opening: Money
    entries: Sequence[WalletEntry]

    @property
    def came_in(self) -> Money:
        """Return the sum of what came in."""
        return self._sum(each.amount_minor for each in self.entries if each.amount_minor > 0)

    @property
    def went_out(self) -> Money:
        """Return the sum of what went out, above zero."""
        return self._sum(-each.amount_minor for each in self.entries if each.amount_minor < 0)

    @property
    def closing(self) -> Money:
        """Return what was left at the end of the last day."""
        return self.opening + self.came_in - self.went_out

    def _sum(self, minors: Iterable[int]) -> Money:
        return Money(sum(minors), self.currency)


def draw(work: Work, wallet_id: UUID, currency: str, first: dt.date, last: dt.date) -> Statement:
    """Draw up the statement of some days."""
    if last < first:
        raise SpanUnfit("`to` is before `from`.", pointer="#/to")
    queries.wallet(work, wallet_id)
    opening = queries.balance_before(work, wallet_id, currency, first)
    entries = queries.entries_of_days(work, wallet_id, currency, first, last, limit=ENTRIES_MAX + 1)
    if len(entries) > ENTRIES_MAX:
        raise StatementTooLong(f"More than {ENTRIES_MAX} entries; ask for fewer days.")
    return Statement(wallet_id, currency, first, last, Money(opening, currency), entries)


def table(work: Work, wallet: Wallet, drawn: Statement) -> Table:
    """Return a statement as a table to be handed on."""
    home = work.context.known
    rows = [
        Row((drawn.first, None, "Opening balance", None, None, drawn.opening), Kind.SUBTOTAL),
        *(
            Row(
                (
                    each.made_on,
                    each.number,
                    each.kind.replace("_", " ").capitalize(),
                    each.description,
                    Money(each.amount_minor, each.currency),
                    Money(each.balance_minor, each.currency),
                )
            )
            for each in drawn.entries
        ),
        Row((drawn.last, None, "Closing balance", None, None, drawn.closing), Kind.TOTAL),
    ]
    return Table(
        title=f"Wallet statement {wallet.name}",
        company=home.name,
        period=f"{day(drawn.first)} to {day(drawn.last)}",
        currency=drawn.currency,
        columns=COLUMNS,
        rows=rows,
        made_at=work.context.now,
        paper=Paper.of(home.country),
    )
