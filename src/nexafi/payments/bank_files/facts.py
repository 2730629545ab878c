"""What became known of an order, and what is done about it: each deed once, in any order."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from nexafi.contracts.payments.events import MoneyMoved, MovementKind
from nexafi.kernel.data.work import Work
from nexafi.kernel.values.ids import new_id
from nexafi.kernel.values.money import Money
from nexafi.payments.bank_files import reasons, rules
from nexafi.payments.bank_files.rules import Deed, Fact, Facts, OrderState
from nexafi.payments.charges import actions as charges
from nexafi.payments.charges import queries as all_charges
from nexafi.payments.movements import actions as movements
from nexafi.payments.payouts import actions as payouts
from nexafi.payments.payouts import queries as all_payouts
from nexafi.payments.payouts.rules import PayoutState
from nexafi.payments.providers.port import Answer, Kind, Outcome
from nexafi.payments.rates.rules import worth
from nexafi.payments.tables import BankFile, BankOrder, Operation

ENDED = frozenset({OrderState.SETTLED, OrderState.REJECTED, OrderState.RETURNED})


@dataclass(frozen=True, slots=True)
class Heard:
    """A fact, why, and of which day."""

    fact: Fact
    code: str
    on: dt.date
    by: str = "bank"
    """Who said so: ``bank``, ``person``, ``day``."""


def known(order: BankOrder) -> Facts:
    """Return all that is known of an order."""
    return Facts(
        order.accepted_on is not None,
        order.paid_on is not None,
        order.refused_on is not None,
        order.returned_on is not None,
    )


def learn(work: Work, order: BankOrder, file: BankFile, heard: Heard) -> bool:
    """Write down a fact of an order that is locked, and do what follows; False if it is old."""
    before = known(order)
    column = f"{heard.fact}_on"
    if getattr(order, column) is None:
        setattr(order, column, heard.on)
        if heard.fact is Fact.PAID:
            order.paid_by = heard.by
        order.code = heard.code or order.code
    after = known(order)
    if after == before:
        return False
    if file.sent_at is None:
        file.sent_at = work.context.now  # it was sent, whether somebody said so or not
    for deed in rules.deeds(before, after):
        if order.operation_id is not None:
            _do(work, order, deed)
        else:
            _do_payout(work, order, deed, heard)
    show(work, order, file)
    return True


def show(work: Work, order: BankOrder, file: BankFile) -> None:
    """Let a payout say where its order stands."""
    if order.payout_id is None:
        return
    row = all_payouts.payout(work, order.payout_id, lock=True)
    state = known(order).state(is_sent=file.sent_at is not None)
    row.state = PayoutState(state)
    if state in {OrderState.REJECTED, OrderState.RETURNED}:
        row.reason, row.message = reasons.reason(order.code), _message(order)
    if state in ENDED and row.ended_at is None:
        row.ended_at = work.context.now


def _do(work: Work, order: BankOrder, deed: Deed) -> None:
    """End a debit, or a refund of one, or write down that its money went back."""
    assert order.operation_id is not None
    operation = all_charges.operation(work, order.operation_id)
    match deed:
        case Deed.PAY:
            reference = order.end_to_end_id
            charges.finish(work, operation.id, Answer(Outcome.SUCCEEDED, reference=reference))
        case Deed.FAIL:
            charges.finish(work, operation.id, _refused(order))
        case Deed.GIVE_BACK if operation.kind == Kind.REFUND:
            charges.record_return(work, operation.id, _refused(order))
        case Deed.GIVE_BACK:
            _give_back(work, order, operation)
    work.session.flush()


def _give_back(work: Work, order: BankOrder, operation: Operation) -> None:
    """Write down that the payer's bank took the money of a debit back.

    What was refunded before goes back twice: the charge has no room for it, the books have to.
    """
    charge = all_charges.charge_to_change(work, operation.charge_id)
    part = min(charge.left_to_refund, order.amount_minor)
    reference = f"return-{order.end_to_end_id}"
    if part:
        charges.record_refund(
            work,
            charge.id,
            Money(part, order.currency),
            reference=reference,
            cause=_message(order),
            at=work.context.now,
        )
    if rest := order.amount_minor - part:
        value = None
        amount = Money(rest, order.currency)
        if charge.rate is not None:
            value = worth(amount, charge.rate, work.context.known.base_currency)
        news = MoneyMoved(
            movement_id=new_id(),
            kind=MovementKind.REFUND,
            on=work.context.today,
            amount=amount,
            worth=value,
            provider="bank",
            description=_message(order),
            references={"charge": str(charge.id), "operation": str(operation.id)},
        )
        movements.move(work, news, reference=reference, charge_id=charge.id)


def _do_payout(work: Work, order: BankOrder, deed: Deed, heard: Heard) -> None:
    assert order.payout_id is not None
    row = all_payouts.payout(work, order.payout_id, lock=True)
    if deed is Deed.PAY:
        payouts.move(work, row, MovementKind.PAYOUT, heard.on)
    elif deed is Deed.GIVE_BACK:
        payouts.move(work, row, MovementKind.PAYOUT_RETURNED, heard.on)


def _refused(order: BankOrder) -> Answer:
    return Answer(
        Outcome.FAILED,
        reference=order.end_to_end_id,
        reason=reasons.reason(order.code),
        message=_message(order),
    )


def _message(order: BankOrder) -> str:
    return f"Returned by the bank: {order.code or 'it did not say why'}."
