"""What one asks about wallets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, select

from nexafi.kernel.data.work import Survey, Work
from nexafi.kernel.web.paging import PageQuery, keyset
from nexafi.payments.tables import (
    Charge,
    Wallet,
    WalletBalance,
    WalletEntry,
    WalletHold,
    WalletLimit,
    WalletPayment,
    WalletQuote,
    WalletTopUp,
    WalletWithdrawal,
)
from nexafi.payments.wallets.problems import (
    HoldNotFound,
    QuoteNotFound,
    WalletNotFound,
    WalletPaymentNotFound,
    WithdrawalNotFound,
)
from nexafi.payments.wallets.rules import SPENDING, HoldState, Limits, Spent, month_of

BATCH_MAX = 100
COMING = frozenset({"authorizing", "requires_action", "authorized", "capturing"})
"""In these states a charge may still bring the money of a top-up."""


def wallet(work: Work, wallet_id: UUID) -> Wallet:
    """Return one wallet."""
    found = work.session.scalar(select(Wallet).where(Wallet.id == wallet_id))
    if found is None:
        raise WalletNotFound(f"There is no wallet {wallet_id}.")
    return found


def wallets_to_change(work: Work, *wallet_ids: UUID) -> list[Wallet]:
    """Return wallets in the order asked for, locked until the Work ends, as they are now.

    All are locked in the order of their ids, so that two who need the same never wait for
    each other.
    """
    found = {
        row.id: row
        for row in work.session.scalars(
            select(Wallet)
            .where(Wallet.id.in_(wallet_ids))
            .order_by(Wallet.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    }
    for each in wallet_ids:
        if each not in found:
            raise WalletNotFound(f"There is no wallet {each}.")
    return [found[each] for each in wallet_ids]


def wallets(work: Work, page: PageQuery, *, customer_id: UUID | None) -> Sequence[Wallet]:
    """Return a page of wallets, the newest first."""
    statement = select(Wallet)
    if customer_id is not None:
        statement = statement.where(Wallet.customer_id == customer_id)
    return work.session.scalars(keyset(statement, page, Wallet.id, descending=True)).all()


def balances(work: Work, wallet_ids: Sequence[UUID]) -> Sequence[WalletBalance]:
    """Return all balances of some wallets, by currency."""
    return work.session.scalars(
        select(WalletBalance)
        .where(WalletBalance.wallet_id.in_(wallet_ids))
        .order_by(WalletBalance.currency)
        .execution_options(populate_existing=True)
    ).all()


def balance(work: Work, wallet_id: UUID, currency: str) -> WalletBalance | None:
    """Return what a wallet holds in a currency, as it is now; None if it never held any."""
    return work.session.scalar(
        select(WalletBalance)
        .where(WalletBalance.wallet_id == wallet_id, WalletBalance.currency == currency)
        .execution_options(populate_existing=True)
    )


def entries(
    work: Work, page: PageQuery, wallet_id: UUID, *, currency: str | None, kind: str | None
) -> Sequence[WalletEntry]:
    """Return a page of the entries of a wallet, the newest first."""
    statement = select(WalletEntry).where(WalletEntry.wallet_id == wallet_id)
    if currency is not None:
        statement = statement.where(WalletEntry.currency == currency)
    if kind is not None:
        statement = statement.where(WalletEntry.kind == kind)
    return work.session.scalars(keyset(statement, page, WalletEntry.id, descending=True)).all()


def entries_of_days(
    work: Work, wallet_id: UUID, currency: str, first: dt.date, last: dt.date, *, limit: int
) -> Sequence[WalletEntry]:
    """Return the entries of some days, oldest first, at most so many."""
    return work.session.scalars(
        select(WalletEntry)
        .where(
            WalletEntry.wallet_id == wallet_id,
            WalletEntry.currency == currency,
            WalletEntry.made_on.between(first, last),
        )
        .order_by(WalletEntry.number)
        .limit(limit)
    ).all()


def balance_before(work: Work, wallet_id: UUID, currency: str, day: dt.date) -> int:
    """Return what a wallet held when *day* began, in minor units."""
    found = work.session.scalar(
        select(WalletEntry.balance_minor)
        .where(
            WalletEntry.wallet_id == wallet_id,
            WalletEntry.currency == currency,
            WalletEntry.made_on < day,
        )
        .order_by(WalletEntry.number.desc())
        .limit(1)
    )
    return found or 0


def limits(work: Work, wallet_id: UUID, currency: str) -> Limits:
    """Return the limits of a wallet: its own, where it has any, else those of all wallets."""
    rows = work.session.scalars(
        select(WalletLimit).where(
            WalletLimit.currency == currency,
            (WalletLimit.wallet_id == wallet_id) | WalletLimit.wallet_id.is_(None),
        )
    ).all()
    row = min(rows, key=lambda each: each.wallet_id is None, default=None)
    if row is None:
        return Limits()
    return Limits(row.balance_minor, row.transaction_minor, row.day_minor, row.month_minor)


def limits_of(work: Work, wallet_id: UUID | None) -> Sequence[WalletLimit]:
    """Return the limits that were set for a wallet, or without one for all."""
    is_its = (
        WalletLimit.wallet_id.is_(None) if wallet_id is None else WalletLimit.wallet_id == wallet_id
    )
    return work.session.scalars(
        select(WalletLimit).where(is_its).order_by(WalletLimit.currency)
    ).all()


def spent(work: Work, wallet_id: UUID, currency: str) -> Spent:
    """Return what has left a wallet today and in this month, or is held to leave."""
    today = work.context.today
    of_today = case((WalletEntry.made_on == today, WalletEntry.amount_minor), else_=0)
    day, month = work.session.execute(
        select(func.sum(of_today), func.sum(WalletEntry.amount_minor)).where(
            WalletEntry.wallet_id == wallet_id,
            WalletEntry.currency == currency,
            WalletEntry.made_on.between(month_of(today), today),
            WalletEntry.kind.in_(SPENDING),
        )
    ).one()
    left = WalletHold.amount_minor - WalletHold.captured_minor - WalletHold.released_minor
    held_today = case((WalletHold.made_on == today, left), else_=0)
    held_day, held_month = work.session.execute(
        select(func.sum(held_today), func.sum(left)).where(
            WalletHold.wallet_id == wallet_id,
            WalletHold.currency == currency,
            WalletHold.state == HoldState.ACTIVE,
            WalletHold.made_on >= month_of(today),
            WalletHold.kind.in_(("hold", "withdrawal")),
        )
    ).one()
    return Spent(int(held_day or 0) - int(day or 0), int(held_month or 0) - int(month or 0))


def coming(work: Work, wallet_id: UUID, currency: str) -> int:
    """Return what top-ups that have not ended may still bring, in minor units."""
    found = work.session.scalar(
        select(func.sum(Charge.amount_minor - Charge.captured_minor))
        .join(WalletTopUp, WalletTopUp.charge_id == Charge.id)
        .where(
            WalletTopUp.wallet_id == wallet_id,
            Charge.currency == currency,
            Charge.state.in_(COMING),
        )
    )
    return int(found or 0)


def top_ups_under_way(work: Work, wallet_id: UUID) -> int:
    """Return how many top-ups of a wallet have not ended."""
    found = work.session.scalar(
        select(func.count())
        .select_from(WalletTopUp)
        .join(Charge, WalletTopUp.charge_id == Charge.id)
        .where(WalletTopUp.wallet_id == wallet_id, Charge.state.in_(COMING))
    )
    return found or 0


# -- holds --------------------------------------------------------------------------------------


def hold(work: Work, wallet_id: UUID, hold_id: UUID) -> WalletHold:
    """Return one hold of a wallet, as it is now."""
    found = work.session.scalar(
        select(WalletHold)
        .where(WalletHold.wallet_id == wallet_id, WalletHold.id == hold_id)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise HoldNotFound(f"There is no hold {hold_id} of this wallet.")
    return found


def hold_for(work: Work, cause_id: UUID) -> WalletHold | None:
    """Return what is reserved for an operation or a withdrawal, if it still is."""
    return work.session.scalar(
        select(WalletHold)
        .where(WalletHold.cause_id == cause_id, WalletHold.state == HoldState.ACTIVE)
        .execution_options(populate_existing=True)
    )


def holds(
    work: Work, page: PageQuery, wallet_id: UUID, *, state: str | None
) -> Sequence[WalletHold]:
    """Return a page of the holds of a wallet, the newest first."""
    statement = select(WalletHold).where(WalletHold.wallet_id == wallet_id)
    if state is not None:
        statement = statement.where(WalletHold.state == state)
    return work.session.scalars(keyset(statement, page, WalletHold.id, descending=True)).all()


def holds_expired(work: Work) -> Sequence[WalletHold]:
    """Return holds whose time is over, the oldest first."""
    return work.session.scalars(
        select(WalletHold)
        .where(_expired(work.context.now))
        .order_by(WalletHold.expires_at)
        .limit(BATCH_MAX)
    ).all()


def with_holds_expired(survey: Survey) -> Sequence[UUID]:
    """Return the organizations that have such holds."""
    due = select(WalletHold.organization_id).where(_expired(survey.now))
    return survey.session.scalars(due.distinct()).all()


def _expired(now: dt.datetime) -> ColumnElement[bool]:
    return and_(
        WalletHold.state == HoldState.ACTIVE,
        WalletHold.expires_at.is_not(None),
        WalletHold.expires_at <= now,
    )


# -- what was moved -----------------------------------------------------------------------------


def payment(work: Work, wallet_id: UUID, payment_id: UUID) -> WalletPayment:
    """Return one payment out of a wallet, as it is now."""
    found = work.session.scalar(
        select(WalletPayment)
        .where(WalletPayment.wallet_id == wallet_id, WalletPayment.id == payment_id)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise WalletPaymentNotFound(f"There is no payment {payment_id} out of this wallet.")
    return found


def payments(work: Work, page: PageQuery, wallet_id: UUID) -> Sequence[WalletPayment]:
    """Return a page of the payments out of a wallet, the newest first."""
    statement = select(WalletPayment).where(WalletPayment.wallet_id == wallet_id)
    return work.session.scalars(keyset(statement, page, WalletPayment.id, descending=True)).all()


def withdrawal(work: Work, wallet_id: UUID, withdrawal_id: UUID) -> WalletWithdrawal:
    """Return one withdrawal, as it is now."""
    found = work.session.scalar(
        select(WalletWithdrawal)
        .where(WalletWithdrawal.wallet_id == wallet_id, WalletWithdrawal.id == withdrawal_id)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise WithdrawalNotFound(f"There is no withdrawal {withdrawal_id} from this wallet.")
    return found


def withdrawals(work: Work, page: PageQuery, wallet_id: UUID) -> Sequence[WalletWithdrawal]:
    """Return a page of the withdrawals from a wallet, the newest first."""
    statement = select(WalletWithdrawal).where(WalletWithdrawal.wallet_id == wallet_id)
    return work.session.scalars(keyset(statement, page, WalletWithdrawal.id, descending=True)).all()


def quote(work: Work, wallet_id: UUID, quote_id: UUID) -> WalletQuote:
    """Return one quote of a wallet, as it is now."""
    found = work.session.scalar(
        select(WalletQuote)
        .where(WalletQuote.wallet_id == wallet_id, WalletQuote.id == quote_id)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise QuoteNotFound(f"There is no quote {quote_id} of this wallet.")
    return found


def top_up_of(work: Work, charge_id: UUID) -> WalletTopUp | None:
    """Return the top-up that a charge is for, as it is now; None if it is for none."""
    return work.session.scalar(
        select(WalletTopUp)
        .where(WalletTopUp.charge_id == charge_id)
        .execution_options(populate_existing=True)
    )


# -- proof --------------------------------------------------------------------------------------


def wrong_balances(work: Work) -> Sequence[WalletBalance]:
    """Return balances that are not the sum of their entries, or hold other than their holds.

    The database refuses most of that itself; this one asks for all of it once more.
    """
    summed = (
        select(func.coalesce(func.sum(WalletEntry.amount_minor), 0))
        .where(
            WalletEntry.wallet_id == WalletBalance.wallet_id,
            WalletEntry.currency == WalletBalance.currency,
        )
        .scalar_subquery()
    )
    left = WalletHold.amount_minor - WalletHold.captured_minor - WalletHold.released_minor
    held = (
        select(func.coalesce(func.sum(left), 0))
        .where(
            WalletHold.wallet_id == WalletBalance.wallet_id,
            WalletHold.currency == WalletBalance.currency,
            WalletHold.state == HoldState.ACTIVE,
        )
        .scalar_subquery()
    )
    return work.session.scalars(
        select(WalletBalance)
        .where((WalletBalance.balance_minor != summed) | (WalletBalance.held_minor != held))
        .limit(BATCH_MAX)
    ).all()


def with_wallets(survey: Survey) -> Sequence[UUID]:
    """Return the organizations that have wallets."""
    return survey.session.scalars(select(WalletBalance.organization_id).distinct()).all()
