"""What one does to charges. Whoever hears of an outcome first writes it, under one lock.

An operation is begun here and committed before a provider is asked (`asking.py`);
`finish` takes every answer: to the call, to the resolver, in a webhook, from a person.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from nexafi.contracts.payments.events import MovementKind
from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.trust import audit
from nexafi.kernel.values.ids import new_id
from nexafi.kernel.values.money import Money
from nexafi.payments import counts
from nexafi.payments.charges import queries, rules, telling
from nexafi.payments.charges.rules import OperationState, State, Sums
from nexafi.payments.errors import KeyTaken, NotHeld, StillAsking
from nexafi.payments.providers.port import Answer, Kind, Outcome, Reason, Takes
from nexafi.payments.rates import queries as rates
from nexafi.payments.tables import Charge, Operation
from nexafi.payments.wallets import returning


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays and with what, as one provider knows it."""

    provider: str
    kind: str
    token: str
    payment_method_id: UUID | None = None
    customer_id: UUID | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class NewCharge:
    """A charge as it is asked for."""

    amount: Money
    captures: bool
    description: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    return_url: str | None = None
    id: UUID = field(default_factory=new_id)
    """By which shares of routing are drawn, so it is there before a provider is chosen."""


def begin(work: Work, new: NewCharge, payer: Payer, key: str | None) -> Operation:
    """Write down that money is about to be asked for, with the rate of this moment."""
    kind = Kind.SALE if new.captures else Kind.AUTHORIZE
    charge = Charge(
        id=new.id,
        state=rules.DURING[kind],
        provider=payer.provider,
        currency=new.amount.currency,
        amount_minor=new.amount.minor,
        captures=new.captures,
        rate=rates.rate(work, new.amount.currency),
        method_kind=payer.kind,
        token=payer.token,
        payment_method_id=payer.payment_method_id,
        customer_id=payer.customer_id,
        country=payer.country,
        description=new.description,
        details=dict(new.details),
        return_url=new.return_url,
        created_at=work.context.now,
    )
    work.session.add(charge)
    work.session.flush()
    work.count(counts.CHARGES)
    return _begin(work, charge, kind, new.amount, key)


def begin_capture(
    work: Work,
    charge_id: UUID,
    amount: Money | None,
    takes: Takes,
    *,
    is_last: bool,
    key: str | None,
) -> Operation:
    """Write down that what is authorized, or a part of it, is about to be captured."""
    charge = _charge_for(work, charge_id, Kind.CAPTURE)

    part = rules.part(amount, charge.left_to_capture, charge.currency, "capture")
    is_whole = part.minor == charge.left_to_capture
    rules.check_part(
        takes,
        charge.provider,
        is_whole=is_whole,
        is_first=not charge.captured_minor,
        is_last=is_last or is_whole,
    )

    charge.state = rules.move(State(charge.state), State.CAPTURING)
    charge.capturing_minor += part.minor
    return _begin(work, charge, Kind.CAPTURE, part, key, is_last=is_last or is_whole)


def begin_void(work: Work, charge_id: UUID, key: str | None) -> Operation:
    """Write down that what is authorized, or the rest of it, is about to be let go."""
    charge = _charge_for(work, charge_id, Kind.VOID)

    charge.state = rules.move(State(charge.state), State.VOIDING)
    left = charge.left_to_capture or charge.amount_minor
    return _begin(work, charge, Kind.VOID, Money(left, charge.currency), key)


def begin_refund(
    work: Work, charge_id: UUID, amount: Money | None, cause: str, key: str | None
) -> Operation:
    """Write down that money is about to go back; what is under way is taken from what is left."""
    charge = _charge_for(work, charge_id, Kind.REFUND)

    part = rules.part(amount, charge.left_to_refund, charge.currency, "refund")

    charge.refunding_minor += part.minor
    operation = _begin(work, charge, Kind.REFUND, part, key, cause=cause)
    returning.reserve(work, charge, operation.id, part)
    return operation


