"""How money that moved becomes an entry: a recipe for each kind, and what fills it in.

Pure. Who resolves roles to accounts stands above, in `posting_accounts`; so
one may read here what an accountant would draw as T-accounts, and nothing else.
Each movement is drawn with figures in docs/guides/payments-to-ledger.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from nexafi.contracts.payments.events import MoneyMoved, MovementKind
from nexafi.kernel.values.money import Money
from nexafi.ledger.errors import MovementUnfit
from nexafi.ledger.journal.rules import Draft, Leg, totals, worth_of

JOURNAL: Final = "payments"
DESCRIPTION_MAX, REFERENCE_MAX, TAG_MAX, TAGS_MAX = 500, 200, 100, 20


class Role(StrEnum):
    """What an account is to money that moves."""

    CLEARING = "clearing"
    """What a provider holds of our money, until it pays it out."""
    FEES = "fees"
    RECEIVABLE = "receivable"
    PAYABLE = "payable"
    DISPUTES = "disputes"
    """What payers' banks took back while a dispute is open."""
    DISPUTE_LOSSES = "dispute_losses"
    TRANSIT = "transit"
    """What a provider has sent and the bank does not show yet."""
    BANK = "bank"
    WALLETS = "wallets"
    """What we keep for customers, and owe them."""
    PLATFORM_FEES = "platform_fees"
    REVENUE = "revenue"
    DEFERRED_REVENUE = "deferred_revenue"
    TAX = "tax"
    FX_GAIN = "fx_gain"
    FX_LOSS = "fx_loss"
    ADJUSTMENTS = "adjustments"


@dataclass(frozen=True, slots=True)
class Recipe:
    """Which account a movement goes to and from which it comes.

    The debit takes the amount; the credit gives the same, or what it was
    exchanged `against`. A fee is an expense in any case, and comes out of
    `fee_from`.
    """

    debit: Role
    credit: Role
    words: str
    """What happened, as who owns the company would say it."""
    fee_from: Role = Role.CLEARING
    labels: tuple[str | None, str | None] = (None, None)
    """What the two lines say where both are of one account."""


WALLET_TO_WALLET: Final = ("Out of a wallet", "Into a wallet")

RECIPES: Mapping[MovementKind, Recipe] = MappingProxyType(
    {
        MovementKind.CAPTURE: Recipe(Role.CLEARING, Role.RECEIVABLE, "Payment received"),
        MovementKind.REFUND: Recipe(Role.RECEIVABLE, Role.CLEARING, "Refund"),
        MovementKind.REFUND_FAILED: Recipe(Role.CLEARING, Role.RECEIVABLE, "Refund came back"),
        MovementKind.FEE: Recipe(Role.FEES, Role.CLEARING, "Fee"),
        MovementKind.DISPUTE_OPENED: Recipe(Role.DISPUTES, Role.CLEARING, "Dispute opened"),
        MovementKind.DISPUTE_WON: Recipe(Role.CLEARING, Role.DISPUTES, "Dispute won"),
        MovementKind.DISPUTE_LOST: Recipe(Role.DISPUTE_LOSSES, Role.DISPUTES, "Dispute lost"),
        MovementKind.SETTLEMENT: Recipe(
            Role.TRANSIT, Role.CLEARING, "Settlement sent to the bank", fee_from=Role.TRANSIT
        ),
        MovementKind.SETTLEMENT_RECEIVED: Recipe(
            Role.BANK, Role.TRANSIT, "Settlement received at the bank", fee_from=Role.BANK
        ),
        MovementKind.PAYOUT: Recipe(Role.PAYABLE, Role.CLEARING, "Payout"),
        MovementKind.PAYOUT_RETURNED: Recipe(Role.CLEARING, Role.PAYABLE, "Payout came back"),
        MovementKind.WALLET_TOP_UP: Recipe(Role.CLEARING, Role.WALLETS, "Wallet topped up"),
        MovementKind.WALLET_WITHDRAWAL: Recipe(
            Role.WALLETS, Role.CLEARING, "Withdrawal from a wallet"
        ),
        MovementKind.WALLET_PAYMENT: Recipe(Role.WALLETS, Role.RECEIVABLE, "Paid from a wallet"),
        MovementKind.WALLET_REFUND: Recipe(Role.RECEIVABLE, Role.WALLETS, "Refund into a wallet"),
        MovementKind.WALLET_TRANSFER: Recipe(
            Role.WALLETS, Role.WALLETS, "From wallet to wallet", labels=WALLET_TO_WALLET
        ),
        MovementKind.WALLET_EXCHANGE: Recipe(
            Role.WALLETS, Role.WALLETS, "Exchange within a wallet", labels=WALLET_TO_WALLET
        ),
        MovementKind.PLATFORM_FEE: Recipe(Role.RECEIVABLE, Role.PLATFORM_FEES, "Platform fee"),
        MovementKind.PLATFORM_FEE_REFUND: Recipe(
            Role.PLATFORM_FEES, Role.RECEIVABLE, "Platform fee given back"
        ),
        MovementKind.INVOICE: Recipe(Role.RECEIVABLE, Role.REVENUE, "Invoice"),
        MovementKind.REVENUE_RECOGNIZED: Recipe(
            Role.DEFERRED_REVENUE, Role.REVENUE, "Revenue earned"
        ),
        MovementKind.ADJUSTMENT: Recipe(Role.CLEARING, Role.ADJUSTMENTS, "Difference explained"),
    }
)
"""A recipe for each kind there is; a test holds the two together."""

