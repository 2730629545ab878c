"""Which account a role resolves to: the one that was set, or found, or will be made. Pure.

Money that moved is booked in any case. So where the chart has no account that
fits, the rules know one to be made: its type, its name, and a code near those
that stand for its kin.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from uuid import UUID

from nexafi.ledger.accounts.rules import NORMAL_SIDE
from nexafi.ledger.errors import PostingAccountNotFound
from nexafi.ledger.journal.recipes import Role

PROVIDER = re.compile(r"[a-z0-9][a-z0-9_.-]{0,31}", re.ASCII)
BANK: Final = "bank"
"""The provider that is a bank: what it moves for us moves on the bank account itself."""
CODE_MAX = 32


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account of the chart."""

    id: UUID
    code: str
    name: str
    type: str
    subtype: str | None
    normal_side: str
    currency: str | None
    is_open: bool

    def fits(self, currency: str | None) -> bool:
        """Return whether an amount in *currency* can be posted here; None is any."""
        return self.is_open and (None in {self.currency, currency} or self.currency == currency)


@dataclass(frozen=True, slots=True)
class Kind:
    """What the account of a role is: how it is known in a chart, and how it is made."""

    type: str
    subtype: str
    name: str
    code: int
    """Where it stands in a chart that says nothing else."""
    patterns: Sequence[str] = ()
    """How such an account is called; those that say more come first."""
    subtypes: Collection[str] = ()
    """What one of such a name may be, besides `subtype` and nothing."""
    by_subtype: bool = False
    """Whether the first account of the subtype is it, whatever it is called."""
    name_first: bool = False
    """Whether one that is called so comes before the first of the subtype."""
    beside: Role | None = None
    """The role of an account next to which it stands; else it stands by its own code."""


CLEARING = r"\b(payments?|providers?|processors?|processing|gateways?|psp|merchants?|cards?)\b.*"
DISPUTE = r"\b(disputes?|disputed|chargebacks?)\b"
LIQUID = frozenset({"cash", "other_current_asset"})

KINDS: Mapping[Role, Kind] = MappingProxyType(
    {
        Role.CLEARING: Kind(
            "asset", "other_current_asset", "Payment provider clearing", 1050,
            (CLEARING + r"\bclearing\b",), LIQUID,
        ),
        Role.DISPUTES: Kind(
            "asset", "other_current_asset", "Disputed payments", 1050,
            (DISPUTE,), LIQUID | {"receivable"}, beside=Role.CLEARING,
        ),
        Role.TRANSIT: Kind(
            "asset", "cash", "Cash in transit", 1050,
            (r"\bin transit\b", r"\bundeposited\b"), LIQUID, beside=Role.CLEARING,
        ),
        Role.BANK: Kind(
            "asset", "cash", "Bank account", 1000,
            (r"\b(checking|current accounts?|bank accounts?)\b", r"\bbank\b"), by_subtype=True,
            name_first=True,
        ),
        Role.RECEIVABLE: Kind(
            "asset", "receivable", "Accounts receivable", 1200,
            (r"\b(receivables?|debtors|owed by (clients|customers))\b",), by_subtype=True,
        ),
        Role.PAYABLE: Kind(
            "liability", "payable", "Accounts payable", 2000,
            (r"\b(payables?|creditors|owed to suppliers)\b",), by_subtype=True,
        ),
        Role.TAX: Kind(
            "liability", "tax", "Sales tax and VAT", 2200,
            (r"\b(sales tax|output (vat|tax)|vat|gst)\b",),
        ),
        Role.DEFERRED_REVENUE: Kind(
            "liability", "deferred_revenue", "Deferred revenue", 2400,
            (r"\b(deferred|unearned) (revenue|income)\b",), by_subtype=True,
        ),
        Role.WALLETS: Kind(
            "liability", "other_current_liability", "Customer wallets", 2400,
            (r"\bwallets?\b",), {"deferred_revenue"}, beside=Role.DEFERRED_REVENUE,
        ),
        Role.REVENUE: Kind(
            "income", "revenue", "Sales", 4000,
            (r"\b(sales|revenue|turnover)\b",), by_subtype=True,
        ),
        Role.PLATFORM_FEES: Kind(
            "income", "revenue", "Platform fees", 4000,
            (r"\b(platform|application) fees?\b",), {"other_income"}, beside=Role.REVENUE,
        ),
        Role.FX_GAIN: Kind(
            "income", "gains", "Foreign exchange gains", 4920,
            (r"\bexchange\b",), by_subtype=True, name_first=True,
        ),
        Role.FEES: Kind(
            "expense", "operating", "Payment provider fees", 6100,
            (CLEARING + r"\bfees?\b", CLEARING + r"\b(charges?|costs?)\b"),
            {"cost_of_sales", "other_expense"},
        ),
        Role.DISPUTE_LOSSES: Kind(
            "expense", "operating", "Dispute losses", 6100,
            (DISPUTE,), {"losses", "other_expense"}, beside=Role.FEES,
        ),
        Role.ADJUSTMENTS: Kind(
            "expense", "other_expense", "Payment differences", 6100,
            (r"\bpayment (adjustments?|differences?)\b",), {"operating"}, beside=Role.FEES,
        ),
        Role.FX_LOSS: Kind(
            "expense", "losses", "Foreign exchange losses", 7100,
            (r"\bexchange\b",), by_subtype=True, name_first=True,
        ),
    }
)  # fmt: skip
"""What the account of each role is; those that stand beside one another are told apart below."""