def _charge_for(work: Work, charge_id: UUID, kind: Kind) -> Charge:
    charge = queries.charge_to_change(work, charge_id)
    if kind is not Kind.REFUND and (under_way := _under_way(work, charge)):
        if under_way.state != OperationState.ACTION or kind is not Kind.VOID:
            raise StillAsking(
                f"The {under_way.kind} of this charge has not ended.", operation=str(under_way.id)
            )
        _give_up(work, under_way)
    rules.check_asked(kind, State(charge.state))
    return charge


def _under_way(work: Work, charge: Charge) -> Operation | None:
    found = queries.unfinished_of(work, charge.id)
    return next((each for each in found if each.kind != Kind.REFUND), None)


def _give_up(work: Work, operation: Operation) -> None:
    """End what waits for its payer: the charge is about to be voided."""
    operation.state, operation.due_at = OperationState.FAILED, None
    operation.reason, operation.finished_at = Reason.CANCELED, work.context.now


def _begin(
    work: Work,
    charge: Charge,
    kind: Kind,
    amount: Money,
    key: str | None,
    *,
    is_last: bool = True,
    cause: str = "",
) -> Operation:
    now = work.context.now
    operation = Operation(
        id=new_id(),
        charge_id=charge.id,
        kind=kind,
        state=OperationState.ASKING,
        provider=charge.provider,
        currency=amount.currency,
        amount_minor=amount.minor,
        is_last=is_last,
        cause=cause,
        request_key=key,
        asked_by=work.context.actor,
        created_at=now,
        asked_at=now,
        due_at=now + rules.PATIENCE,
    )
    work.session.add(operation)
    work.session.flush()
    return operation


@dataclass(frozen=True, slots=True)
class Before:
    """What one would find that was begun with an idempotency key by one who died."""

    key: str | None
    kinds: Collection[Kind]
    charge_id: UUID | None = None
    amount: Money | None = None


def begun_before(work: Work, before: Before) -> Operation | None:
    """Return what was begun with this idempotency key; raise if that was something else."""
    found = queries.operation_of_key(work, before.key)
    if found is None:
        return None
    is_same = found.kind in before.kinds and before.charge_id in {None, found.charge_id}
    if not is_same or before.amount not in {None, found.amount}:
        raise KeyTaken("This idempotency key came before with another request.")
    return found


def take_over(work: Work, operation_id: UUID) -> Operation | None:
    """Return an operation that is due to be asked about, now being asked; else None."""
    operation = queries.operation(work, operation_id)
    queries.charge_to_change(work, operation.charge_id)
    operation = queries.operation(work, operation_id)
    now = work.context.now
    if operation.due_at is None or operation.due_at > now:
        return None
    operation.tries += 1
    operation.asked_at, operation.due_at = now, now + rules.PATIENCE
    work.session.flush()
    return operation


def fail_over(work: Work, operation_id: UUID, answer: Answer, payer: Payer) -> Operation | None:
    """Ask another provider in the place of one that surely did nothing; None if it is too late.

    Never while an outcome is unknown: one that was asked more than once may have heard us before.
    """
    operation = queries.operation(work, operation_id)
    charge = queries.charge_to_change(work, operation.charge_id)
    operation = queries.operation(work, operation_id)
    if operation.state != OperationState.ASKING or operation.tries > 1:
        return None
    key, operation.request_key = operation.request_key, None
    _end(work, operation, replace(answer, outcome=Outcome.FAILED))
    work.session.flush()
    charge.provider, charge.token, charge.method_kind = payer.provider, payer.token, payer.kind
    return _begin(work, charge, Kind(operation.kind), operation.amount, key)


