"""What one asks about files for the bank, their orders, and what the bank answered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, select

from nexafi.kernel.data.work import Survey, Work
from nexafi.kernel.web.paging import PageQuery, keyset
from nexafi.payments.charges.rules import OperationState
from nexafi.payments.errors import (
    BankAnswerNotFound,
    BankFileNotFound,
    BankOrderNotFound,
    ProviderNotConnected,
)
from nexafi.payments.tables import (
    BankAnswer,
    BankFile,
    BankOrder,
    Charge,
    Connection,
    Operation,
)

BATCH_MAX = 500


def bank(work: Work) -> Connection:
    """Return how the organization stands with its bank, locked: one at a time has it.

    Whoever makes a file or takes in an answer holds it, so no two take the same orders.
    """
    found = work.session.scalar(
        select(Connection)
        .where(Connection.provider == "bank")
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise ProviderNotConnected(
            "The bank is not connected; give your account with PUT /api/v1/payments/providers/bank."
        )
    return found


def open_operations(
    work: Work, kind: str, method_kind: str, most: int
) -> Sequence[tuple[Operation, Charge]]:
    """Return what the bank is to collect or give back and stands in no file, oldest first."""
    rows = work.session.execute(
        select(Operation, Charge)
        .join(Charge, and_(Charge.id == Operation.charge_id))
        .where(
            Operation.provider == "bank",
            Operation.state == OperationState.PENDING,
            Operation.kind == kind,
            Charge.method_kind == method_kind,
            ~exists().where(BankOrder.operation_id == Operation.id),
        )
        .order_by(Operation.id)
        .limit(most)
        .execution_options(populate_existing=True)
    )
    return [(row[0], row[1]) for row in rows]


def mandates_in_use(work: Work, ids: Collection[UUID]) -> set[UUID]:
    """Return which mandates have been used and not refused, so that the next use is no first."""
    rows = work.session.scalars(
        select(BankOrder.mandate_id)
        .where(BankOrder.mandate_id.in_(ids), BankOrder.is_debit, BankOrder.refused_on.is_(None))
        .distinct()
    )
    return {each for each in rows if each is not None}


def next_number(work: Work) -> int:
    """Return the number of the next order."""
    return 1 + (work.session.scalar(select(func.max(BankOrder.number))) or 0)


def files_like(work: Work, beginning: str) -> int:
    """Return how many files have ids that begin so."""
    found = select(func.count()).select_from(BankFile)
    return work.session.scalar(found.where(BankFile.message_id.startswith(beginning))) or 0


def file(work: Work, file_id: UUID) -> BankFile:
    """Return one file."""
    found = work.session.scalar(select(BankFile).where(BankFile.id == file_id))
    if found is None:
        raise BankFileNotFound(f"There is no file {file_id}.")
    return found


def file_of_message(work: Work, message_id: str) -> BankFile | None:
    """Return the file with a message id, if it is ours."""
    return work.session.scalar(select(BankFile).where(BankFile.message_id == message_id))


def files(work: Work, page: PageQuery, *, kind: str | None) -> Sequence[BankFile]:
    """Return a page of files, the newest first."""
    statement = select(BankFile)
    if kind is not None:
        statement = statement.where(BankFile.kind == kind)
    return work.session.scalars(keyset(statement, page, BankFile.id, descending=True)).all()


def sent(work: Work, ids: Collection[UUID]) -> dict[UUID, BankFile]:
    """Return some files by their ids."""
    rows = work.session.scalars(select(BankFile).where(BankFile.id.in_(ids)))
    return {row.id: row for row in rows}


def orders(
    work: Work, page: PageQuery, *, file_id: UUID | None, payout_id: UUID | None
) -> Sequence[BankOrder]:
    """Return a page of orders, the newest first."""
    statement = select(BankOrder)
    if file_id is not None:
        statement = statement.where(BankOrder.file_id == file_id)
    if payout_id is not None:
        statement = statement.where(BankOrder.payout_id == payout_id)
    return work.session.scalars(keyset(statement, page, BankOrder.id, descending=True)).all()


def order(work: Work, order_id: UUID) -> BankOrder:
    """Return one order, locked until the Work ends."""
    found = _locked(work, select(BankOrder).where(BankOrder.id == order_id))
    if not found:
        raise BankOrderNotFound(f"There is no order {order_id}.")
    return found[0]


def orders_of(work: Work, file_id: UUID) -> Sequence[BankOrder]:
    """Return all orders of a file, locked."""
    return _locked(work, select(BankOrder).where(BankOrder.file_id == file_id))


def orders_of_ids(work: Work, ids: Collection[str]) -> dict[str, BankOrder]:
    """Return the orders with these end-to-end ids, locked, by their ids."""
    found = _locked(work, select(BankOrder).where(BankOrder.end_to_end_id.in_(ids)))
    return {each.end_to_end_id: each for each in found}


def orders_of_batches(work: Work, ids: Collection[str]) -> Sequence[BankOrder]:
    """Return the orders of these batches, locked."""
    return _locked(work, select(BankOrder).where(BankOrder.batch.in_(ids)))


def orders_of_numbers(work: Work, numbers: Collection[int]) -> dict[int, BankOrder]:
    """Return the orders of NACHA files with these numbers, locked, by their numbers."""
    found = _locked(
        work, select(BankOrder).where(BankOrder.number.in_(numbers), BankOrder.currency == "USD")
    )
    return {each.number: each for each in found}


def _locked(work: Work, statement: Select[BankOrder]) -> Sequence[BankOrder]:
    return work.session.scalars(
        statement.order_by(BankOrder.id).with_for_update().execution_options(populate_existing=True)
    ).all()


def answer(work: Work, answer_id: UUID) -> BankAnswer:
    """Return one answer."""
    found = work.session.scalar(select(BankAnswer).where(BankAnswer.id == answer_id))
    if found is None:
        raise BankAnswerNotFound(f"There is no answer {answer_id}.")
    return found


def answer_of(work: Work, digest: str) -> BankAnswer | None:
    """Return what came of this very file, if it was handed in before."""
    return work.session.scalar(select(BankAnswer).where(BankAnswer.digest == digest))


def answers(work: Work, page: PageQuery) -> Sequence[BankAnswer]:
    """Return a page of answers, the newest first."""
    statement = select(BankAnswer)
    return work.session.scalars(keyset(statement, page, BankAnswer.id, descending=True)).all()


def thought_paid(work: Work) -> Sequence[BankOrder]:
    """Return sent orders of which nothing was heard until their day, locked."""
    return _locked(
        work,
        select(BankOrder)
        .join(BankFile, and_(BankFile.id == BankOrder.file_id))
        .where(_is_awaited(work.context.now.date()))
        .limit(BATCH_MAX),
    )


def with_thought_paid(survey: Survey) -> Sequence[UUID]:
    """Return the organizations that have such orders."""
    due = (
        select(BankOrder.organization_id)
        .join(
            BankFile,
            and_(
                BankFile.organization_id == BankOrder.organization_id,
                BankFile.id == BankOrder.file_id,
            ),
        )
        .where(_is_awaited(survey.now.date()))
    )
    return survey.session.scalars(due.distinct()).all()


def _is_awaited(today: dt.date) -> ColumnElement[bool]:
    return and_(
        BankOrder.paid_from <= today,
        BankOrder.paid_on.is_(None),
        BankOrder.refused_on.is_(None),
        BankOrder.returned_on.is_(None),
        BankFile.sent_at.is_not(None),
    )