STEPS: Mapping[Role, int] = MappingProxyType(
    {
        Role.DISPUTES: 1, Role.TRANSIT: 2, Role.WALLETS: 5, Role.PLATFORM_FEES: 60,
        Role.DISPUTE_LOSSES: 5, Role.ADJUSTMENTS: 6,
    }
)  # fmt: skip
"""How far from the account beside which it stands; so it does not matter which is made first."""

OF_PROVIDER: Mapping[Role, str] = MappingProxyType(
    {Role.CLEARING: r"\b(clearing|balance)\b", Role.FEES: r"\bfees?\b"}
)
"""What an account is called, besides the name of the provider, that is for it alone."""

Kept = Mapping[tuple[str, str, bool], Candidate]
"""What is kept, by role, provider (or none) and whether somebody set it."""


def role_of(text: str, provider: str | None) -> tuple[Role, str]:
    """Return the role and the provider that a path names, or raise PostingAccountNotFound."""
    if text not in set(Role) or not (provider is None or PROVIDER.fullmatch(provider)):
        raise PostingAccountNotFound(
            f"{text[:40]!r} is no role, or its provider has no name in small letters.",
            roles=list(Role),
        )
    return Role(text), provider or ""


def plain(provider: str) -> str:
    """Return the name of a provider as it is kept; empty if it cannot be."""
    text = provider.strip().lower()
    return text if PROVIDER.fullmatch(text) else ""


def usual(role: Role, provider: str) -> Role:
    """Return the role that holds where nothing is set: what a bank clears is at the bank."""
    return Role.BANK if role is Role.CLEARING and provider == BANK else role


def known(
    kept: Kept,
    role: Role,
    provider: str,
    currency: str | None,
    bank: Candidate | None = None,
) -> Candidate | None:
    """Return the account that was set, found or made for a role, if it can be posted to.

    *bank* mirrors the one bank account in that currency; unless another was
    set, it is what the role of that name means.
    """
    other = usual(role, provider)
    by_way = [
        kept.get((role, provider, True)),
        kept.get((other, "", True)),
        bank if other is Role.BANK else None,
        kept.get((other, provider, False)),
        kept.get((other, "", False)),
    ]
    return next((each for each in by_way if each is not None and each.fits(currency)), None)


def was_set(kept: Kept, role: Role, provider: str, account: Candidate) -> bool:
    """Return whether somebody said that *account* is it."""
    ways = ((role, provider, True), (usual(role, provider), "", True))
    return any(way in kept and kept[way] == account for way in ways)


def recognized(
    chart: Sequence[Candidate], kept: Kept, role: Role, provider: str, currency: str | None
) -> tuple[Candidate, str] | None:
    """Return the account of *chart* that is what *role* says, and of which provider alone.

    The chart is in the order of its codes. A contra account is never it, nor
    one that was found or made for another role.
    """
    kind = KINDS[role]
    others = {each.id for (of, _, is_set), each in kept.items() if of != role and not is_set}
    open_ones = [
        each
        for each in chart
        if each.fits(currency)
        and each.id not in others
        and each.type == kind.type
        and each.normal_side == NORMAL_SIDE[kind.type]
    ]
    could_be = {None, kind.subtype, *kind.subtypes}
    named = [each for each in open_ones if each.subtype in could_be]
    if provider and role in OF_PROVIDER:
        own = (rf"\b{re.escape(provider)}\b", OF_PROVIDER[role])
        if (found := next((e for e in named if all(_called(e, p) for p in own)), None)) is not None:
            return found, provider
    by_name = [each for pattern in kind.patterns for each in named if _called(each, pattern)]
    by_subtype = [
        each
        for each in open_ones
        if kind.by_subtype and each.subtype == kind.subtype and not _is_another(each, role)
    ]
    ranked = [*by_name, *by_subtype] if kind.name_first else [*by_subtype, *by_name]
    return (ranked[0], "") if ranked else None


def _called(account: Candidate, pattern: str) -> bool:
    return re.search(pattern, account.name.lower()) is not None


def _is_another(account: Candidate, role: Role) -> bool:
    """Return whether the name of an account says that it is for a role known by name only."""
    return any(
        kind.type == account.type and any(_called(account, pattern) for pattern in kind.patterns)
        for other, kind in KINDS.items()
        if other is not role and not kind.by_subtype
    )


def code_for(role: Role, kept: Kept, chart: Sequence[Candidate]) -> str:
    """Return a code that is free, beside the account's kin where there is some."""
    kind, taken = KINDS[role], {each.code for each in chart}
    start = kind.code
    if kind.beside is not None:
        found = known(kept, kind.beside, "", None)
        if found is None and (seen := recognized(chart, kept, kind.beside, "", None)) is not None:
            found = seen[0]
        if found is not None and found.code.isascii() and found.code.isdigit():
            start = int(found.code)
    number = start + STEPS.get(role, 0)
    while (code := str(number).zfill(4)) in taken:
        number += 1
    return code[:CODE_MAX]