NAMES: Mapping[str, str] = MappingProxyType({"stripe": "Stripe", "paypal": "PayPal"})
DOCUMENTS: Final = ("invoice", "dispute", "refund", "settlement", "payout", "charge")
"""Of what a movement belongs to, what its entry refers to: the first that there is."""


@dataclass(frozen=True, slots=True)
class Share:
    """A leg before its account is known."""

    role: Role
    amount: Money
    base: Money
    label: str | None = None


def source(event: MoneyMoved) -> str:
    """Return the source of the entry, which the journal takes once."""
    return f"payments/{event.movement_id}"


def needs_rate(event: MoneyMoved, base_currency: str) -> set[str]:
    """Return the currency of which a rate must say what it is worth, if one must."""
    other = event.against.currency if event.against else event.amount.currency
    is_told = event.worth is not None or base_currency in {event.amount.currency, other}
    return set() if is_told else {event.amount.currency}


def shares(event: MoneyMoved, base_currency: str, rates: Mapping[str, Decimal]) -> list[Share]:
    """Return the legs of *event* by role, balanced in the base currency.

    What the two sides of an exchange were worth may differ; the difference is
    realized, as a gain or a loss. MovementUnfit if the event contradicts itself.
    """
    _check(event)
    recipe = RECIPES[event.kind]
    worth = _worth(event, base_currency, rates)
    given = event.against or event.amount
    given_worth = _given_worth(event, worth, base_currency)

    legs = [Share(recipe.debit, event.amount, worth, recipe.labels[0])]
    if event.kind is MovementKind.INVOICE:
        legs += _earned(event, given, given_worth)
    else:
        legs.append(Share(recipe.credit, -given, -given_worth, recipe.labels[1]))
    if event.fee is not None and event.fee.minor:
        legs = _with_fee(legs, recipe, event.fee, _part(worth, event.fee, event.amount))
    legs = [leg for leg in legs if leg.amount.minor or leg.base.minor]
    return _closed(legs, base_currency)


def _check(event: MoneyMoved) -> None:
    """Raise MovementUnfit unless the parts of *event* can be parts of its amount."""
    if not event.amount.minor or (event.amount.minor < 0 and event.kind != MovementKind.ADJUSTMENT):
        raise MovementUnfit(f"A movement of the kind {event.kind} moves more than nothing.")
    for name in ("fee", "tax", "deferred"):
        part = getattr(event, name)
        if part is not None and (part.minor < 0 or part.currency != event.amount.currency):
            raise MovementUnfit(
                f"The {name} is no part of the amount: below zero, or of another currency."
            )
    parts = [part.minor for part in (event.tax, event.deferred) if part]
    if event.kind is MovementKind.INVOICE and sum(parts) > event.amount.minor:
        raise MovementUnfit("Tax and deferred revenue together are more than the invoice.")
    if event.against is not None and event.against.minor * event.amount.minor <= 0:
        raise MovementUnfit("The other side of an exchange has the sign of the amount.")


def _worth(event: MoneyMoved, base_currency: str, rates: Mapping[str, Decimal]) -> Money:
    """Return what the amount is worth: as told, or as paid for it, or as its rate says."""
    if event.amount.currency == base_currency:
        return event.amount
    if event.worth is not None:
        return _in_base(event.worth, event.amount, base_currency)
    if event.against is not None and event.against.currency == base_currency:
        return event.against
    worth = worth_of(event.amount, base_currency, rates)
    return Money(int(worth.quantize(Decimal(1), ROUND_HALF_EVEN)), base_currency)


def _given_worth(event: MoneyMoved, worth: Money, base_currency: str) -> Money:
    """Return what the other side was booked at; where nobody says, nothing is realized."""
    if event.against is None:
        return worth
    if event.against.currency == base_currency:
        return event.against
    if event.against_worth is not None:
        return _in_base(event.against_worth, event.against, base_currency)
    return worth


def _in_base(worth: Money, of: Money, base_currency: str) -> Money:
    if worth.currency != base_currency or worth.minor * of.minor < 0:
        raise MovementUnfit(
            f"{of.text} {of.currency} cannot be worth {worth.text} {worth.currency} in books"
            f" kept in {base_currency}."
        )
    return worth


