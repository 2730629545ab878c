"""The reports on the wire.

Amounts stand in the natural sign of their section: revenue, liabilities and
equity are positive when they are credits, assets and expenses when they are
debits; profit is revenue less expenses.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Self
from urllib.parse import urlencode
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from typing_extensions import override

from nexafi.kernel.data.context import Context
from nexafi.kernel.values.money import Money
from nexafi.kernel.web import paging
from nexafi.kernel.web.export import Format
from nexafi.kernel.web.paging import CursorUnknown
from nexafi.ledger.errors import SpanInvalid
from nexafi.ledger.journal.schemas import FIRST_DAY, LAST_DAY, Code, Day
from nexafi.ledger.reports import statement
from nexafi.ledger.reports.draw import Asked, Cursor, LedgerPage
from nexafi.ledger.reports.general_ledger import AccountLedger, Running
from nexafi.ledger.reports.register import Counters
from nexafi.ledger.reports.rules import Span
from nexafi.ledger.reports.statement import Figure, Section, Statement, Weight
from nexafi.ledger.reports.trial_balance import Standing, TrialBalance

PREFIX = "/api/v1/ledger/reports"
YearStart = Callable[[dt.date], dt.date]
"""Tells the first day of the fiscal year of a day."""
FIRST_MOMENT = dt.datetime.combine(FIRST_DAY, dt.time(), dt.UTC)
LAST_MOMENT = dt.datetime.combine(LAST_DAY, dt.time(), dt.UTC)
PLACE = ("code", "date", "id")
Dimension = Annotated[str, Field(max_length=201, pattern=r'^[^:"\\\x00]{1,100}(:[^\x00]{1,100})?$')]


class ReportQuery(BaseModel):
    """Over which days a report goes, and how it is answered."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    as_of: Day | None = Field(None, description="The last day; today if left out")
    starts_on: Day | None = Field(
        None,
        alias="from",
        description="The first day; the start of the fiscal year if left out",
    )
    ends_on: Day | None = Field(None, alias="to", description="The same as `as_of`")
    known_at: AwareDatetime | None = Field(
        None,
        ge=FIRST_MOMENT,
        le=LAST_MOMENT,
        description="Count only what was recorded at or before this moment",
        examples=["2026-04-01T12:00:00Z"],
    )
    dimension: Dimension | None = Field(
        None,
        description="A column for each value of this tag and one for entries without it,"
        " or with `department:sales` only that value",
        examples=["department"],
    )
    format: Format = Field(Format.JSON, description="A file in place of JSON")

    def asked(self, context: Context, year_start: YearStart) -> Asked:
        """Return the question, with what was left out."""
        if self.as_of is not None and self.ends_on is not None and self.as_of != self.ends_on:
            raise SpanInvalid("Give `to` or `as_of`; they mean the same day.")
        ends_on = self.ends_on or self.as_of or context.today
        starts_on = self.starts_on or year_start(ends_on)
        if starts_on > ends_on:
            raise SpanInvalid(f"It begins on {starts_on}, after its end on {ends_on}.")
        dimension, _, value = (self.dimension or "").partition(":")
        return Asked(
            starts_on,
            ends_on,
            known_at=self.known_at,
            dimension=dimension or None,
            value=value or None,
        )


class ComparedQuery(ReportQuery):
    """A report that can be compared with earlier days."""

    compare: str | None = Field(
        None,
        max_length=40,
        description="`previous_period`, `previous_year`, or a number of months, quarters, years"
        " or periods",
        examples=["previous_year", "12 months"],
    )
    change: bool = Field(
        default=False, description="Show by how much the first of two columns differs"
    )

    @override
    def asked(self, context: Context, year_start: YearStart) -> Asked:
        """Return the question, with what was left out."""
        return replace(super().asked(context, year_start), compare=self.compare)


class LedgerQuery(ReportQuery):
    """Which lines of the general ledger are wanted."""

    account: Code | None = Field(None, description="Only this account, by its code")
    dimension: Dimension | None = Field(
        None,
        description="Only entries with this tag, such as `department:sales`; with a bare"
        " `department`, only those without one",
        examples=["department:sales"],
    )
    closing: bool = Field(default=True, description="Count closing entries too")
    limit: int = Field(50, ge=1, le=200, description="How many lines at most")
    cursor: str | None = Field(
        None, max_length=2000, description="The `next` of the page before; opaque"
    )

    @override
    def asked(self, context: Context, year_start: YearStart) -> Asked:
        """Return the question, with what was left out."""
        return replace(super().asked(context, year_start), with_closing=self.closing)

    @property
    def after(self) -> Cursor | None:
        """Return the line after which the page begins."""
        if self.cursor is None:
            return None
        try:
            code, day, id_ = paging.read(self.cursor, PLACE)
            last = str(code), dt.date.fromisoformat(day), UUID(id_)
        except (TypeError, ValueError, AttributeError):
            raise CursorUnknown(paging.UNKNOWN) from None
        if not FIRST_DAY <= last[1] <= LAST_DAY:
            raise CursorUnknown(paging.UNKNOWN)
        return last


