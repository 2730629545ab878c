"""The money of top-ups: credited once when a charge is captured, taken back when it goes back.

A provider's word is a fact: what it took is credited whatever the state and the limits of the
wallet are, and what it took back leaves the wallet as far as it is there. What is not, its
customer owes; it is taken from what comes in next. In the books that part stays a receivable.
"""

from __future__ import annotations

from uuid import UUID

from nexafi.contracts.payments.events import MovementKind
from nexafi.kernel.data.work import Work
from nexafi.kernel.values.money import Money
from nexafi.payments.tables import Charge, Movement, Wallet, WalletTopUp
from nexafi.payments.wallets import actions, holding, keeping, queries, rules
from nexafi.payments.wallets.actions import Words
from nexafi.payments.wallets.keeping import About
from nexafi.payments.wallets.rules import EntryKind, HoldKind, HoldState

RETURNED = "A top-up went back"


def begin(work: Work, wallet_id: UUID, charge_id: UUID, amount: Money) -> WalletTopUp:
    """Write down that the money of a charge is for a wallet, if the wallet may take it in."""
    (wallet,) = queries.wallets_to_change(work, wallet_id)
    actions.check_coming(work, wallet, amount)
    row = WalletTopUp(wallet_id=wallet_id, charge_id=charge_id, credited_minor=0, returned_minor=0)
    work.session.add(row)
    work.session.flush()
    return row


def credit(work: Work, charge: Charge, amount: Money, movement: Movement) -> None:
    """Put what was captured into the wallet that it is for."""
    top_up = queries.top_up_of(work, charge.id)
    assert top_up is not None, "who asks knows that it is a top-up"
    (wallet,) = queries.wallets_to_change(work, top_up.wallet_id)
    top_up.credited_minor += amount.minor
    about = About(EntryKind.TOP_UP, movement, charge.id, charge.description)
    keeping.give(work, wallet, amount, about)


def reserve(work: Work, charge: Charge, operation_id: UUID, amount: Money) -> None:
    """Reserve what is to go back to the payer of a top-up; NotEnough if it was spent."""
    top_up = queries.top_up_of(work, charge.id)
    if top_up is None:
        return
    (wallet,) = queries.wallets_to_change(work, top_up.wallet_id)
    words = Words(RETURNED)
    hold = holding.new(work, wallet, amount, HoldKind.RETURN, words, cause_id=operation_id)
    keeping.reserve(work, wallet, hold)


def release(work: Work, charge: Charge, operation_id: UUID) -> None:
    """Let go of what was reserved for money that does not go back."""
    if (top_up := queries.top_up_of(work, charge.id)) is None:
        return
    (wallet,) = queries.wallets_to_change(work, top_up.wallet_id)
    if (hold := queries.hold_for(work, operation_id)) is not None:
        keeping.let_go(work, wallet, hold, HoldState.RELEASED)


def take_back(work: Work, charge: Charge, cause_id: UUID, amount: Money) -> None:
    """Take out of the wallet what went back to the payer of a top-up.

    *cause_id* is that of the operation or the dispute for which it may have been reserved.
    """
    if (top_up := queries.top_up_of(work, charge.id)) is None:
        return
    (wallet,) = queries.wallets_to_change(work, top_up.wallet_id)
    top_up.returned_minor += amount.minor
    if (hold := queries.hold_for(work, cause_id)) is not None:
        keeping.let_go(work, wallet, hold, HoldState.RELEASED)
    row = keeping.balance(work, wallet, amount.currency)
    taken = rules.take_back(amount.minor, row.available_minor)
    if taken.from_balance:
        _take(work, wallet, charge, Money(taken.from_balance, amount.currency))
    row.owed_minor += taken.owed
    work.session.flush()


def contest(work: Work, charge: Charge, dispute_id: UUID, amount: Money) -> None:
    """Reserve what is still there of a top-up whose payer contests it."""
    if (top_up := queries.top_up_of(work, charge.id)) is None:
        return
    (wallet,) = queries.wallets_to_change(work, top_up.wallet_id)
    row = keeping.balance(work, wallet, amount.currency)
    there = Money(min(amount.minor, row.available_minor), amount.currency)
    if there.minor > 0:
        words = Words("A payer contests a top-up")
        hold = holding.new(work, wallet, there, HoldKind.DISPUTE, words, cause_id=dispute_id)
        keeping.reserve(work, wallet, hold)


def _take(work: Work, wallet: Wallet, charge: Charge, amount: Money) -> None:
    movement = keeping.tell(
        work,
        wallet,
        MovementKind.WALLET_PAYMENT,
        amount,
        description=RETURNED,
        rate=charge.rate,
        references={"charge": str(charge.id)},
    )
    about = About(EntryKind.TOP_UP_RETURNED, movement, charge.id, RETURNED)
    keeping.take(work, wallet, amount, about)
