"""What one does with wallets: open, freeze, close, limit, pay, give back, transfer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from nexafi.contracts.payments.events import MovementKind
from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.trust import audit
from nexafi.kernel.values.ids import new_id
from nexafi.kernel.values.money import Money
from nexafi.payments.customers import queries as customers
from nexafi.payments.tables import Movement, Wallet, WalletHold, WalletLimit, WalletPayment
from nexafi.payments.wallets import keeping, queries, rules
from nexafi.payments.wallets.keeping import About
from nexafi.payments.wallets.problems import SameWallet
from nexafi.payments.wallets.rules import EntryKind, Limits, State


@dataclass(frozen=True, slots=True)
class Words:
    """What is said of something that moves money of a wallet."""

    description: str = ""
    details: Mapping[str, str] = field(default_factory=dict)


def add(work: Work, customer_id: UUID, name: str, details: Mapping[str, str]) -> Wallet:
    """Open a wallet for a customer."""
    customers.customer(work, customer_id)
    row = Wallet(
        customer_id=customer_id,
        name=name,
        state=State.OPEN,
        details=dict(details),
        created_at=work.context.now,
        changed_at=work.context.now,
    )
    work.session.add(row)
    work.session.flush()
    return row


def change(work: Work, wallet_id: UUID, changes: Mapping[str, Any]) -> Wallet:
    """Change what is said of a wallet."""
    (row,) = queries.wallets_to_change(work, wallet_id)
    for name, value in changes.items():
        setattr(row, name, value)
    row.changed_at = work.context.now
    work.session.flush()
    return row


def turn(work: Work, wallet_id: UUID, then: State, reason: str) -> Wallet:
    """Freeze, open again or close a wallet; only an empty one can be closed."""
    (row,) = queries.wallets_to_change(work, wallet_id)
    state = rules.move(State(row.state), then)
    if state is State.CLOSED:
        held = [
            (Money(each.balance_minor, each.currency), each.held_minor, each.owed_minor)
            for each in queries.balances(work, [row.id])
        ]
        rules.check_empty(held, awaits=queries.top_ups_under_way(work, row.id))
    row.state, row.reason, row.changed_at = state, reason, work.context.now
    audit.note(work, May.WALLET_EDIT, f"wallets/{row.id} {state}")
    work.session.flush()
    return row


def limit(work: Work, wallet_id: UUID | None, currency: str, limits: Limits) -> WalletLimit:
    """Set how much a wallet, or without one each wallet, may hold and move in a currency."""
    if wallet_id is not None:
        queries.wallets_to_change(work, wallet_id)
    rows = [each for each in queries.limits_of(work, wallet_id) if each.currency == currency]
    row = rows[0] if rows else WalletLimit(wallet_id=wallet_id, currency=currency)
    row.balance_minor, row.transaction_minor = limits.balance, limits.transaction
    row.day_minor, row.month_minor = limits.day, limits.month
    row.changed_at = work.context.now
    work.session.add(row)
    work.session.flush()
    audit.note(work, May.WALLET_EDIT, f"wallets/{wallet_id or 'all'} limits {currency}")
    return row


def check_coming(work: Work, wallet: Wallet, amount: Money) -> None:
    """Raise unless a locked wallet may take in *amount* now."""
    rules.check_open(State(wallet.state))
    row = queries.balance(work, wallet.id, amount.currency)
    have = (row.balance_minor if row else 0) + queries.coming(work, wallet.id, amount.currency)
    rules.check_coming(amount, have, queries.limits(work, wallet.id, amount.currency))


def check_going(work: Work, wallet: Wallet, amount: Money) -> None:
    """Raise unless *amount* may leave a locked wallet now, by its state and its limits."""
    rules.check_open(State(wallet.state))
    limits = queries.limits(work, wallet.id, amount.currency)
    rules.check_going(amount, queries.spent(work, wallet.id, amount.currency), limits)


def pay(work: Work, wallet_id: UUID, amount: Money, words: Words) -> WalletPayment:
    """Pay the organization out of a wallet."""
    (wallet,) = queries.wallets_to_change(work, wallet_id)
    check_going(work, wallet, amount)
    row = _paid(work, wallet, amount, words)
    keeping.take(work, wallet, amount, _of_payment(work, wallet, row))
    return row


def pay_held(
    work: Work, wallet: Wallet, hold: WalletHold, amount: Money, words: Words
) -> WalletPayment:
    """Pay the organization out of what a locked wallet has reserved for it."""
    row = _paid(work, wallet, amount, words, hold)
    keeping.take_held(work, wallet, hold, amount, _of_payment(work, wallet, row))
    return row


def _paid(
    work: Work, wallet: Wallet, amount: Money, words: Words, hold: WalletHold | None = None
) -> WalletPayment:
    row = WalletPayment(
        id=new_id(),
        wallet_id=wallet.id,
        hold_id=hold.id if hold else None,
        currency=amount.currency,
        amount_minor=amount.minor,
        refunded_minor=0,
        description=words.description,
        details=dict(words.details),
        created_at=work.context.now,
    )
    work.session.add(row)
    work.session.flush()
    return row


def _of_payment(work: Work, wallet: Wallet, row: WalletPayment) -> About:
    movement = keeping.tell(
        work,
        wallet,
        MovementKind.WALLET_PAYMENT,
        row.amount,
        description=row.description,
        references={"payment": str(row.id)},
    )
    return About(EntryKind.PAYMENT, movement, row.id, row.description)


def refund(
    work: Work, wallet_id: UUID, payment_id: UUID, amount: Money | None, words: Words
) -> WalletPayment:
    """Give a payment, or a part of it, back into its wallet; a frozen wallet takes it, too."""
    (wallet,) = queries.wallets_to_change(work, wallet_id)
    row = queries.payment(work, wallet_id, payment_id)
    left = row.amount_minor - row.refunded_minor
    part = rules.part(amount, left, row.currency, "give back")

    row.refunded_minor += part.minor
    movement = keeping.tell(
        work,
        wallet,
        MovementKind.WALLET_REFUND,
        part,
        description=words.description,
        references={"payment": str(row.id)},
    )
    keeping.give(work, wallet, part, About(EntryKind.REFUND, movement, row.id, words.description))
    return row


def transfer(work: Work, wallet_id: UUID, to_id: UUID, amount: Money, words: Words) -> Movement:
    """Move money from one wallet to another."""
    if wallet_id == to_id:
        raise SameWallet("The wallets are the same.", pointer="#/to")
    wallet, to = queries.wallets_to_change(work, wallet_id, to_id)
    check_going(work, wallet, amount)
    check_coming(work, to, amount)
    movement = _transferred(work, wallet, to, amount, words)
    keeping.take(work, wallet, amount, _out(movement, to, words))
    keeping.give(work, to, amount, _in(movement, wallet, words))
    return movement


def transfer_held(
    work: Work, hold: WalletHold, amount: Money, words: Words, *, wallet: Wallet, to: Wallet
) -> Movement:
    """Move what a locked wallet has reserved to another locked wallet."""
    check_coming(work, to, amount)
    movement = _transferred(work, wallet, to, amount, words)
    keeping.take_held(work, wallet, hold, amount, _out(movement, to, words))
    keeping.give(work, to, amount, _in(movement, wallet, words))
    return movement


def _transferred(work: Work, wallet: Wallet, to: Wallet, amount: Money, words: Words) -> Movement:
    return keeping.tell(
        work,
        wallet,
        MovementKind.WALLET_TRANSFER,
        amount,
        description=words.description,
        references={"to_wallet": str(to.id), "to_customer": str(to.customer_id)},
    )


def _out(movement: Movement, to: Wallet, words: Words) -> About:
    return About(EntryKind.TRANSFER_OUT, movement, to.id, words.description)


def _in(movement: Movement, wallet: Wallet, words: Words) -> About:
    return About(EntryKind.TRANSFER_IN, movement, wallet.id, words.description)