class RegisterQuery(LedgerQuery):
    """Which lines of the register of an account are wanted."""

    account: Code = Field(description="The code of the account")


class ColumnOut(BaseModel):
    """Over which days a column goes, and for which value of the dimension."""

    title: str
    starts_on: dt.date | None = Field(
        serialization_alias="from", description="Null for balances, which have no beginning"
    )
    ends_on: dt.date = Field(serialization_alias="to")
    dimension: str | None = None
    value: str | None = Field(None, description="Null for entries without the dimension")

    @classmethod
    def of(cls, span: Span) -> Self:
        """Return a column as it is shown."""
        dimension, value = span.tag or (None, None)
        return cls(
            title=span.title,
            starts_on=span.starts_on,
            ends_on=span.ends_on,
            dimension=dimension,
            value=value,
        )


class FigureOut(BaseModel):
    """A line of a statement, with an amount for each column."""

    account: str | None = Field(description="Its code; null for what is computed")
    name: str
    level: int = Field(description="How deep it stands below the accounts that hold it")
    parent: str | None
    amounts: list[Money]
    drill: list[str] = Field(description="For each amount, where its lines are")
    change: Money | None = None
    change_share: Decimal | None = Field(None, description="0.125 for 12.5 %")


class SectionOut(BaseModel):
    """Figures with their sum, or a sum of sections such as gross profit."""

    name: str
    kind: Weight
    rows: list[FigureOut]
    totals: list[Money]
    change: Money | None = None
    change_share: Decimal | None = None


class StatementOut(BaseModel):
    """A statement in sections. Amounts are in the natural sign of their section."""

    title: str
    currency: str
    known_at: dt.datetime | None
    columns: list[ColumnOut]
    sections: list[SectionOut]

    @classmethod
    def of(cls, drawn: Statement, asked: Asked, currency: str, *, changes: bool) -> Self:
        """Return a statement as it is shown."""
        show = _Show(drawn.columns, asked, currency, changes=changes)
        return cls(
            title=drawn.title,
            currency=currency,
            known_at=asked.known_at,
            columns=[ColumnOut.of(span) for span in drawn.columns],
            sections=[show.section(section) for section in drawn.sections],
        )


class _Show:
    """How amounts of one report are shown."""

    def __init__(
        self, columns: Sequence[Span], asked: Asked, currency: str, *, changes: bool
    ) -> None:
        self.columns = columns
        self.asked = asked
        self.currency = currency
        self.changes = changes

    def section(self, section: Section) -> SectionOut:
        """Return a section with the figures that show something."""
        change, share = self.change(section.totals)
        return SectionOut(
            name=section.name,
            kind=section.weight,
            rows=[self.figure(f) for f in section.figures if not (f.is_empty and f.account)],
            totals=self.money(section.totals),
            change=change,
            change_share=share,
        )

    def figure(self, figure: Figure) -> FigureOut:
        """Return a figure with the way to its lines."""
        change, share = self.change(figure.amounts)
        spans = self.columns if figure.account else ()
        return FigureOut(
            account=figure.account or None,
            name=figure.name,
            level=figure.level,
            parent=figure.parent,
            amounts=self.money(figure.amounts),
            drill=[drill(figure.account, span, self.asked) for span in spans],
            change=change,
            change_share=share,
        )

    def money(self, amounts: statement.Amounts) -> list[Money]:
        return [Money(minor, self.currency) for minor in amounts]

    def change(self, amounts: statement.Amounts) -> tuple[Money | None, Decimal | None]:
        if not self.changes:
            return None, None
        return Money(statement.change(amounts), self.currency), statement.share(amounts)


class StandingOut(BaseModel):
    """An account of the trial balance: its net stands on one side."""

    account: str
    name: str
    type: str
    debit: Money
    credit: Money
    balance: Money = Field(description="The net; a debit is positive")
    amounts: list[Money] = Field(description="The net in each column")
    drill: str


class SidesOut(BaseModel):
    """The sums of both sides, which are equal."""

    debit: Money
    credit: Money
    balance: Money


