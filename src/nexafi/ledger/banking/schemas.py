"""Bank accounts, statements and their lines on the wire."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal, Self, cast
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from nexafi.kernel.values.currencies import decimals
from nexafi.kernel.values.money import Money
from nexafi.kernel.web.paging import PageQuery
from nexafi.ledger.banking.queries import WantedLines
from nexafi.ledger.tables import BankAccount, Statement, StatementLine


def _known(currency: str) -> str:
    decimals(currency)  # raises for those that ISO 4217 does not list
    return currency


Currency = Annotated[
    str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217"), AfterValidator(_known)
]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Number = Annotated[
    str,
    Field(max_length=64, description="The IBAN or account number by which statements name it"),
]
Bank = Annotated[str, Field(max_length=64, description="The BIC or routing number")]
Mapping = Annotated[
    dict[str, Any],
    Field(
        max_length=40,
        description="How its CSV files are read: the `mapping` that a preview shows, confirmed or"
        " corrected",
    ),
]


class BankAccountIn(BaseModel):
    """A bank account to be added."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name = Field(examples=["Checking"])
    account: str | None = Field(
        None,
        min_length=1,
        max_length=32,
        description="The code of the account of the chart that mirrors it; without one, one is"
        " opened",
    )
    currency: Currency
    number: Number | None = None
    bank: Bank | None = None
    mapping: Mapping | None = None


class BankAccountChange(BaseModel):
    """What is to be different; what is left out stays."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name = Field("", validate_default=False)
    number: Number | None = None
    bank: Bank | None = None
    mapping: Mapping | None = None


class BankAccountOut(BaseModel):
    """A bank account."""

    id: UUID
    name: str
    account: str = Field(description="The code of the account of the chart that mirrors it")
    currency: str
    number: str | None
    bank: str | None
    mapping: dict[str, Any] | None
    is_open: bool
    balance: Money | None = Field(description="The last closing balance that the bank stated")
    balance_on: dt.date | None = Field(description="The day of that balance")
    open_lines: int = Field(description="Statement lines that nobody has decided on")

    @classmethod
    def of(cls, row: BankAccount, last: Statement | None, open_lines: int) -> Self:
        """Return a bank account with its last stated balance."""
        minor = last.closing_minor if last else None
        return cls(
            id=row.id,
            name=row.name,
            account=row.account.code,
            currency=row.currency,
            number=row.number,
            bank=row.bank,
            mapping=row.mapping,
            is_open=row.is_open,
            balance=None if minor is None else Money(minor, row.currency),
            balance_on=last.closed_on if last else None,
            open_lines=open_lines,
        )


class BankAccountsQuery(PageQuery):
    """Which bank accounts."""

    is_open: bool | None = None


class StatementsQuery(PageQuery):
    """Which statements."""

    bank_account: UUID | None = None
    import_: UUID | None = Field(None, alias="import")


class StatementOut(BaseModel):
    """What one file said of one bank account."""

    id: UUID
    import_id: UUID
    bank_account: UUID
    number: str | None = Field(description="The bank's own number for it")
    currency: str
    lines: int = Field(description="How many lines the file has, known ones included")
    added: int
    duplicates: int
    sum: Money
    opening: Money | None
    closing: Money | None
    opened_on: dt.date | None
    closed_on: dt.date | None
    proven: bool | None = Field(
        description="Whether opening + lines = closing; null where the file does not say"
    )
    difference: Money | None = Field(description="closing - (opening + lines)")

    @classmethod
    def of(cls, row: Statement) -> Self:
        """Return a statement."""
        opening, closing = row.opening_minor, row.closing_minor
        off = None if opening is None or closing is None else closing - opening - row.sum_minor

        def money(minor: int | None) -> Money | None:
            return None if minor is None else Money(minor, row.currency)

        return cls(
            id=row.id,
            import_id=row.import_id,
            bank_account=row.bank_account_id,
            number=row.number,
            currency=row.currency,
            lines=row.lines_count,
            added=row.added,
            duplicates=row.duplicates,
            sum=Money(row.sum_minor, row.currency),
            opening=money(opening),
            closing=money(closing),
            opened_on=row.opened_on,
            closed_on=row.closed_on,
            proven=row.is_proven,
            difference=money(off),
        )


State = Literal["new", "settled", "ignored"]


class StatementLinesQuery(PageQuery):
    """Which statement lines."""

    state: State | None = Field(None, description="`new` is the review queue")
    bank_account: UUID | None = None
    statement: UUID | None = None
    from_: dt.date | None = Field(None, alias="from", description="Booked on this day or later")
    to: dt.date | None = Field(None, description="Booked on this day or earlier")
    text: str | None = Field(
        None, min_length=1, max_length=200, description="In description, counterparty or reference"
    )
    min_confidence: float | None = Field(None, ge=0, le=1)

    def wanted(self) -> WantedLines:
        """Return what the queries understand."""
        return WantedLines(
            state=self.state,
            bank_account_id=self.bank_account,
            statement_id=self.statement,
            since=self.from_,
            until=self.to,
            text=self.text,
            confidence=self.min_confidence,
        )


class StatementLineOut(BaseModel):
    """A movement on a bank account, and what we would do with it."""

    id: UUID
    bank_account: UUID
    statement: UUID
    booked_on: dt.date
    valued_on: dt.date | None
    amount: Money = Field(description="Positive when money came in")
    description: str
    counterparty: str | None
    counterparty_account: str | None
    reference: str | None
    bank_id: str | None = Field(description="The bank's own name for it")
    kind: str | None = Field(description="The bank's own code for the kind of movement")
    state: State
    suggestion: dict[str, Any] | None = Field(
        description="What we would do with it, how sure we are (`confidence`, from 0 to 1) and why"
    )

    @classmethod
    def of(cls, row: StatementLine) -> Self:
        """Return a line."""
        shown = row.suggestion and row.suggestion | {"confidence": row.confidence}
        return cls(
            id=row.id,
            bank_account=row.bank_account_id,
            statement=row.statement_id,
            booked_on=row.booked_on,
            valued_on=row.valued_on,
            amount=row.amount,
            description=row.description,
            counterparty=row.counterparty,
            counterparty_account=row.counterparty_account,
            reference=row.reference,
            bank_id=row.bank_id,
            kind=row.kind,
            state=cast("State", row.state),
            suggestion=shown,
        )
