"""Telling of movements: each is written down and told once, whoever made it."""

from __future__ import annotations

from uuid import UUID

from nexafi.contracts.payments.events import MoneyMoved
from nexafi.kernel.data.work import Work
from nexafi.kernel.news.outbox import tell
from nexafi.payments import counts
from nexafi.payments.movements import queries
from nexafi.payments.tables import Movement


def move(
    work: Work,
    news: MoneyMoved,
    *,
    reference: str | None = None,
    charge_id: UUID | None = None,
    operation_id: UUID | None = None,
) -> Movement:
    """Write down that money moved, and tell the ledger, which books it once."""
    row = Movement(
        id=news.movement_id,
        kind=news.kind,
        moved_on=news.on,
        currency=news.amount.currency,
        amount_minor=news.amount.minor,
        fee_minor=news.fee.minor if news.fee else 0,
        provider=news.provider,
        reference=reference,
        charge_id=charge_id,
        operation_id=operation_id,
        told=news.model_dump(mode="json"),
        told_at=work.context.now,
    )
    work.session.add(row)
    tell(work, news)
    work.count(counts.MOVEMENTS)
    return row


def note_booked(work: Work, movement_id: UUID, entry_id: UUID) -> None:
    """Write down which entry books a movement; the first word holds."""
    row = queries.movement(work, movement_id)
    if row.entry_id is None:
        row.entry_id = entry_id
        row.booked_at = work.context.now


def tell_again(work: Work, row: Movement) -> None:
    """Tell the ledger once more of a movement that it has not booked; it books it once."""
    row.told_at = work.context.now
    tell(work, MoneyMoved.model_validate(row.told))
