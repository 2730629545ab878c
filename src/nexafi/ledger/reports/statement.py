"""What every statement is made of: sections of accounts, with an amount in each column. Pure.

Sums come as whole minor units of the base currency, debits positive, by the
code of the account. A section shows them in its natural sign: revenue,
liabilities and equity are positive when they are credits; assets and expenses
when they are debits. So profit is revenue less expenses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from nexafi.kernel.files.table import Cell, Column, Kind, Row, Shape
from nexafi.kernel.values.money import Money
from nexafi.ledger.reports.rules import Span

Sums = Mapping[str, int]
"""What the lines of each account add up to, by its code."""
Amounts = tuple[int, ...]
"""Minor units, one for each column."""
DEBIT, CREDIT = 1, -1


@dataclass(frozen=True, slots=True)
class Account:
    """What a report must know of an account of the chart."""

    code: str
    name: str
    type: str
    subtype: str | None = None
    parent: str | None = None
    """The code of the account above it."""


class Weight(StrEnum):
    """What a section is: accounts with their sum, or a sum of sections."""

    LISTED = "listed"
    SUM = "sum"
    GRAND = "grand"


@dataclass(frozen=True, slots=True)
class Figure:
    """A line of a statement."""

    account: str
    """Its code; empty for a figure that is computed, such as current earnings."""
    name: str
    amounts: Amounts
    level: int = 0
    parent: str | None = None

    @property
    def is_empty(self) -> bool:
        """Say whether it shows nothing: an account that only holds others."""
        return not any(self.amounts)


@dataclass(frozen=True, slots=True)
class Section:
    """Figures and their sum, or only a sum such as gross profit."""

    name: str
    figures: tuple[Figure, ...]
    totals: Amounts
    weight: Weight = Weight.LISTED
    group: str = ""
    """The heading that it stands below, such as assets."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A report in sections, with its columns."""

    title: str
    columns: tuple[Span, ...]
    sections: tuple[Section, ...]


def listed(
    name: str,
    accounts: Sequence[Account],
    sums: Sequence[Sums],
    *,
    sign: int,
    group: str = "",
    more: Sequence[Figure] = (),
) -> Section:
    """Return the section of *accounts*: those that moved, below the accounts that hold them."""
    figures = (*_tree(accounts, sums, sign), *more)
    return Section(name, figures, add(len(sums), figures), group=group)


def add(width: int, figures: Sequence[Figure]) -> Amounts:
    """Return the sums of *figures*, column by column."""
    return tuple(sum(figure.amounts[n] for figure in figures) for n in range(width))


def combine(
    name: str,
    terms: Sequence[tuple[int, Section]],
    width: int,
    weight: Weight = Weight.SUM,
    group: str = "",
) -> Section:
    """Return the section that adds or subtracts others, such as gross profit."""
    totals = tuple(sum(sign * section.totals[n] for sign, section in terms) for n in range(width))
    return Section(name, (), totals, weight, group)


def _tree(accounts: Sequence[Account], sums: Sequence[Sums], sign: int) -> list[Figure]:
    """Return figures in the order of a tree: each account before those it holds, by code."""
    codes = {account.code for account in accounts}
    below: dict[str | None, list[Account]] = {}
    for account in sorted(accounts, key=lambda account: account.code):
        below.setdefault(account.parent if account.parent in codes else None, []).append(account)

    def walk(parent: str | None, level: int) -> list[Figure]:
        found: list[Figure] = []
        for account in below.get(parent, ()):
            amounts = tuple(sign * column.get(account.code, 0) for column in sums)
            inner = walk(account.code, level + 1)
            if inner or any(amounts):
                found.append(Figure(account.code, account.name, amounts, level, parent))
                found += inner
        return found

    return walk(None, 0)


def totaled(statement: Statement) -> Statement:
    """Return *statement* with one more column, the sum of all, which must not overlap."""
    first, last = statement.columns[0], statement.columns[-1]
    more = Span(last.ends_on, first.starts_on, "Total")
    sections = tuple(
        replace(
            section,
            totals=(*section.totals, sum(section.totals)),
            figures=tuple(
                replace(figure, amounts=(*figure.amounts, sum(figure.amounts)))
                for figure in section.figures
            ),
        )
        for section in statement.sections
    )
    return replace(statement, columns=(*statement.columns, more), sections=sections)


def columns(statement: Statement, *, changes: bool) -> list[Column]:
    """Return the columns of its table; codes are for machines only."""
    amounts = [Column(span.title, Shape.MONEY) for span in statement.columns]
    more = [Column("Change", Shape.MONEY), Column("Change %", Shape.SHARE)] if changes else []
    return [Column("Account", is_printed=False), Column("", is_wide=True), *amounts, *more]


def rows(statement: Statement, currency: str, *, changes: bool) -> list[Row]:
    """Return the rows of its table."""
    found: list[Row] = []
    group = ""
    for section in statement.sections:
        if section.group != group:
            group = section.group
            if group:
                found.append(Row(["", group], Kind.HEADING))
        inset = 1 if group else 0
        cells = _cells(currency, changes=changes)
        if section.weight is not Weight.LISTED:
            kind = Kind.TOTAL if section.weight is Weight.GRAND else Kind.SUBTOTAL
            found.append(Row(["", section.name, *cells(section.totals)], kind))
            continue
        found.append(Row(["", section.name], Kind.HEADING, inset))
        found += _figures(section.figures, inset + 1, cells)
        total = f"Total {section.name[:1].lower()}{section.name[1:]}"
        found.append(Row(["", total, *cells(section.totals)], Kind.SUBTOTAL, inset))
    return found


def _figures(
    figures: Sequence[Figure], inset: int, cells: Callable[[Amounts], list[Cell]]
) -> list[Row]:
    """Return the rows of figures; an account that holds others is followed by their sum."""
    found: list[Row] = []
    open_: list[int] = []

    def close(level: int) -> None:
        while open_ and figures[open_[-1]].level >= level:
            start = open_.pop()
            held = [f for f in figures[start:at] if f.level > figures[start].level]
            if held:
                total = add(len(figures[start].amounts), [figures[start], *held])
                name = f"Total {figures[start].name}"
                found.append(
                    Row(["", name, *cells(total)], Kind.SUBTOTAL, inset + figures[start].level)
                )

    at = 0
    for at, figure in enumerate(figures):
        close(figure.level)
        shown = [] if figure.is_empty and _holds(figures, at) else cells(figure.amounts)
        found.append(Row([figure.account, figure.name, *shown], level=inset + figure.level))
        open_.append(at)
    at = len(figures)
    close(0)
    return found


def _holds(figures: Sequence[Figure], at: int) -> bool:
    return at + 1 < len(figures) and figures[at + 1].level > figures[at].level


def _cells(currency: str, *, changes: bool) -> Callable[[Amounts], list[Cell]]:
    """Return what makes cells of amounts, with the change if it is asked for."""

    def cells(amounts: Amounts) -> list[Cell]:
        money: list[Cell] = [Money(minor, currency) for minor in amounts]
        if changes:
            money += [Money(change(amounts), currency), share(amounts)]
        return money

    return cells


def change(amounts: Amounts) -> int:
    """Return by how much the first column, the newer, differs from the second."""
    return amounts[0] - amounts[1]


def share(amounts: Amounts) -> Decimal | None:
    """Return the change as a share of the older amount, to a thousandth; None if that is zero."""
    if not amounts[1]:
        return None
    return (Decimal(change(amounts)) / abs(amounts[1])).quantize(Decimal("0.001"))
