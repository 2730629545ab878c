"""The rules of the chart: what an account may be, and below which it may stand. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from types import MappingProxyType
from typing import TypeVar

from nexafi.kernel.values.money import Money
from nexafi.ledger.errors import ParentUnfit, SubtypeUnfit
from nexafi.ledger.journal.rules import Draft, Leg, worth_of

Id = TypeVar("Id", bound=Hashable)

NORMAL_SIDE = MappingProxyType(
    {
        "asset": "debit",
        "liability": "credit",
        "equity": "credit",
        "income": "credit",
        "expense": "debit",
    }
)
"""On which side accounts of a type grow; a contra account grows on the other."""

SUBTYPES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "asset": {
            "cash": "Money at hand or at a bank",
            "receivable": "What customers owe",
            "inventory": "Goods to be sold",
            "prepayment": "Paid before it is used",
            "tax": "Taxes to be paid back, such as input VAT",
            "other_current_asset": "What else turns into money within a year",
            "fixed_asset": "Property, plant and equipment",
            "accumulated_depreciation": "What fixed assets have lost in value",
            "intangible": "Software, licences, patents, goodwill",
            "investment": "Shares and loans held for long",
            "non_current_asset": "What else is kept for more than a year",
        },
        "liability": {
            "payable": "What is owed to suppliers",
            "credit_card": "What is owed on cards",
            "tax": "Taxes to be paid, such as VAT and sales tax",
            "payroll": "Wages, withheld taxes and contributions to be paid",
            "deferred_revenue": "Received before it is earned",
            "short_term_loan": "Borrowed, to be paid back within a year",
            "other_current_liability": "What else is due within a year",
            "loan": "Borrowed for more than a year",
            "non_current_liability": "What else is due after more than a year",
        },
        "equity": {
            "capital": "What the owners paid in",
            "retained_earnings": "Results of earlier years; closing entries go here",
            "drawing": "What owners took out, dividends included",
            "reserve": "Set apart by law or decision",
            "opening_balance": "The other side of opening balances",
        },
        "income": {
            "revenue": "Sales, less returns and discounts",
            "other_income": "Not from the business itself",
            "interest_income": "Interest received",
            "gains": "Gains of exchange or on what was sold",
        },
        "expense": {
            "cost_of_sales": "What was sold cost this",
            "operating": "Running the business",
            "payroll": "Wages, salaries and what comes on top",
            "depreciation": "Use of fixed assets, amortization included",
            "interest": "Interest paid",
            "income_tax": "Taxes on profit",
            "losses": "Losses of exchange or on what was sold",
            "other_expense": "Not from the business itself",
        },
    }
)
"""What an account may be within its type, and so where statements show it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an account stands in the chart."""

    code: str
    type: str
    parent: object = None
    """The id of the account above it."""


def normal_side(type_: str, given: str | None) -> str:
    """Return on which side an account grows: as *given*, or as its type does."""
    return given or NORMAL_SIDE[type_]


def check_subtype(type_: str, subtype: str | None) -> None:
    """Raise SubtypeUnfit unless an account of *type_* may be *subtype*; None is always fit."""
    if subtype is not None and subtype not in SUBTYPES[type_]:
        raise SubtypeUnfit(
            f"An account of type {type_} is no {subtype}.", subtypes=list(SUBTYPES[type_])
        )


def check_parent(
    code: str, type_: str, own: Id | None, parent: Id, chart: Mapping[Id, Place]
) -> None:
    """Raise ParentUnfit unless the account *own* may stand below *parent*.

    Both are of one type, so that a sum of accounts means something; and no
    account stands below itself, over however many others. *own* is None for
    an account that is being opened: nothing can stand below it yet.
    """
    above = chart[parent]
    if above.type != type_:
        raise ParentUnfit(
            f"{code} is of type {type_}, and {above.code} of type {above.type}.", parent=above.code
        )
    here: object = parent
    seen: set[object] = set()
    while here is not None and here not in seen:
        if here == own:
            raise ParentUnfit(f"{code} would stand below itself.", parent=above.code)
        seen.add(here)
        here = chart[here].parent  # type: ignore[index]


def opening(draft: Draft, against: str, base_currency: str, rates: Mapping[str, Decimal]) -> Draft:
    """Return the opening entry of *draft*: the account *against* takes what does not balance.

    A foreign amount whose worth is not told is worth what its rate says, to
    the nearest minor unit (half to even). It is never what is left to balance
    the entry, as it is in one of an exchange: here the rest is equity.
    """
    legs = tuple(replace(leg, base=_worth(leg, base_currency, rates)) for leg in draft.legs)
    rest = -sum(leg.base.minor for leg in legs if leg.base)
    if rest:
        legs = (*legs, Leg(against, Money(rest, base_currency), Money(rest, base_currency)))
    return replace(draft, legs=legs, kind="opening")


def _worth(leg: Leg, base_currency: str, rates: Mapping[str, Decimal]) -> Money:
    if leg.base is not None or leg.amount.currency == base_currency:
        return leg.base or leg.amount
    worth = worth_of(leg.amount, base_currency, rates).quantize(Decimal(1), ROUND_HALF_EVEN)
    return Money(int(worth), base_currency)