class TrialBalanceOut(BaseModel):
    """All accounts that stand at something."""

    as_of: dt.date
    currency: str
    known_at: dt.datetime | None
    columns: list[ColumnOut]
    rows: list[StandingOut]
    totals: SidesOut

    @classmethod
    def of(cls, drawn: TrialBalance, asked: Asked, currency: str) -> Self:
        """Return a trial balance as it is shown."""

        def money(minor: int) -> Money:
            return Money(minor, currency)

        def shown(standing: Standing) -> StandingOut:
            account = standing.account
            return StandingOut(
                account=account.code,
                name=account.name,
                type=account.type,
                debit=money(standing.debit),
                credit=money(standing.credit),
                balance=money(standing.balances[0]),
                amounts=[money(minor) for minor in standing.balances],
                drill=drill(account.code, drawn.columns[0], asked),
            )

        return cls(
            as_of=asked.ends_on,
            currency=currency,
            known_at=asked.known_at,
            columns=[ColumnOut.of(span) for span in drawn.columns],
            rows=[shown(standing) for standing in drawn.standings],
            totals=SidesOut(debit=money(drawn.total), credit=money(drawn.total), balance=money(0)),
        )


class LedgerLineOut(BaseModel):
    """A line of the general ledger."""

    account: str
    date: dt.date
    entry: UUID
    number: int | None = Field(description="The entry's; null within the second before it is given")
    description: str
    reference: str | None
    source: str | None
    debit: Money | None
    credit: Money | None
    balance: Money = Field(description="Of the account after this line; a debit is positive")
    amount: Money = Field(description="As posted, in its own currency; a debit is positive")


class OpeningOut(BaseModel):
    """An account on this page, and what it stood at before its first line here."""

    account: str
    name: str
    opening: Money


class LedgerOut(BaseModel):
    """A page of the general ledger."""

    currency: str
    accounts: list[OpeningOut]
    items: list[LedgerLineOut]
    next: str | None = Field(description="Pass it as `cursor` for what follows; null at the end")

    @classmethod
    def of(cls, page: LedgerPage, currency: str) -> Self:
        """Return a page as it is shown."""
        return cls(
            currency=currency,
            accounts=[_opening(ledger) for ledger in page.ledgers],
            items=[
                _line(ledger.account.code, each) for ledger in page.ledgers for each in ledger.lines
            ],
            next=write_cursor(page.next),
        )


class RegisterLineOut(BaseModel):
    """A line of the register of an account."""

    date: dt.date
    entry: UUID
    number: int | None
    description: str
    reference: str | None
    source: str | None
    against: list[str] = Field(description="The codes of the other accounts of the entry")
    amount: Money = Field(description="As posted; a debit is positive")
    base: Money = Field(description="The same in the base currency")
    balance: Money = Field(description="After this line, in the base currency")
    own_balance: Money | None = Field(
        description="After this line, in the account's own currency; null if it has none"
    )


class RegisterOut(BaseModel):
    """A page of the register of an account."""

    account: str
    name: str
    currency: str
    opening: Money
    items: list[RegisterLineOut]
    next: str | None = Field(description="Pass it as `cursor` for what follows; null at the end")

    @classmethod
    def of(cls, page: LedgerPage, against: Counters, currency: str) -> Self:
        """Return a page as it is shown."""
        (ledger,) = page.ledgers
        items = [
            RegisterLineOut(
                date=line.date,
                entry=line.entry_id,
                number=line.number,
                description=line.description,
                reference=line.reference,
                source=line.source,
                against=list(against.get(line.entry_id, ())),
                amount=line.amount,
                base=line.base,
                balance=each.balance,
                own_balance=each.own_balance,
            )
            for each in ledger.lines
            for line in (each.line,)
        ]
        return cls(
            account=ledger.account.code,
            name=ledger.account.name,
            currency=currency,
            opening=ledger.opening,
            items=items,
            next=write_cursor(page.next),
        )


def _opening(ledger: AccountLedger) -> OpeningOut:
    return OpeningOut(account=ledger.account.code, name=ledger.account.name, opening=ledger.opening)


def _line(code: str, each: Running) -> LedgerLineOut:
    line = each.line
    return LedgerLineOut(
        account=code,
        date=line.date,
        entry=line.entry_id,
        number=line.number,
        description=line.description,
        reference=line.reference,
        source=line.source,
        debit=line.base if line.base.minor > 0 else None,
        credit=-line.base if line.base.minor < 0 else None,
        balance=each.balance,
        amount=line.amount,
    )


def write_cursor(cursor: Cursor | None) -> str | None:
    """Return the cursor as it is on the wire."""
    return None if cursor is None else paging.write(cursor, PLACE)


def drill(code: str, span: Span, asked: Asked) -> str:
    """Return where the lines of a figure are: a query of the general ledger."""
    given = {"account": code}
    if span.starts_on is not None:
        given["from"] = span.starts_on.isoformat()
    given["to"] = span.ends_on.isoformat()
    if span.tag is not None:
        given["dimension"] = ":".join(part for part in span.tag if part is not None)
    if not asked.with_closing:
        given["closing"] = "false"
    if asked.known_at is not None:
        given["known_at"] = asked.known_at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    return f"{PREFIX}/general-ledger?{urlencode(given)}"