def finish(work: Work, operation_id: UUID, answer: Answer) -> Charge:
    """Write down what a provider said of an operation, and tell the others what came of it.

    What was finished stays so, whoever says it again; but money that a provider
    took after it had said no is a fact, and is written down late.
    """
    charge = queries.charge_to_change(work, queries.operation(work, operation_id).charge_id)
    operation = queries.operation(work, operation_id)
    state = OperationState(operation.state)
    if state is OperationState.SUCCEEDED:
        return charge
    if state is OperationState.FAILED:
        if answer.outcome is not Outcome.SUCCEEDED:
            return charge
        _reopen(charge, operation)

    _learn(charge, operation, answer)
    outcome = answer.outcome
    if outcome is Outcome.UNTOUCHED and operation.tries > 1:
        outcome = Outcome.PENDING  # this try did nothing; an earlier one may have
    if outcome in {Outcome.PENDING, Outcome.UNKNOWN, Outcome.ACTION}:
        _wait(work, charge, operation, replace(answer, outcome=outcome))
        return charge

    _end(work, operation, replace(answer, outcome=outcome))
    kind = Kind(operation.kind)
    if outcome is Outcome.SUCCEEDED:
        _add(charge, operation)
    else:
        _take_back(charge, operation, answer)
    if kind is not Kind.REFUND:
        _move(charge, operation, outcome)
    telling.tell_finished(work, charge, operation)
    return charge


def hold(work: Work, operation_id: UUID, message: str) -> Charge:
    """Leave an operation to a person: nobody we may ask knows how it ended."""
    operation = queries.operation(work, operation_id)
    charge = queries.charge_to_change(work, operation.charge_id)
    if operation.state in {OperationState.ASKING, OperationState.PENDING}:
        operation.state, operation.due_at = OperationState.HELD, None
        operation.message = message[:500]
        work.count(counts.HELD)
    return charge


def decide(work: Work, operation_id: UUID, *, is_done: bool, reference: str | None) -> Charge:
    """Write down what a person found out about an operation that is held."""
    operation = queries.operation(work, operation_id)
    if operation.state != OperationState.HELD:
        raise NotHeld(f"The operation is {operation.state}; only one that is held is decided.")
    outcome = Outcome.SUCCEEDED if is_done else Outcome.FAILED
    audit.note(work, May.CHARGE_CAPTURE, f"operations/{operation_id} decided: {outcome}")
    answer = Answer(
        outcome,
        charge_reference=reference if operation.kind in {Kind.SALE, Kind.AUTHORIZE} else None,
        reference=reference,
        reason="" if is_done else Reason.OTHER,
        message="Decided by a person.",
    )
    return finish(work, operation_id, answer)


def record_refund(
    work: Work, charge_id: UUID, amount: Money, *, reference: str, cause: str, at: dt.datetime
) -> Operation | None:
    """Write down a refund that was not asked for here: a return, or one made at the provider's.

    None if it is known already, by its reference.
    """
    charge = queries.charge_to_change(work, charge_id)
    if queries.operation_of_reference(work, charge.provider, reference) is not None:
        return None
    part = rules.part(amount, charge.left_to_refund, charge.currency, "refund")
    charge.refunding_minor += part.minor
    operation = _begin(work, charge, Kind.REFUND, part, None, cause=cause)
    operation.created_at = at
    finish(work, operation.id, Answer(Outcome.SUCCEEDED, reference=reference))
    return operation


def record_return(work: Work, operation_id: UUID, answer: Answer) -> Charge:
    """Write down that a refund which had been made came back: the money is ours again."""
    charge = queries.charge_to_change(work, queries.operation(work, operation_id).charge_id)
    operation = queries.operation(work, operation_id)
    if operation.state != OperationState.SUCCEEDED:
        return finish(work, operation_id, answer)
    _end(work, operation, answer)
    charge.refunded_minor -= operation.amount_minor
    telling.move(work, charge, operation, MovementKind.REFUND_FAILED)
    telling.tell_finished(work, charge, operation)
    return charge


# -- the parts of `finish` ----------------------------------------------------------------------


