"""What one does to files for the bank: make one, say that it was sent."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.trust import audit
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.values.ids import new_id
from nexafi.payments import counts
from nexafi.payments.bank_files import collecting, facts, queries, rules
from nexafi.payments.bank_files.collecting import Source
from nexafi.payments.bank_files.formats import nacha, pain
from nexafi.payments.bank_files.formats.orders import Batch, Order
from nexafi.payments.bank_files.rules import FileKind, Own
from nexafi.payments.errors import DayUnfit, NothingOpen
from nexafi.payments.mandates import actions as mandates
from nexafi.payments.payouts.rules import PayoutState
from nexafi.payments.tables import BankFile, BankOrder

PURPOSE = "bank files"
MODIFIERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
"""By which a bank tells the NACHA files of one day apart."""


def make(work: Work, secret: Secret, kind: FileKind, asked: dt.date | None) -> BankFile:
    """Put what is open into one file, each order once and for all; the bytes are kept sealed."""
    own = rules.own(queries.bank(work).settings, kind)
    sources = collecting.collect(work, secret, kind, own, asked)
    if not sources:
        raise NothingOpen(f"Nothing waits for a file of the kind {kind}.")

    file_id = new_id()
    message_id = _message_id(work, kind, file_id)
    batches = collecting.batches(message_id, [each.order for each in sources])
    raw = _written(work, kind, message_id, own, batches)

    row = BankFile(
        id=file_id,
        kind=kind,
        version=own.version,
        message_id=message_id,
        currency=kind.currency,
        orders=len(sources),
        debit_minor=sum(each.order.amount.minor for each in sources if each.order.is_debit),
        credit_minor=sum(each.order.amount.minor for each in sources if not each.order.is_debit),
        sealed=secret.seal(PURPOSE, raw, place=_place(file_id)),
        digest=hashlib.sha256(raw).hexdigest(),
        made_at=work.context.now,
        made_by=work.context.actor,
    )
    work.session.add(row)
    work.session.flush()
    days = {each.order.number: _paid_from(kind, own, each.order) for each in sources}
    _keep(work, row, sources, batches, days)
    work.count(counts.BANK_FILES)
    audit.note(work, May.BANK_FILE_EDIT, f"bank-files/{file_id} made: {message_id}")
    return row


def mark_sent(work: Work, file_id: UUID) -> BankFile:
    """Note that a file is with the bank; said twice it stays as it was."""
    queries.bank(work)
    row = queries.file(work, file_id)
    if row.sent_at is None:
        row.sent_at = work.context.now
        for order in queries.orders_of(work, file_id):
            facts.show(work, order, row)
        audit.note(work, May.BANK_FILE_EDIT, f"bank-files/{file_id} sent")
    return row


def content(secret: Secret, row: BankFile) -> bytes:
    """Return the bytes of a file."""
    return secret.open(PURPOSE, row.sealed, place=_place(row.id))


def _keep(
    work: Work,
    row: BankFile,
    sources: Sequence[Source],
    batches: Sequence[Batch],
    days: Mapping[int, dt.date | None],
) -> None:
    """Write down each order, so that it stands in no other file."""
    batch_of = {order.number: batch.id for batch in batches for order in batch.orders}
    for each in sources:
        order = each.order
        kept = BankOrder(
            file_id=row.id,
            number=order.number,
            payout_id=each.payout.id if each.payout else None,
            operation_id=each.operation.id if each.operation else None,
            mandate_id=each.mandate.id if each.mandate else None,
            is_debit=order.is_debit,
            end_to_end_id=order.end_to_end_id,
            batch=batch_of[order.number],
            currency=order.amount.currency,
            amount_minor=order.amount.minor,
            execute_on=order.execute_on,
            paid_from=days[order.number],
        )
        work.session.add(kept)
        if each.payout is not None:
            each.payout.state = PayoutState.IN_FILE
    work.session.flush()
    used = {
        each.mandate.id: each.mandate for each in sources if each.mandate and each.order.is_debit
    }
    for mandate in used.values():
        mandates.use(work, mandate)


def _paid_from(kind: FileKind, own: Own, order: Order) -> dt.date | None:
    """Return from when an order may be thought paid: of SEPA a debit only, for banks confirm."""
    if not own.presumed_days or not (order.is_debit or kind is FileKind.NACHA):
        return None
    return kind.calendar.after(order.execute_on, own.presumed_days)


def _message_id(work: Work, kind: FileKind, file_id: UUID) -> str:
    today = work.context.today
    if kind is not FileKind.NACHA:
        return f"NX{today:%Y%m%d}{file_id.hex[-12:].upper()}"
    made = queries.files_like(work, f"{today:%y%m%d}-")
    if made >= len(MODIFIERS):
        raise DayUnfit(f"A day has room for {len(MODIFIERS)} NACHA files; make this one tomorrow.")
    return f"{today:%y%m%d}-{MODIFIERS[made]}"


def _written(
    work: Work, kind: FileKind, message_id: str, own: Own, batches: Sequence[Batch]
) -> bytes:
    made_at = work.context.now.astimezone(ZoneInfo(work.context.known.zone))
    if kind is FileKind.NACHA:
        return nacha.write(message_id[-1], made_at, own, batches)
    return pain.write(own.version, message_id, made_at, own, batches)


def _place(file_id: UUID) -> str:
    return f"bank_files:{file_id}"
