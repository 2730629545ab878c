"""Withdrawals: reserved at once, booked when somebody says that the money was sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from nexafi.contracts.payments.events import MovementKind
from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.trust import audit
from nexafi.kernel.values.ids import new_id
from nexafi.kernel.values.money import Money
from nexafi.payments.tables import Wallet, WalletHold, WalletWithdrawal
from nexafi.payments.wallets import actions, holding, keeping, queries
from nexafi.payments.wallets.actions import Words
from nexafi.payments.wallets.keeping import About
from nexafi.payments.wallets.problems import WithdrawalEnded
from nexafi.payments.wallets.rules import EntryKind, HoldKind, HoldState, WithdrawalState


def request(
    work: Work, wallet_id: UUID, amount: Money, destination: Mapping[str, Any], words: Words
) -> WalletWithdrawal:
    """Reserve money that is to be sent to its customer."""
    (wallet,) = queries.wallets_to_change(work, wallet_id)
    actions.check_going(work, wallet, amount)

    withdrawal_id = new_id()
    hold = holding.new(work, wallet, amount, HoldKind.WITHDRAWAL, words, cause_id=withdrawal_id)
    keeping.reserve(work, wallet, hold)
    row = WalletWithdrawal(
        id=withdrawal_id,
        wallet_id=wallet.id,
        hold_id=hold.id,
        state=WithdrawalState.REQUESTED,
        currency=amount.currency,
        amount_minor=amount.minor,
        destination=dict(destination),
        description=words.description,
        created_at=work.context.now,
    )
    work.session.add(row)
    work.session.flush()
    return row


def pay(
    work: Work, wallet_id: UUID, withdrawal_id: UUID, *, provider: str, reference: str | None
) -> WalletWithdrawal:
    """Write down that the money was sent, by whom, and under which reference."""
    wallet, row, hold = _requested(work, wallet_id, withdrawal_id)

    row.state, row.provider, row.reference = WithdrawalState.PAID, provider, reference
    row.ended_at = work.context.now
    movement = keeping.tell(
        work,
        wallet,
        MovementKind.WALLET_WITHDRAWAL,
        row.amount,
        description=row.description,
        provider=provider,
        reference=reference,
        references={"withdrawal": str(row.id)},
    )
    about = About(EntryKind.WITHDRAWAL, movement, row.id, row.description)
    keeping.take_held(work, wallet, hold, row.amount, about)
    keeping.let_go(work, wallet, hold, HoldState.CAPTURED)
    audit.note(work, May.WALLET_MOVE, f"withdrawals/{row.id} paid")
    return row


def fail(work: Work, wallet_id: UUID, withdrawal_id: UUID, reason: str) -> WalletWithdrawal:
    """Write down that the money will not be sent; it can be used again."""
    wallet, row, hold = _requested(work, wallet_id, withdrawal_id)

    row.state, row.reason, row.ended_at = WithdrawalState.FAILED, reason, work.context.now
    keeping.let_go(work, wallet, hold, HoldState.RELEASED)
    audit.note(work, May.WALLET_MOVE, f"withdrawals/{row.id} failed")
    return row


def _requested(
    work: Work, wallet_id: UUID, withdrawal_id: UUID
) -> tuple[Wallet, WalletWithdrawal, WalletHold]:
    (wallet,) = queries.wallets_to_change(work, wallet_id)
    row = queries.withdrawal(work, wallet_id, withdrawal_id)
    if row.state != WithdrawalState.REQUESTED:
        raise WithdrawalEnded(f"The withdrawal is {row.state}.", state=row.state)
    return wallet, row, queries.hold(work, wallet_id, row.hold_id)
