"""Files for the bank, their orders and the bank's answers on the wire."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from nexafi.kernel.values.money import Money
from nexafi.kernel.web.paging import PageQuery
from nexafi.payments.bank_files import facts
from nexafi.payments.bank_files.rules import Fact, FileKind, OrderState
from nexafi.payments.shapes import Strict
from nexafi.payments.tables import BankAnswer, BankFile, BankOrder


class BankFileIn(Strict):
    """A file to be made of what is open."""

    kind: FileKind
    execution_on: dt.date | None = Field(
        None, description="When it is to be executed; left out, as soon as each order can be"
    )


class BankFileOut(BaseModel):
    """A file that was made for the bank."""

    id: UUID
    kind: FileKind
    version: str
    message_id: str = Field(description="By which the bank's answer names it")
    orders: int
    debits: Money
    credits: Money
    digest: str = Field(description="SHA-256 of the bytes")
    made_at: dt.datetime
    made_by: str
    sent_at: dt.datetime | None

    @classmethod
    def of(cls, row: BankFile) -> Self:
        """Return a file that was read."""
        return cls(
            id=row.id,
            kind=FileKind(row.kind),
            version=row.version,
            message_id=row.message_id,
            orders=row.orders,
            debits=Money(row.debit_minor, row.currency),
            credits=Money(row.credit_minor, row.currency),
            digest=row.digest,
            made_at=row.made_at,
            made_by=row.made_by,
            sent_at=row.sent_at,
        )


class BankFilesQuery(PageQuery):
    """Which files are wanted."""

    kind: FileKind | None = None


class BankOrderOut(BaseModel):
    """One payment in a file, and what is known of it."""

    id: UUID
    file: UUID
    number: int
    state: OrderState = Field(description="Whether its file was sent is said by the file")
    debit: bool = Field(description="Whether we take the money; else we send it")
    amount: Money
    end_to_end_id: str
    batch: str
    operation: UUID | None
    payout: UUID | None
    mandate: UUID | None
    execution_on: dt.date
    paid_on: dt.date | None
    paid_by: str = Field(description="Who said so: `bank`, `person`, or `day`: only thought")
    code: str = Field(description="Why it was refused or returned, in the bank's words")

    @classmethod
    def of(cls, row: BankOrder) -> Self:
        """Return an order that was read."""
        return cls(
            id=row.id,
            file=row.file_id,
            number=row.number,
            state=facts.known(row).state(is_sent=False),
            debit=row.is_debit,
            amount=row.amount,
            end_to_end_id=row.end_to_end_id,
            batch=row.batch,
            operation=row.operation_id,
            payout=row.payout_id,
            mandate=row.mandate_id,
            execution_on=row.execute_on,
            paid_on=row.paid_on,
            paid_by=row.paid_by,
            code=row.code,
        )


class BankOrdersQuery(PageQuery):
    """Which orders are wanted."""

    file: UUID | None = None
    payout: UUID | None = None


class Word(StrEnum):
    """What a person may say of an order."""

    SETTLED = "settled"
    REJECTED = "rejected"
    RETURNED = "returned"

    @property
    def fact(self) -> Fact:
        """Return what that means."""
        return {
            Word.SETTLED: Fact.PAID,
            Word.REJECTED: Fact.REFUSED,
            Word.RETURNED: Fact.RETURNED,
        }[self]


class BankDecisionIn(Strict):
    """What a person found out at the bank."""

    outcome: Word
    code: str = Field("", max_length=16, pattern="^[A-Z0-9]*$", description="The bank's code")


class BankAnswerOut(BaseModel):
    """A bank's file that was taken in, and how many orders learned what."""

    id: UUID
    kind: str
    name: str
    digest: str = Field(description="SHA-256 of the bytes; the same file counts once")
    accepted: int
    paid: int
    refused: int
    returned: int
    corrected: int = Field(description="Mandates whose account the bank corrected")
    waiting: int = Field(description="Orders of which nothing is decided")
    known: int = Field(description="Words that said what was known")
    others: int = Field(description="Entries that are about nothing of ours")
    taken_at: dt.datetime
    taken_by: str

    @classmethod
    def of(cls, row: BankAnswer) -> Self:
        """Return an answer that was read."""
        names = ("accepted", "paid", "refused", "returned", "corrected", "waiting", "known")
        return cls(
            id=row.id,
            kind=row.kind,
            name=row.name,
            digest=row.digest,
            taken_at=row.taken_at,
            taken_by=row.taken_by,
            others=row.outcome.get("others", 0),
            **{name: row.outcome.get(name, 0) for name in names},
        )
