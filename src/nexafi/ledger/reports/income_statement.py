"""The income statement: what was earned, what it cost, what is left. Pure.

By function of expense, as IAS 1.103 has it: revenue, cost of sales, gross
profit, operating expenses, operating profit, what is not of the business
itself, income taxes, net profit. Sums that would only repeat another are left out.
"""

from __future__ import annotations

from collections.abc import Sequence

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

TITLE = "Income statement"
NET_PROFIT = "Net profit"
COST_OF_SALES = frozenset({"cost_of_sales"})
OTHER_INCOME = frozenset({"other_income", "interest_income", "gains"})
OTHER_EXPENSES = frozenset({"other_expense", "interest", "losses"})
INCOME_TAXES = frozenset({"income_tax"})
APART = COST_OF_SALES | OTHER_EXPENSES | INCOME_TAXES


def lay_out(
    accounts: Sequence[Account], columns: Sequence[Span], sums: Sequence[Sums]
) -> Statement:
    """Return the statement of *sums*, one for each column: movements without closing entries."""
    width = len(columns)
    earned = [account for account in accounts if account.type == "income"]
    spent = [account for account in accounts if account.type == "expense"]
    revenue = _section("Revenue", earned, sums, CREDIT, but=OTHER_INCOME)
    cost = _section("Cost of sales", spent, sums, DEBIT, only=COST_OF_SALES)
    operating = _section("Operating expenses", spent, sums, DEBIT, but=APART)
    other_in = _section("Other income", earned, sums, CREDIT, only=OTHER_INCOME)
    other_out = _section("Other expenses", spent, sums, DEBIT, only=OTHER_EXPENSES)
    taxes = _section("Income taxes", spent, sums, DEBIT, only=INCOME_TAXES)

    found = [revenue]
    terms = [(1, revenue)]
    if cost.figures:
        terms.append((-1, cost))
        found += [cost, combine("Gross profit", terms, width)]
    terms.append((-1, operating))
    found.append(operating)
    if other_in.figures or other_out.figures:
        found.append(combine("Operating profit", terms, width))
        terms += [(1, other_in), (-1, other_out)]
        found += [section for section in (other_in, other_out) if section.figures]
    if taxes.figures:
        found.append(combine("Profit before tax", terms, width))
        terms.append((-1, taxes))
        found.append(taxes)
    found.append(combine(NET_PROFIT, terms, width, Weight.GRAND))
    return Statement(TITLE, tuple(columns), tuple(found))


def _section(
    name: str,
    accounts: Sequence[Account],
    sums: Sequence[Sums],
    sign: int,
    *,
    only: frozenset[str] | None = None,
    but: frozenset[str] = frozenset(),
) -> Section:
    """Return the section of the accounts whose subtype is among *only* and not among *but*."""
    chosen = [
        account
        for account in accounts
        if account.subtype not in but and (only is None or account.subtype in only)
    ]
    return listed(name, chosen, sums, sign=sign)


def result(accounts: Sequence[Account], sums: Sums) -> int:
    """Return the profit within *sums*: credits of income and expense accounts less their debits."""
    return -sum(
        sums.get(account.code, 0) for account in accounts if account.type in {"income", "expense"}
    )
