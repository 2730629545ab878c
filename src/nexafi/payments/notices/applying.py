"""What a provider's notice does, through the very transition that takes the answers to calls."""

from __future__ import annotations

from dataclasses import dataclass

from nexafi.kernel.data.work import Work
from nexafi.payments.charges import actions as charges
from nexafi.payments.charges import queries
from nexafi.payments.charges.rules import UNFINISHED, OperationState
from nexafi.payments.disputes import actions as disputes
from nexafi.payments.errors import Foreign, TooEarly
from nexafi.payments.notices import queries as notices
from nexafi.payments.notices.rules import EventState
from nexafi.payments.providers.port import Answer, Kind, Notice, Outcome, Subject, Takes
from nexafi.payments.tables import Charge, Operation, WebhookEvent


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a notice."""

    state: EventState
    reason: str = ""


APPLIED = Done(EventState.APPLIED)


def apply(work: Work, takes: Takes, row: WebhookEvent, notice: Notice) -> Done:
    """Do what a notice says; raise TooEarly or Foreign if what it speaks of is not known here."""
    match notice.subject:
        case Subject.OPERATION:
            return _operation(work, takes, row, notice)
        case Subject.REFUND:
            return _refund(work, row, notice)
        case Subject.DISPUTE:
            return _dispute(work, row, notice)
        case Subject.PAYOUT:
            return Done(EventState.IGNORED, "What providers pay us is read from their reports.")
    return Done(EventState.IGNORED, "It says nothing that is acted upon.")


def _operation(work: Work, takes: Takes, row: WebhookEvent, notice: Notice) -> Done:
    answer = _answer(notice)
    operation = _named(work, row, notice)
    if operation is None:
        charge = _charge(work, row, notice)
        operation = _of_kind(work, charge, notice.kind)
        if operation is None:
            return _made_elsewhere(work, takes, charge, notice, answer)
    if operation.kind == Kind.REFUND:
        return _refund_said(work, row, operation, answer)
    return _finish(work, row, operation, answer)


def _finish(work: Work, row: WebhookEvent, operation: Operation, answer: Answer) -> Done:
    """Let an operation end as it is said, unless more has been heard of it."""
    queries.charge_to_change(work, operation.charge_id)
    operation = queries.operation(work, operation.id)
    row.charge_id, row.operation_id = operation.charge_id, operation.id
    if operation.state not in UNFINISHED and notices.has_later(work, row, operation.id):
        return Done(EventState.IGNORED, "What happened later is known already.")
    charges.finish(work, operation.id, answer)
    return APPLIED


def _made_elsewhere(
    work: Work, takes: Takes, charge: Charge, notice: Notice, answer: Answer
) -> Done:
    """Write down a capture or a void that was not asked for here: a person did it over there."""
    if answer.outcome is not Outcome.SUCCEEDED or notice.kind not in {Kind.CAPTURE, Kind.VOID}:
        return Done(EventState.IGNORED, "Nobody here asked for this, and no money moved.")
    if notice.kind is Kind.CAPTURE:
        is_last = notice.is_last or not takes.captures_often
        operation = charges.begin_capture(
            work, charge.id, notice.amount, takes, is_last=is_last, key=None
        )
    else:
        operation = charges.begin_void(work, charge.id, None)
    charges.finish(work, operation.id, answer)
    return APPLIED


def _refund(work: Work, row: WebhookEvent, notice: Notice) -> Done:
    answer = _answer(notice)
    if (operation := _named(work, row, notice)) is not None:
        return _refund_said(work, row, operation, answer)
    charge = queries.charge_to_change(work, _charge(work, row, notice).id)
    asked = queries.unfinished_of(work, charge.id)
    if any(each.kind == Kind.REFUND and each.reference is None for each in asked):
        raise TooEarly("A refund of this charge is being asked for; this may be the same.")
    if answer.outcome is Outcome.FAILED:
        raise TooEarly("A refund that is not known here came back.")
    if answer.outcome is not Outcome.SUCCEEDED or notice.amount is None or not answer.reference:
        return Done(EventState.IGNORED, "Nobody here asked for this refund, and it is not made.")
    charges.record_refund(
        work,
        charge.id,
        notice.amount,
        reference=answer.reference,
        cause=answer.reason,
        at=notice.at,
    )
    return APPLIED


def _refund_said(work: Work, row: WebhookEvent, operation: Operation, answer: Answer) -> Done:
    """Let a refund end as it is said; one that was made may come back days later."""
    is_made = operation.state == OperationState.SUCCEEDED
    if (
        is_made
        and answer.outcome is Outcome.FAILED
        and not notices.has_later(work, row, operation.id)
    ):
        row.charge_id, row.operation_id = operation.charge_id, operation.id
        charges.record_return(work, operation.id, answer)
        return APPLIED
    return _finish(work, row, operation, answer)


def _dispute(work: Work, row: WebhookEvent, notice: Notice) -> Done:
    assert notice.dispute is not None, "a notice of a dispute says which"
    charge = _charge(work, row, notice)
    disputes.hear(work, charge.id, notice.dispute, notice.at)
    return APPLIED


def _named(work: Work, row: WebhookEvent, notice: Notice) -> Operation | None:
    """Return the operation that a notice names: by our id, or by the provider's reference."""
    found = None
    if notice.operation_id is not None:
        found = queries.find_operation(work, notice.operation_id)
    if found is None and notice.answer is not None and notice.answer.reference:
        found = queries.operation_of_reference(work, row.provider, notice.answer.reference)
    if found is None or found.provider != row.provider:
        return None
    row.charge_id = found.charge_id
    return found


def _charge(work: Work, row: WebhookEvent, notice: Notice) -> Charge:
    found = None
    if notice.charge_reference:
        found = queries.charge_of_reference(work, row.provider, notice.charge_reference)
    if found is not None:
        row.charge_id = found.id
        return found
    if notices.awaits_reference(work, row.provider):
        raise TooEarly("No charge of this reference is known yet, and one is being asked for.")
    raise Foreign("This is a charge of nobody here.")


def _of_kind(work: Work, charge: Charge, kind: Kind | None) -> Operation | None:
    """Return what is being done to a charge; else what was done last of that kind."""
    every = queries.operations_of(work, charge.id)
    fits = [each for each in every if kind in {None, Kind(each.kind)} and each.kind != Kind.REFUND]
    open_ones = [each for each in fits if each.state in UNFINISHED]
    if open_ones:
        return open_ones[-1]
    is_several = kind in {Kind.CAPTURE, Kind.VOID}
    return fits[-1] if fits and not is_several else None


def _answer(notice: Notice) -> Answer:
    assert notice.answer is not None, "a notice of an operation says what became of it"
    return notice.answer
