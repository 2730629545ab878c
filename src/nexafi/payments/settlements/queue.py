"""The queue of breaks, worked by people: assign, explain, link, and take back."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from nexafi.contracts.payments.events import MovementKind
from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.trust import audit
from nexafi.kernel.values.money import Money
from nexafi.payments.errors import BreakClosed, LinkUnfit, MovementNotFound, MovementSettled
from nexafi.payments.settlements import booking, queries, store
from nexafi.payments.settlements.actions import book, heal, match_row
from nexafi.payments.settlements.booking import Booking
from nexafi.payments.settlements.rules import BreakKind, How, Known, State
from nexafi.payments.tables import (
    Settlement,
    SettlementBreak,
    SettlementLine,
    SettlementMatch,
)

EXPLAINED, LINKED = "explained", "linked"


def assign(work: Work, break_id: UUID, assignee: str | None) -> SettlementBreak:
    """Say who looks at a break."""
    row = _open(work, break_id)
    row.assignee = assignee
    return row


def explain(work: Work, break_id: UUID, reason: str, *, books: bool) -> SettlementBreak:
    """Close a break with a reason; with *books* what it leaves in the clearing account goes out.

    A fee that was higher than told is booked as a fee, all else as an adjustment.
    """
    row = _open(work, break_id)
    line = queries.line(work, row.line_id) if row.line_id else None
    off = line.difference_minor if line else row.difference_minor

    if books and off:
        is_fee = row.kind == BreakKind.FEE
        made = (
            booking.fee_of(off, row.currency, reason)
            if is_fee
            else Booking(MovementKind.ADJUSTMENT, Money(-off, row.currency), reason)
        )
        row.adjustment_id = book(work, row.provider, made, _settlement(work, row), reason)
        if line is not None:
            line.explained_minor -= off
        elif row.movement_id is not None:
            _mark(work, row, row.movement_id, How.BOOKED, None)
    if line is not None:
        line.state = State.EXPLAINED

    _close(work, row, EXPLAINED, reason)
    return row


def link(work: Work, break_id: UUID, movement_ids: Sequence[UUID], reason: str) -> SettlementBreak:
    """Say which movements a line is; what then still differs stays open."""
    row = _open(work, break_id)
    if row.line_id is None:
        raise LinkUnfit("No line is missing its movement here; explain it, or wait for its line.")
    line = queries.line(work, row.line_id)
    found = [_linkable(work, row, each) for each in dict.fromkeys(movement_ids)]
    currencies = {each.currency for each in found}
    if line.matched_minor or len(currencies) != 1:
        raise LinkUnfit("The line is linked already, or the movements are in several currencies.")
    if (other := currencies.pop()) != line.currency:
        _exchange(work, row, line, sum(each.effect for each in found), other)

    line.matched_minor = sum(each.effect for each in found)
    line.state = State.MATCHED
    missing = queries.missing_lines(work, row.provider)
    for each in found:
        _mark(work, row, each.id, How.PERSON, line.id)
        if each.id in missing:
            heal(work, missing[each.id])
    row.movement_id, row.currency = found[0].id, line.taken_currency
    row.difference_minor, row.reason = line.difference_minor, reason
    if line.difference_minor:
        row.kind = BreakKind.AMOUNT
    else:
        _close(work, row, LINKED, reason)
    audit.note(work, May.SETTLEMENT_EDIT, f"settlements/breaks/{row.id}/linked")
    return row


def undo(work: Work, break_id: UUID, reason: str) -> SettlementBreak:
    """Take back what was decided on a break, and open it again; what was booked is booked back."""
    row = queries.break_(work, break_id, lock=True)
    linked = queries.matches_of(work, row.line_id, How.PERSON) if row.line_id else []
    if row.outcome not in {EXPLAINED, LINKED} and not (row.closed_at is None and linked):
        raise BreakClosed("Only what somebody explained or linked can be taken back.")
    line = queries.line(work, row.line_id) if row.line_id else None
    if row.adjustment_id is not None:
        _book_back(work, row, line, row.adjustment_id, reason)
    if line is not None:
        if row.outcome != EXPLAINED:
            _unlink(work, row, line, linked, reason)
        line.state = State.MATCHED if line.matched_minor else State.OPEN
        row.difference_minor, row.currency = line.difference_minor, line.taken_currency
    row.outcome = row.closed_at = row.closed_by = row.adjustment_id = None
    row.reason = reason
    audit.note(work, May.SETTLEMENT_EDIT, f"settlements/breaks/{row.id}/undone")
    return row


def _open(work: Work, break_id: UUID) -> SettlementBreak:
    row = queries.break_(work, break_id, lock=True)
    if row.closed_at is not None:
        raise BreakClosed(f"The break was {row.outcome} by {row.closed_by}.")
    return row


def _close(work: Work, row: SettlementBreak, outcome: str, reason: str) -> None:
    row.outcome, row.reason = outcome, reason
    row.closed_at, row.closed_by = work.context.now, work.context.actor
    audit.note(work, May.SETTLEMENT_EDIT, f"settlements/breaks/{row.id}/{outcome}")


def _settlement(work: Work, row: SettlementBreak) -> Settlement | None:
    return queries.settlement(work, row.settlement_id) if row.settlement_id else None


def _linkable(work: Work, row: SettlementBreak, movement_id: UUID) -> Known:
    """Return a movement that a line of this break may be."""
    known = queries.movement_known(work, movement_id)
    if known is None:
        raise MovementNotFound(f"There is no movement {movement_id}.")
    if known.provider != row.provider or not known.effect:
        raise LinkUnfit(f"{row.provider} did not move {movement_id}.", pointer="#/movements")
    if known.is_settled:
        raise MovementSettled(f"The movement {movement_id} is settled already.")
    return known


def _mark(
    work: Work, row: SettlementBreak, movement_id: UUID, how: How, line_id: UUID | None
) -> None:
    made = match_row(work, movement_id, how, row.settlement_id, line_id)
    store.keep(work, lines=[], matches=[made], breaks=[])


def _exchange(
    work: Work, row: SettlementBreak, line: SettlementLine, own: int, currency: str
) -> None:
    """Move what a line took from the account of its currency to that of what was exchanged."""
    words = f"Line {line.line_id or line.position}"
    came = Money(line.amount_minor, line.currency)
    for each in booking.exchange(came, line.fee_minor, Money(own, currency), words):
        if each.amount.minor:
            book(work, row.provider, each, _settlement(work, row))
    line.taken_minor, line.taken_currency = own, currency


def _book_back(
    work: Work,
    row: SettlementBreak,
    line: SettlementLine | None,
    adjustment_id: UUID,
    reason: str,
) -> None:
    made = queries.movement_known(work, adjustment_id)
    assert made is not None, "what was booked is never removed"
    back = Booking(MovementKind.ADJUSTMENT, Money(-made.effect, made.currency), reason)
    book(work, row.provider, back, _settlement(work, row), reason)
    if line is not None:
        line.explained_minor -= made.effect
    elif row.movement_id is not None and (match := queries.match_of(work, row.movement_id)):
        work.session.delete(match)


def _unlink(
    work: Work,
    row: SettlementBreak,
    line: SettlementLine,
    linked: Sequence[SettlementMatch],
    reason: str,
) -> None:
    """Take back the links that a person made; those that were found stay."""
    for each in linked:
        work.session.delete(each)
    if linked:
        if line.taken_currency != line.currency:
            _exchange_back(work, row, line, reason)
        line.matched_minor = 0


def _exchange_back(work: Work, row: SettlementBreak, line: SettlementLine, reason: str) -> None:
    net = line.amount_minor - line.fee_minor
    for minor, currency in ((-net, line.currency), (line.taken_minor, line.taken_currency)):
        if minor:
            back = Booking(MovementKind.ADJUSTMENT, Money(minor, currency), reason)
            book(work, row.provider, back, _settlement(work, row), reason)
    line.taken_minor, line.taken_currency = net, line.currency