def _learn(charge: Charge, operation: Operation, answer: Answer) -> None:
    """Keep what an answer says beside its outcome."""
    charge.reference = answer.charge_reference or charge.reference
    charge.country = charge.country or answer.country
    operation.reference = answer.reference or operation.reference
    operation.reason, operation.message = answer.reason, answer.message
    if answer.fee is not None and answer.fee.currency == charge.currency:
        operation.fee_minor = answer.fee.minor
    if answer.expires_at is not None:
        charge.expires_at = answer.expires_at
    charge.action = dict(answer.action) if answer.action else None


def _wait(work: Work, charge: Charge, operation: Operation, answer: Answer) -> None:
    """Go on waiting for the provider, or for the payer; or leave it to a person."""
    now, is_known = work.context.now, bool(operation.reference or answer.outcome is Outcome.ACTION)
    kind = Kind(operation.kind)
    if rules.is_hopeless(operation.created_at, now, is_known=is_known):
        hold(work, operation.id, answer.message or "The provider was not heard.")
        return
    if answer.outcome is Outcome.ACTION:
        operation.state, then = OperationState.ACTION, State.REQUIRES_ACTION
    else:
        operation.state = OperationState.PENDING if is_known else OperationState.ASKING
        then = rules.DURING.get(kind, State(charge.state))
    if kind is not Kind.REFUND and charge.state != then:
        charge.state = rules.move(State(charge.state), then)
        if then is State.REQUIRES_ACTION:
            telling.tell_action(work, charge)
    operation.due_at = now + rules.ask_again_after(operation.tries, is_known=is_known)


def _end(work: Work, operation: Operation, answer: Answer) -> None:
    operation.state = rules.OPERATION_AFTER[answer.outcome]
    operation.reason, operation.message = answer.reason, answer.message
    operation.due_at, operation.finished_at = None, work.context.now


def _add(charge: Charge, operation: Operation) -> None:
    """Count what was done."""
    minor = operation.amount_minor
    match Kind(operation.kind):
        case Kind.AUTHORIZE:
            charge.authorized_minor = minor
        case Kind.SALE:
            charge.authorized_minor = charge.captured_minor = minor
        case Kind.CAPTURE:
            charge.capturing_minor -= minor
            charge.captured_minor += minor
        case Kind.REFUND:
            charge.refunding_minor -= minor
            charge.refunded_minor += minor
        case Kind.VOID:
            pass
    charge.fee_minor += operation.fee_minor
    charge.reason = charge.message = ""


def _take_back(charge: Charge, operation: Operation, answer: Answer) -> None:
    """Let go of what was reserved for something that will not happen."""
    operation.fee_minor = 0
    if operation.kind == Kind.CAPTURE:
        charge.capturing_minor -= operation.amount_minor
    if operation.kind == Kind.REFUND:
        charge.refunding_minor -= operation.amount_minor
    else:
        charge.reason, charge.message = answer.reason, answer.message


def _move(charge: Charge, operation: Operation, outcome: Outcome) -> None:
    sums = Sums(charge.amount_minor, charge.authorized_minor, charge.captured_minor)
    kind = Kind(operation.kind)
    then = rules.after(kind, outcome, sums, is_last=operation.is_last)
    is_gone = operation.reason == Reason.AUTHORIZATION_EXPIRED and outcome is not Outcome.SUCCEEDED
    if kind is Kind.CAPTURE and is_gone:
        then = State.CAPTURED if charge.captured_minor else State.VOIDED
    if then != charge.state:
        charge.state = rules.move(State(charge.state), then)


def _reopen(charge: Charge, operation: Operation) -> None:
    """Reserve again what a provider says it did after it had said no."""
    if operation.kind == Kind.CAPTURE:
        rules.part(operation.amount, charge.left_to_capture, charge.currency, "capture")
        charge.state = rules.move(State(charge.state), State.CAPTURING)
        charge.capturing_minor += operation.amount_minor
    if operation.kind == Kind.REFUND:
        rules.part(operation.amount, charge.left_to_refund, charge.currency, "refund")
        charge.refunding_minor += operation.amount_minor
    if operation.kind == Kind.VOID:
        charge.state = rules.move(State(charge.state), State.VOIDING)
