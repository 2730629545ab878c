"""What one does about completeness: compare, tell the books again, keep what was found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nexafi.kernel.data.work import Work
from nexafi.kernel.values.money import Money
from nexafi.payments.completeness import queries
from nexafi.payments.movements import actions as movements
from nexafi.payments.tables import Check, Finding

UNBOOKED, NO_MOVEMENT, CHARGE, TOTAL = "unbooked", "no_movement", "charge", "total"


@dataclass(frozen=True, slots=True)
class Found:
    """A difference."""

    kind: str
    subject: str
    off: Money
    message: str


def check(work: Work) -> Check:
    """Compare movements, operations and charges; tell the books again of what they lack."""
    found = {(each.kind, each.subject): each for each in _differences(work)}
    late = queries.to_tell_again(work)
    for movement in late:
        movements.tell_again(work, movement)
    total, unbooked = queries.counted(work)
    row = queries.check(work)
    known = {(each.kind, each.subject): each for each in queries.open_findings(work)}

    if row is None:
        row = Check()
        work.session.add(row)
    row.checked_at = work.context.now
    row.movements, row.unbooked = total, unbooked
    row.told_again, row.findings = len(late), len(found)
    for key, finding in known.items():
        if key not in found:
            finding.closed_at = work.context.now
    for key, each in found.items():
        _keep(work, known.get(key), each)
    work.session.flush()
    return row


def _keep(work: Work, row: Finding | None, each: Found) -> None:
    if row is None:
        row = Finding(kind=each.kind, subject=each.subject, opened_at=work.context.now)
        work.session.add(row)
    row.currency, row.difference_minor = each.off.currency, each.off.minor
    row.message, row.seen_at = each.message, work.context.now


def _differences(work: Work) -> Iterator[Found]:
    """Return all that does not agree."""
    for movement in queries.to_tell_again(work):
        words = f"The books have no entry for this {movement.kind}."
        yield Found(UNBOOKED, str(movement.id), movement.amount, words)
    for operation in queries.operations_without(work):
        words = f"The {operation.kind} succeeded, and no money was written down as moved."
        yield Found(NO_MOVEMENT, str(operation.id), operation.amount, words)
    for charge_id, currency, off in queries.charges_off(work):
        words = "What the charge says was captured and refunded is not what moved."
        yield Found(CHARGE, str(charge_id), Money(int(off), currency), words)
    for (provider, currency), (done, moved) in queries.totals(work).items():
        if done != moved:
            words = (
                f"Operations of {provider} make {Money(done, currency).text} {currency},"
                f" their movements {Money(moved, currency).text}."
            )
            off = Money(done - moved, currency)
            yield Found(TOTAL, f"{provider}/{currency}", off, words)
