"""Holds: money of a wallet that is reserved, captured in parts or whole, or let go."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from nexafi.kernel.data.work import Work
from nexafi.kernel.values.ids import new_id
from nexafi.kernel.values.money import Money
from nexafi.payments.tables import Wallet, WalletHold
from nexafi.payments.wallets import actions, keeping, queries, rules
from nexafi.payments.wallets.actions import Words
from nexafi.payments.wallets.problems import HoldEnded, HoldReserved, SameWallet
from nexafi.payments.wallets.rules import HoldKind, HoldState, State


def hold(
    work: Work, wallet_id: UUID, amount: Money, words: Words, expires_at: dt.datetime | None
) -> WalletHold:
    """Reserve money of a wallet."""
    (wallet,) = queries.wallets_to_change(work, wallet_id)
    actions.check_going(work, wallet, amount)
    if expires_at is not None and expires_at <= work.context.now:
        raise HoldEnded("The hold would end before it begins.", pointer="#/expires_at")
    row = new(work, wallet, amount, HoldKind.HOLD, words, expires_at=expires_at)
    return keeping.reserve(work, wallet, row)


def new(
    work: Work,
    wallet: Wallet,
    amount: Money,
    kind: HoldKind,
    words: Words,
    *,
    cause_id: UUID | None = None,
    expires_at: dt.datetime | None = None,
) -> WalletHold:
    """Return a hold that is yet to be reserved."""
    return WalletHold(
        id=new_id(),
        wallet_id=wallet.id,
        currency=amount.currency,
        kind=kind,
        state=HoldState.ACTIVE,
        amount_minor=amount.minor,
        captured_minor=0,
        released_minor=0,
        cause_id=cause_id,
        description=words.description,
        details=dict(words.details),
        made_on=work.context.today,
        created_at=work.context.now,
        expires_at=expires_at,
    )


def capture(
    work: Work,
    wallet_id: UUID,
    hold_id: UUID,
    amount: Money | None,
    *,
    to_id: UUID | None,
    is_final: bool,
    description: str,
) -> WalletHold:
    """Pay what is reserved, or a part of it, to the organization or into another wallet."""
    if to_id == wallet_id:
        raise SameWallet("The wallets are the same.", pointer="#/to")
    wallet, *others = queries.wallets_to_change(work, *filter(None, (wallet_id, to_id)))
    rules.check_open(State(wallet.state))
    row = _active(work, wallet_id, hold_id)
    left = row.left_minor
    part = rules.part(amount, left, row.currency, "capture")

    words = Words(description or row.description, row.details)
    for to in others:
        actions.transfer_held(work, row, part, words, wallet=wallet, to=to)
    if not others:
        actions.pay_held(work, wallet, row, part, words)

    if rules.after_capture(left, part.minor, is_final=is_final) is HoldState.CAPTURED:
        keeping.let_go(work, wallet, row, HoldState.CAPTURED)
    return row


def release(work: Work, wallet_id: UUID, hold_id: UUID) -> WalletHold:
    """Let go of what is left of a hold; of a frozen wallet, too."""
    (wallet,) = queries.wallets_to_change(work, wallet_id)
    row = _active(work, wallet_id, hold_id)
    keeping.let_go(work, wallet, row, HoldState.RELEASED)
    return row


def expire(work: Work, wallet_id: UUID, hold_id: UUID) -> None:
    """Let go of a hold whose time is over, unless that has been done."""
    (wallet,) = queries.wallets_to_change(work, wallet_id)
    row = queries.hold(work, wallet_id, hold_id)
    is_over = row.expires_at is not None and row.expires_at <= work.context.now
    if row.state == HoldState.ACTIVE and is_over:
        keeping.let_go(work, wallet, row, HoldState.EXPIRED)


def _active(work: Work, wallet_id: UUID, hold_id: UUID) -> WalletHold:
    row = queries.hold(work, wallet_id, hold_id)
    if row.state != HoldState.ACTIVE:
        raise HoldEnded(f"The hold is {row.state}.", state=row.state)
    if row.expires_at is not None and row.expires_at <= work.context.now:
        raise HoldEnded("The time of the hold is over.", state=HoldState.EXPIRED)
    if row.kind != HoldKind.HOLD:
        raise HoldReserved(f"The hold belongs to a {row.kind}.")
    return row
