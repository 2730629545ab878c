"""What the others are told of a charge: its news, and each movement of money once."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from nexafi.contracts.payments.events import (
    ChargeActionRequired,
    ChargeAuthorized,
    ChargeCaptured,
    ChargeFailed,
    ChargeRefunded,
    ChargeVoided,
    MoneyMoved,
    MovementKind,
    RefundFailed,
)
from nexafi.kernel.data.work import Work
from nexafi.kernel.news.outbox import tell
from nexafi.kernel.values.ids import new_id
from nexafi.kernel.values.money import Money
from nexafi.payments import counts
from nexafi.payments.charges.rules import OperationState, State
from nexafi.payments.fees import actions as fees
from nexafi.payments.movements import actions as movements
from nexafi.payments.providers.port import Kind
from nexafi.payments.rates import rules as rates
from nexafi.payments.tables import Charge, Movement, Operation
from nexafi.payments.wallets import queries as wallets
from nexafi.payments.wallets import returning


def tell_action(work: Work, charge: Charge) -> None:
    """Tell that the payer has to do something."""
    tell(work, ChargeActionRequired(charge_id=charge.id, amount=charge.amount))


def tell_finished(work: Work, charge: Charge, operation: Operation) -> None:
    """Tell what came of an operation that has just been finished."""
    kind = Kind(operation.kind)
    if operation.state == OperationState.SUCCEEDED:
        _tell_done(work, charge, operation, kind)
    elif kind is Kind.REFUND:
        returning.release(work, charge, operation.id)
        news = RefundFailed(
            charge_id=charge.id,
            refund_id=operation.id,
            amount=operation.amount,
            reason=operation.reason,
        )
        tell(work, news)
    elif charge.state == State.FAILED:
        work.count(counts.FAILURES)
        tell(work, ChargeFailed(charge_id=charge.id, amount=charge.amount, reason=charge.reason))
    elif charge.state == State.VOIDED:
        tell(work, ChargeVoided(charge_id=charge.id, amount=charge.amount))


def _tell_done(work: Work, charge: Charge, operation: Operation, kind: Kind) -> None:
    today = work.context.today
    match kind:
        case Kind.AUTHORIZE:
            tell(work, ChargeAuthorized(charge_id=charge.id, amount=operation.amount))
        case Kind.SALE | Kind.CAPTURE:
            work.count(counts.CAPTURES)
            _move_captured(work, charge, operation)
            captured = ChargeCaptured(
                charge_id=charge.id,
                operation_id=operation.id,
                amount=operation.amount,
                fee=Money(operation.fee_minor, charge.currency),
                captured_on=today,
            )
            tell(work, captured)
        case Kind.REFUND:
            work.count(counts.REFUNDS)
            move(work, charge, operation, MovementKind.REFUND)
            returning.take_back(work, charge, operation.id, operation.amount)
            fees.give_back(work, charge, operation)
            refunded = ChargeRefunded(
                charge_id=charge.id,
                refund_id=operation.id,
                amount=operation.amount,
                refunded_on=today,
            )
            tell(work, refunded)
        case Kind.VOID:
            tell(work, ChargeVoided(charge_id=charge.id, amount=operation.amount))


def _move_captured(work: Work, charge: Charge, operation: Operation) -> None:
    """Tell of money that came in: for a wallet, if the charge tops one up."""
    if wallets.top_up_of(work, charge.id) is None:
        move(work, charge, operation, MovementKind.CAPTURE)
        fees.take(work, charge, operation)
        return
    moved = move(work, charge, operation, MovementKind.WALLET_TOP_UP)
    returning.credit(work, charge, operation.amount, moved)


def move(work: Work, charge: Charge, operation: Operation, kind: MovementKind) -> Movement:
    """Tell the ledger of money of a charge that moved by an operation."""
    return tell_moved(
        work,
        charge,
        kind,
        operation.amount,
        fee_minor=operation.fee_minor,
        reference=operation.reference,
        operation_id=operation.id,
        references={"operation": str(operation.id)},
    )


def tell_moved(
    work: Work,
    charge: Charge,
    kind: MovementKind,
    amount: Money,
    *,
    fee_minor: int = 0,
    reference: str | None = None,
    operation_id: UUID | None = None,
    references: Mapping[str, str],
) -> Movement:
    """Tell the ledger of money of a charge that moved, at the rate that was locked for it."""
    worth = None
    if charge.rate is not None:
        worth = rates.worth(amount, charge.rate, work.context.known.base_currency)
    belongs = {"charge": str(charge.id), **references}
    if charge.customer_id is not None:
        belongs["customer"] = str(charge.customer_id)
    news = MoneyMoved(
        movement_id=new_id(),
        kind=kind,
        on=work.context.today,
        amount=amount,
        fee=Money(fee_minor, charge.currency) if fee_minor else None,
        worth=worth,
        provider=charge.provider,
        description=charge.description,
        references=belongs,
    )
    return movements.move(
        work, news, reference=reference, charge_id=charge.id, operation_id=operation_id
    )
