"""What one does to payouts: order one, cancel it, and write down what the bank made of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from nexafi.contracts.payments.events import MoneyMoved, MovementKind
from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.trust import audit
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.values.ids import new_id
from nexafi.kernel.values.money import Money
from nexafi.payments.accounts import BankAccount
from nexafi.payments.customers import queries as customers
from nexafi.payments.movements import actions as movements
from nexafi.payments.payouts import queries, rules
from nexafi.payments.payouts.rules import PayoutState
from nexafi.payments.rates import queries as rates
from nexafi.payments.rates.rules import worth
from nexafi.payments.tables import Payout

PURPOSE = "bank accounts"


@dataclass(frozen=True, slots=True)
class NewPayout:
    """A payout as it is asked for."""

    amount: Money
    creditor: str
    account: BankAccount
    entry_class: str = ""
    remittance: str = ""
    reference: str | None = None
    purpose: str = ""
    execution_on: dt.date | None = None
    customer_id: UUID | None = None
    details: Mapping[str, str] = field(default_factory=dict)


def order(work: Work, secret: Secret, new: NewPayout) -> Payout:
    """Keep a payout, its account sealed; it waits for a file."""
    if new.customer_id is not None:
        customers.customer(work, new.customer_id)
    rate = rates.rate(work, new.amount.currency)

    rules.check(new.amount, new.account, new.reference, new.remittance)
    day, word = rules.day(new.execution_on, work.context.today, new.amount.currency)

    payout_id = new_id()
    row = Payout(
        id=payout_id,
        state=PayoutState.CREATED,
        currency=new.amount.currency,
        amount_minor=new.amount.minor,
        rate=rate,
        creditor=new.creditor,
        sealed=secret.seal(PURPOSE, new.account.plain(), place=_place(payout_id)),
        last4=new.account.last4,
        country=new.account.country,
        entry_class=new.entry_class,
        remittance=new.remittance,
        creditor_reference=new.reference,
        purpose=new.purpose,
        execute_on=day,
        customer_id=new.customer_id,
        details=dict(new.details),
        message=word,
        created_at=work.context.now,
    )
    work.session.add(row)
    work.session.flush()
    audit.note(work, May.PAYOUT_CREATE, f"payouts/{payout_id} of {new.amount.text}")
    return row


def cancel(work: Work, payout_id: UUID) -> Payout:
    """Take back a payout that is in no file yet."""
    row = queries.payout(work, payout_id, lock=True)
    rules.check_cancelled(PayoutState(row.state))
    row.state, row.ended_at = PayoutState.CANCELLED, work.context.now
    audit.note(work, May.PAYOUT_CREATE, f"payouts/{payout_id} cancelled")
    return row


def account(secret: Secret, row: Payout) -> BankAccount:
    """Return where a payout goes, to write it into a file."""
    return BankAccount.of(secret.open(PURPOSE, row.sealed, place=_place(row.id)))


def correct(secret: Secret, row: Payout, corrected: BankAccount, code: str) -> None:
    """Put the account in the place that the bank says is right, and say so."""
    row.sealed = secret.seal(PURPOSE, corrected.plain(), place=_place(row.id))
    row.last4, row.message = corrected.last4, f"The bank corrected the account ({code})."


def move(work: Work, row: Payout, kind: MovementKind, on: dt.date) -> None:
    """Tell the ledger that a payout was executed, or came back."""
    value = None
    if row.rate is not None:
        value = worth(row.amount, row.rate, work.context.known.base_currency)
    references = {"payout": str(row.id)}
    if row.customer_id is not None:
        references["customer"] = str(row.customer_id)
    news = MoneyMoved(
        movement_id=new_id(),
        kind=kind,
        on=min(on, work.context.today),
        amount=row.amount,
        worth=value,
        provider="bank",
        description=row.remittance or row.creditor_reference or row.creditor,
        references=references,
    )
    movements.move(work, news, reference=row.id.hex)


def _place(payout_id: UUID) -> str:
    return f"payouts:{payout_id}"
