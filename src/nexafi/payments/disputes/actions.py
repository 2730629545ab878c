"""What one does to disputes: hear of them, answer them, and tell where the money is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from uuid import UUID

from nexafi.contracts.payments.events import (
    DisputeClosed,
    DisputeEvidenceDue,
    DisputeOpened,
    MovementKind,
)
from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.news.outbox import tell
from nexafi.kernel.trust import audit
from nexafi.kernel.values.ids import new_id
from nexafi.kernel.values.money import Money
from nexafi.payments import cards, counts
from nexafi.payments.charges import queries as charges
from nexafi.payments.charges import telling
from nexafi.payments.disputes import queries, rules
from nexafi.payments.disputes.rules import DisputeState, Whereabouts
from nexafi.payments.errors import EvidenceUnfit, OtherCurrency, TooEarly
from nexafi.payments.providers.port import DisputeNews
from nexafi.payments.tables import Charge, Dispute, DisputeFile
from nexafi.payments.wallets import returning

NAME_CHARS_MAX = 200


def hear(work: Work, charge_id: UUID, news: DisputeNews, at: dt.datetime) -> Dispute:
    """Write down what a provider says of a dispute, and tell the books where the money went.

    However often, late or in whichever order it is said, the end is the same.
    """
    charge = charges.charge_to_change(work, charge_id)
    row = queries.dispute_of_reference(work, charge.provider, news.reference)
    state = DisputeState(news.status)

    if news.amount.currency != charge.currency:
        raise OtherCurrency(f"The charge is in {charge.currency}.")
    if not charge.captured_minor:
        raise TooEarly("The charge is not captured yet, so nobody can contest it.")
    if row is None:
        row = _open(work, charge, news, state, at)
    elif rules.is_news(DisputeState(row.state), state, row.heard_at, at):
        row.state = rules.move(DisputeState(row.state), state)
        row.heard_at = at

    _learn(row, news)
    _move(work, charge, row, news.fee)
    if row.state in rules.ENDS and row.closed_at is None:
        row.closed_at = work.context.now
        closed = DisputeClosed(
            dispute_id=row.id, charge_id=charge.id, amount=row.amount, outcome=row.state
        )
        tell(work, closed)
    return row


def write_evidence(work: Work, dispute_id: UUID, texts: Mapping[str, str]) -> Dispute:
    """Keep what is to be said to a dispute, in the place of what was kept before."""
    row = _answerable(work, dispute_id)
    row.evidence = dict(texts)
    audit.note(work, May.DISPUTE_EDIT, f"disputes/{dispute_id} evidence written")
    return row


def add_file(work: Work, dispute_id: UUID, kind: str, name: str, content: bytes) -> DisputeFile:
    """Keep a file that proves something."""
    row = _answerable(work, dispute_id)
    sizes = [each.size for each in queries.files(work, row.id)]

    media_type = rules.check_file(kind, content, sizes)

    added = DisputeFile(
        id=new_id(),
        dispute_id=row.id,
        kind=kind,
        name=cards.masked(name)[:NAME_CHARS_MAX] or kind,
        media_type=media_type,
        size=len(content),
        content=content,
        created_at=work.context.now,
    )
    work.session.add(added)
    audit.note(work, May.DISPUTE_EDIT, f"disputes/{dispute_id} file {added.id} added")
    return added


def remove_file(work: Work, dispute_id: UUID, file_id: UUID) -> None:
    """Throw away a file that was not handed in."""
    _answerable(work, dispute_id)
    work.session.delete(queries.file(work, dispute_id, file_id))
    audit.note(work, May.DISPUTE_EDIT, f"disputes/{dispute_id} file {file_id} removed")


def check_submittable(work: Work, dispute_id: UUID) -> Dispute:
    """Return a dispute to which something is about to be said."""
    row = _answerable(work, dispute_id)
    if not row.evidence and not queries.files(work, dispute_id):
        raise EvidenceUnfit("There is no evidence to hand in.")
    return row


def note_submitted(work: Work, dispute_id: UUID) -> Dispute:
    """Write down that the evidence was handed in; the first word holds."""
    row = queries.dispute_to_change(work, dispute_id)
    if row.submitted_at is not None:
        return row
    row.submitted_at = work.context.now
    if row.state == DisputeState.NEEDS_RESPONSE:
        row.state = rules.move(DisputeState(row.state), DisputeState.UNDER_REVIEW)
    audit.note(work, May.DISPUTE_EDIT, f"disputes/{dispute_id} submitted")
    return row


def tell_due(work: Work) -> None:
    """Tell of each dispute whose evidence is due soon, once."""
    for row in queries.disputes_near(work):
        assert row.evidence_due_on is not None, "only those with a day are near"
        row.told_due_at = work.context.now
        news = DisputeEvidenceDue(
            dispute_id=row.id,
            charge_id=row.charge_id,
            amount=row.amount,
            due_on=row.evidence_due_on,
        )
        tell(work, news)


def _answerable(work: Work, dispute_id: UUID) -> Dispute:
    row = queries.dispute_to_change(work, dispute_id)
    rules.check_open(DisputeState(row.state), is_submitted=row.submitted_at is not None)
    return row


def _open(
    work: Work, charge: Charge, news: DisputeNews, state: DisputeState, at: dt.datetime
) -> Dispute:
    row = Dispute(
        id=new_id(),
        charge_id=charge.id,
        provider=charge.provider,
        reference=news.reference,
        state=state,
        money=Whereabouts.KEPT,
        currency=news.amount.currency,
        amount_minor=news.amount.minor,
        fee_minor=0,
        reason=cards.masked(news.reason)[:200],
        evidence_due_on=news.evidence_due_on,
        evidence={},
        heard_at=at,
        created_at=work.context.now,
    )
    work.session.add(row)
    work.count(counts.DISPUTES)
    opened = DisputeOpened(
        dispute_id=row.id,
        charge_id=charge.id,
        amount=row.amount,
        reason=row.reason,
        evidence_due_on=row.evidence_due_on,
    )
    tell(work, opened)
    return row


def _learn(row: Dispute, news: DisputeNews) -> None:
    """Keep what is said beside the state, where it was not known."""
    row.reason = row.reason or cards.masked(news.reason)[:200]
    row.evidence_due_on = row.evidence_due_on or news.evidence_due_on


def _move(work: Work, charge: Charge, row: Dispute, fee: Money | None) -> None:
    """Tell the books which way the money of the dispute went, and count it in the charge."""
    then, movements = rules.way(Whereabouts(row.money), DisputeState(row.state))
    left = 0
    if fee is not None and fee.currency == row.currency:
        left = max(0, fee.minor - row.fee_minor)
    row.fee_minor += left
    row.money = then

    for kind in movements:
        if kind is MovementKind.DISPUTE_OPENED:
            row.counted_minor = min(row.amount_minor, charge.left_to_refund)
            charge.disputed_minor += row.counted_minor
        if kind is MovementKind.DISPUTE_WON:
            charge.disputed_minor -= row.counted_minor
            row.counted_minor = 0
        _tell(work, charge, row, kind, row.amount, fee_minor=left)
        _reach_wallet(work, charge, row, kind)
        left = 0
    if left:
        _tell(work, charge, row, MovementKind.FEE, Money(left, row.currency), fee_minor=0)


def _reach_wallet(work: Work, charge: Charge, row: Dispute, kind: MovementKind) -> None:
    """Do to the wallet that the charge topped up, if it did, what is done to its money."""
    amount = Money(row.counted_minor, row.currency)
    match kind:
        case MovementKind.DISPUTE_OPENED:
            returning.contest(work, charge, row.id, amount)
        case MovementKind.DISPUTE_WON:
            returning.release(work, charge, row.id)
        case MovementKind.DISPUTE_LOST:
            returning.take_back(work, charge, row.id, amount)


def _tell(
    work: Work, charge: Charge, row: Dispute, kind: MovementKind, amount: Money, *, fee_minor: int
) -> None:
    telling.tell_moved(
        work,
        charge,
        kind,
        amount,
        fee_minor=fee_minor,
        reference=row.reference,
        references={"dispute": str(row.id)},
    )
