"""The balance sheet: what is owned, what is owed, and what belongs to the owners. Pure.

Current and non-current items stand apart (IAS 1.60). The result of a fiscal
year stays in the income and expense accounts until the year is closed; so
that assets equal liabilities and equity on any day, equity shows it in two
lines: the running year's earnings, and what earlier years left undistributed.
"""

from __future__ import annotations

from collections.abc import Sequence

from nexafi.ledger.errors import BooksOutOfBalance
from nexafi.ledger.reports.income_statement import result
from nexafi.ledger.reports.rules import Span
from nexafi.ledger.reports.statement import (
    CREDIT,
    DEBIT,
    Account,
    Figure,
    Section,
    Statement,
    Sums,
    Weight,
    combine,
    listed,
)

TITLE = "Balance sheet"
CURRENT_EARNINGS = "Current earnings"
EARLIER_EARNINGS = "Undistributed results of earlier years"
NON_CURRENT = {
    "asset": frozenset(
        {"fixed_asset", "accumulated_depreciation", "intangible", "investment", "non_current_asset"}
    ),
    "liability": frozenset({"loan", "non_current_liability"}),
}
"""The subtypes of what is kept, or due, for more than a year; all else is current."""


def lay_out(
    accounts: Sequence[Account],
    columns: Sequence[Span],
    sums: Sequence[Sums],
    earlier: Sequence[int],
) -> Statement:
    """Return the balance sheet of *sums*, all that was posted through the day of each column.

    *earlier* is the result within them from before the fiscal year of that day.
    Raise BooksOutOfBalance if assets and the rest differ, which cannot be.
    """
    width = len(columns)
    assets = _sides(accounts, sums, "asset", "assets", DEBIT)
    liabilities = _sides(accounts, sums, "liability", "liabilities", CREDIT)
    all_assets = combine("Total assets", [(1, s) for s in assets], width, Weight.GRAND, "Assets")
    all_liabilities = combine(
        "Total liabilities", [(1, s) for s in liabilities], width, group=BELOW
    )
    equity = listed(
        "Equity",
        [account for account in accounts if account.type == "equity"],
        sums,
        sign=CREDIT,
        group=BELOW,
        more=_results(accounts, sums, earlier),
    )
    both = combine(
        "Total liabilities and equity",
        [(1, all_liabilities), (1, equity)],
        width,
        Weight.GRAND,
        BELOW,
    )
    _check(all_assets, both)
    sections = (*assets, all_assets, *liabilities, all_liabilities, equity, both)
    return Statement(TITLE, tuple(columns), sections)


BELOW = "Liabilities and equity"


def _sides(
    accounts: Sequence[Account], sums: Sequence[Sums], type_: str, plural: str, sign: int
) -> list[Section]:
    """Return the current and the non-current section; the latter only if it has something."""
    of_type = [account for account in accounts if account.type == type_]
    group = "Assets" if type_ == "asset" else BELOW
    later = [account for account in of_type if account.subtype in NON_CURRENT[type_]]
    current = [account for account in of_type if account.subtype not in NON_CURRENT[type_]]
    found = [listed(f"Current {plural}", current, sums, sign=sign, group=group)]
    beyond = listed(f"Non-current {plural}", later, sums, sign=sign, group=group)
    return [*found, beyond] if beyond.figures else found


def _results(
    accounts: Sequence[Account], sums: Sequence[Sums], earlier: Sequence[int]
) -> list[Figure]:
    """Return the lines of results that no closing entry has moved to equity yet."""
    unclosed = [result(accounts, column) for column in sums]
    current = tuple(whole - before for whole, before in zip(unclosed, earlier, strict=True))
    lines = [Figure("", CURRENT_EARNINGS, current)]
    if any(earlier):
        lines.insert(0, Figure("", EARLIER_EARNINGS, tuple(earlier)))
    return lines


def _check(assets: Section, rest: Section) -> None:
    """Raise unless the accounting equation holds in every column."""
    if assets.totals != rest.totals:
        raise BooksOutOfBalance(
            "Assets differ from liabilities and equity; `nexafi ledger check` finds out why.",
            assets=list(assets.totals),
            liabilities_and_equity=list(rest.totals),
        )
