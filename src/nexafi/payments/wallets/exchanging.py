"""Exchanges within a wallet, at a rate that a quote locks and that both sides are booked at."""

from __future__ import annotations

from uuid import UUID

from nexafi.contracts.payments.events import MovementKind
from nexafi.kernel.data.work import Work
from nexafi.kernel.values.ids import new_id
from nexafi.kernel.values.money import Money
from nexafi.payments.rates import queries as rates
from nexafi.payments.rates.rules import converted, cross, worth
from nexafi.payments.tables import WalletQuote
from nexafi.payments.wallets import actions, keeping, queries, rules
from nexafi.payments.wallets.keeping import About
from nexafi.payments.wallets.problems import SameWallet, TooLittle
from nexafi.payments.wallets.rules import QUOTED_FOR, EntryKind, State


def quote(work: Work, wallet_id: UUID, gives: Money, currency: str) -> WalletQuote:
    """Lock what an amount gives in another currency, by the rates of the books today."""
    wallet = queries.wallet(work, wallet_id)
    rules.check_open(State(wallet.state))
    if gives.currency == currency:
        raise SameWallet("An exchange is between two currencies.", pointer="#/to")
    gives_rate, takes_rate = rates.rate(work, gives.currency), rates.rate(work, currency)
    rate = cross(gives_rate, takes_rate)
    takes = converted(gives, rate, currency)
    if takes.minor <= 0:
        raise TooLittle(f"It gives less than the smallest unit of {currency}.", pointer="#/amount")
    row = WalletQuote(
        id=new_id(),
        wallet_id=wallet.id,
        gives_currency=gives.currency,
        gives_minor=gives.minor,
        takes_currency=currency,
        takes_minor=takes.minor,
        rate=f"{rate:f}",
        gives_rate=gives_rate,
        takes_rate=takes_rate,
        created_at=work.context.now,
        expires_at=work.context.now + QUOTED_FOR,
    )
    work.session.add(row)
    work.session.flush()
    return row


def exchange(work: Work, wallet_id: UUID, quote_id: UUID) -> WalletQuote:
    """Exchange what a quote says, once."""
    (wallet,) = queries.wallets_to_change(work, wallet_id)
    rules.check_open(State(wallet.state))
    row = queries.quote(work, wallet_id, quote_id)
    now = work.context.now
    rules.check_quote(is_used=row.used_at is not None, is_late=row.expires_at <= now)
    gives, takes = row.gives, row.takes
    limits = queries.limits(work, wallet_id, gives.currency)
    rules.check_coming(
        Money(gives.minor, gives.currency), 0, rules.Limits(None, limits.transaction)
    )
    actions.check_coming(work, wallet, takes)

    row.used_at = now
    base_currency = work.context.known.base_currency
    against_worth = worth(takes, row.takes_rate, base_currency) if row.takes_rate else None
    words = f"{gives.text} {gives.currency} at {row.rate}"
    movement = keeping.tell(
        work,
        wallet,
        MovementKind.WALLET_EXCHANGE,
        gives,
        description=words,
        rate=row.gives_rate,
        against=(takes, against_worth),
        references={"quote": str(row.id)},
    )
    keeping.take(work, wallet, gives, About(EntryKind.EXCHANGE_OUT, movement, row.id, words))
    keeping.give(work, wallet, takes, About(EntryKind.EXCHANGE_IN, movement, row.id, words))
    return row