def _part(worth: Money, part: Money, whole: Money) -> Money:
    """Return the share of *worth* that *part* has, as it has of *whole*; half to even."""
    exact = Decimal(worth.minor * part.minor) / whole.minor
    return Money(int(exact.quantize(Decimal(1), ROUND_HALF_EVEN)), worth.currency)


def split(worth: int, parts: Sequence[int]) -> list[int]:
    """Split *worth* as *parts* have it, to the unit: what rounding leaves goes where most is off.

    Nothing is lost and no sign turns; the parts add up to more than nothing.
    """
    whole = sum(parts)
    pairs = [divmod(worth * part, whole) for part in parts]
    found = [floor for floor, _ in pairs]
    by_rest = sorted(range(len(parts)), key=lambda place: (-pairs[place][1], place))
    for place in by_rest[: worth - sum(found)]:
        found[place] += 1
    return found


def _earned(event: MoneyMoved, given: Money, worth: Money) -> list[Share]:
    """Return what an invoice is made of: revenue, what is yet to be earned, and tax."""
    deferred = event.deferred.minor if event.deferred else 0
    tax = event.tax.minor if event.tax else 0
    told = [event.amount.minor - deferred - tax, deferred, tax]
    amounts, worths = split(given.minor, told), split(worth.minor, told)
    roles = (Role.REVENUE, Role.DEFERRED_REVENUE, Role.TAX)
    return [
        Share(role, Money(-amount, given.currency), Money(-base, worth.currency))
        for role, amount, base in zip(roles, amounts, worths, strict=True)
    ]


def _with_fee(legs: Sequence[Share], recipe: Recipe, fee: Money, worth: Money) -> list[Share]:
    """Return *legs* with the fee in them: in the line it comes out of, if there is one."""
    found = [*legs, Share(Role.FEES, fee, worth)]
    for place, leg in enumerate(legs):
        if leg.role is recipe.fee_from and leg.amount.currency == fee.currency:
            found[place] = Share(leg.role, leg.amount - fee, leg.base - worth, leg.label)
            return found
    return [*found, Share(recipe.fee_from, -fee, -worth)]


def _closed(legs: list[Share], base_currency: str) -> list[Share]:
    """Return *legs* with what was realized, so that they balance as the journal wants it."""
    off = sum(leg.base.minor for leg in legs)
    if off:
        realized = Money(-off, base_currency)
        legs = [*legs, Share(_realized(off), realized, realized, "Realized exchange difference")]
    apart = {
        currency: total
        for currency, total in totals(tuple(Leg("", leg.amount) for leg in legs)).items()
        if total
    }
    one_sided = min(apart.values(), default=0) > 0 or max(apart.values(), default=0) < 0
    if one_sided:  # nothing of worth stands against a foreign amount: it is lost or won as it is
        legs += [
            Share(_realized(total), Money(-total, currency), Money(0, base_currency))
            for currency, total in sorted(apart.items())
            if currency != base_currency
        ]
    return legs


def _realized(off: int) -> Role:
    """Return where a difference goes: more debits than credits are a gain."""
    return Role.FX_GAIN if off > 0 else Role.FX_LOSS


def draft(
    event: MoneyMoved,
    legs: Sequence[Share],
    accounts: Mapping[tuple[Role, str], str],
    *,
    day: date,
) -> Draft:
    """Return the entry of *event*, whose roles resolve to *accounts* by role and currency.

    It is dated *day*; if that is not when the money moved, the entry says so.
    """
    return Draft(
        date=day,
        description=_described(event, day),
        legs=tuple(
            Leg(accounts[leg.role, leg.amount.currency], leg.amount, leg.base, leg.label)
            for leg in legs
        ),
        source=source(event),
        reference=_reference(event),
        tags=_tags(event, day),
        journal=JOURNAL,
    )


def _described(event: MoneyMoved, day: date) -> str:
    text = RECIPES[event.kind].words
    if event.provider:
        name = NAMES.get(event.provider, event.provider)
        text += f" ({name})"
    if event.description:
        text += f": {event.description}"
    late = "" if day == event.on else f" (moved on {event.on})"
    return text[: DESCRIPTION_MAX - len(late)] + late


def _reference(event: MoneyMoved) -> str | None:
    found = (event.references.get(kind) for kind in DOCUMENTS)
    return next((text[:REFERENCE_MAX] for text in found if text), None)


def _tags(event: MoneyMoved, day: date) -> dict[str, str]:
    """Return what the entry can be found by: its kind, who moved it, and what it belongs to."""
    own = {"movement": event.kind.value, "provider": event.provider}
    if day != event.on:
        own["moved_on"] = event.on.isoformat()
    told = {**own, **{key: text for key, text in event.references.items() if key not in own}}
    found = {key[:TAG_MAX]: text[:TAG_MAX] for key, text in told.items() if key and text}
    return dict(list(found.items())[:TAGS_MAX])
