"""The only way into the balances of wallets: under their lock, an entry for each change.

Whoever changes a balance has its wallet locked (`queries.wallets_to_change`), and writes the
movement that the ledger books in the same Work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from nexafi.contracts.payments.events import MoneyMoved, MovementKind
from nexafi.kernel.data.work import Work
from nexafi.kernel.values.ids import new_id
from nexafi.kernel.values.money import Money
from nexafi.payments.movements import actions as movements
from nexafi.payments.rates import queries as rates
from nexafi.payments.rates.rules import worth
from nexafi.payments.tables import Movement, Wallet, WalletBalance, WalletEntry, WalletHold
from nexafi.payments.wallets import queries, rules
from nexafi.payments.wallets.rules import EntryKind, HoldState


@dataclass(frozen=True, slots=True)
class About:
    """What a change of a balance belongs to."""

    kind: EntryKind
    movement: Movement
    other_id: UUID | None = None
    description: str = ""


def balance(work: Work, wallet: Wallet, currency: str) -> WalletBalance:
    """Return what a locked wallet holds in a currency; a row is made where there is none."""
    row = queries.balance(work, wallet.id, currency)
    if row is None:
        row = WalletBalance(
            wallet_id=wallet.id, currency=currency, balance_minor=0, held_minor=0, owed_minor=0
        )
        work.session.add(row)
        work.session.flush()
    return row


def give(work: Work, wallet: Wallet, amount: Money, about: About) -> WalletEntry:
    """Put money into a locked wallet; what its customer owes is taken from it at once."""
    row = balance(work, wallet, amount.currency)
    entry = _write(work, row, amount.minor, about)
    collect(work, wallet, row)
    return entry


def take(work: Work, wallet: Wallet, amount: Money, about: About) -> WalletEntry:
    """Take money that is available out of a locked wallet, or raise NotEnough."""
    row = balance(work, wallet, amount.currency)
    rules.check_enough(amount, row.available_minor)
    return _write(work, row, -amount.minor, about)


def take_held(
    work: Work, wallet: Wallet, hold: WalletHold, amount: Money, about: About
) -> WalletEntry:
    """Take money out of a locked wallet that was reserved for it."""
    hold.captured_minor += amount.minor
    row = balance(work, wallet, amount.currency)
    row.held_minor -= amount.minor
    return _write(work, row, -amount.minor, about)


def reserve(work: Work, wallet: Wallet, hold: WalletHold) -> WalletHold:
    """Reserve money of a locked wallet, or raise NotEnough."""
    row = balance(work, wallet, hold.currency)
    rules.check_enough(Money(hold.amount_minor, hold.currency), row.available_minor)
    row.held_minor += hold.amount_minor
    work.session.add(hold)
    work.session.flush()
    return hold


def let_go(work: Work, wallet: Wallet, hold: WalletHold, state: HoldState) -> None:
    """End a hold of a locked wallet: what is left of it can be used again."""
    left = hold.left_minor
    hold.released_minor += left
    hold.state, hold.ended_at = state, work.context.now
    row = balance(work, wallet, hold.currency)
    row.held_minor -= left
    work.session.flush()
    collect(work, wallet, row)


def collect(work: Work, wallet: Wallet, row: WalletBalance) -> None:
    """Take what the customer owes from what can be used."""
    taken = min(row.owed_minor, row.available_minor)
    if taken <= 0:
        return
    amount = Money(taken, row.currency)
    row.owed_minor -= taken
    words = "What was owed since a top-up went back"
    movement = tell(work, wallet, MovementKind.WALLET_PAYMENT, amount, description=words)
    _write(work, row, -taken, About(EntryKind.DEBT_PAID, movement, description=words))


def tell(
    work: Work,
    wallet: Wallet,
    kind: MovementKind,
    amount: Money,
    *,
    description: str = "",
    provider: str = "",
    reference: str | None = None,
    rate: str | None = None,
    against: tuple[Money, Money | None] | None = None,
    references: Mapping[str, str] | None = None,
) -> Movement:
    """Tell the ledger of money that moves, at a rate that was locked or at that of today.

    *against* is the other side of an exchange, and what it is worth.
    """
    base_currency = work.context.known.base_currency
    locked = rate or rates.rate(work, amount.currency)
    news = MoneyMoved(
        movement_id=new_id(),
        kind=kind,
        on=work.context.today,
        amount=amount,
        worth=worth(amount, locked, base_currency) if locked is not None else None,
        against=against[0] if against else None,
        against_worth=against[1] if against else None,
        provider=provider,
        description=description,
        references={
            "wallet": str(wallet.id),
            "customer": str(wallet.customer_id),
            **(references or {}),
        },
    )
    row = movements.move(work, news, reference=reference)
    work.session.flush()
    return row


def _write(work: Work, row: WalletBalance, minor: int, about: About) -> WalletEntry:
    before = row.last_number
    entry = WalletEntry(
        id=new_id(),
        wallet_id=row.wallet_id,
        currency=row.currency,
        number=(before or 0) + 1,
        kind=about.kind,
        amount_minor=minor,
        balance_minor=row.balance_minor + minor,
        before_number=before,
        before_minor=row.balance_minor,
        movement_id=about.movement.id,
        other_id=about.other_id,
        description=about.description,
        made_on=work.context.today,
        made_at=work.context.now,
    )
    work.session.flush()  # its movement comes before it, and the balance after it
    work.session.add(entry)
    work.session.flush()
    row.balance_minor, row.last_number = entry.balance_minor, entry.number
    work.session.flush()
    return entry
