"""Reports of no particular provider: our own JSON, and a CSV whose columns are named to us."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nexafi.kernel.values.money import Money
from nexafi.payments.settlements.formats.sheet import Row
from nexafi.payments.settlements.report import (
    LINES_MAX,
    Batch,
    Line,
    LineKind,
    Report,
    currency_of,
    minor_of,
    named,
    operation_of,
    refuse,
    shown,
)

Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LineTold(_Told):
    """A line of our own form of a report."""

    id: Name
    kind: LineKind
    on: dt.date
    amount: Money
    fee: Money | None = None
    reference: Name | None = None
    operation: UUID | None = None
    own: Money | None = None
    description: str = Field("", max_length=500)


class PayoutTold(_Told):
    """A payout in our own form."""

    id: Name
    paid_on: dt.date
    amount: Money
    lines: list[LineTold] = Field(max_length=LINES_MAX)


class ReportTold(_Told):
    """Our own form of a report, which the sandbox writes."""

    provider: str = Field(pattern="^[a-z][a-z0-9_]{1,31}$")
    payouts: list[PayoutTold] = Field(max_length=1000)


class Mapped(_Told):
    """How the columns of a CSV are called, and what stands in them."""

    amount: Name
    date: Name
    line: Name | None = None
    kind: Name | None = None
    fee: Name | None = None
    currency: Name | None = None
    reference: Name | None = None
    operation: Name | None = None
    payout: Name | None = None
    description: Name | None = None
    kinds: Mapping[str, LineKind] = Field(default_factory=dict)
    """What the words in the column of kinds mean; what is not named is `other`."""
    sent: str = "payout"
    """The word of the row that is the payout itself; its amount is taken off."""
    date_format: str = Field("%Y-%m-%d", max_length=40)
    decimal: str = Field(".", pattern="^[.,]$")
    delimiter: str = Field(",", min_length=1, max_length=1)
    default_currency: str | None = None
    is_fee_negative: bool = False


def read_json(raw: bytes) -> Report:
    """Return the payouts of a report in our own form."""
    try:
        told = ReportTold.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors()[0]
        place = "/".join(map(str, first["loc"]))
        raise refuse(f"{place[:100]}: {first['msg'][:150]}") from None
    return Report("json", told.provider, [_batch(each) for each in told.payouts])


def _batch(told: PayoutTold) -> Batch:
    currency = told.amount.currency
    for each in told.lines:
        if {each.amount.currency, (each.fee or each.amount).currency} != {currency}:
            raise refuse(f"The line {shown(each.id)} is not in {currency}, as its payout is.")
    lines = [
        Line(
            kind=each.kind,
            on=each.on,
            currency=currency,
            amount=each.amount.minor,
            fee=each.fee.minor if each.fee else 0,
            id=each.id,
            aliases=named(each.reference),
            operation=each.operation,
            own=(each.own.minor, each.own.currency) if each.own else None,
            description=each.description,
        )
        for each in told.lines
    ]
    return Batch(told.id, currency, told.paid_on, lines, told.amount.minor)


def read_csv(rows: Sequence[Row], provider: str, mapping: Mapped, name: str) -> Report:
    """Return the payouts of a CSV; without a column of payouts the file is one, called *name*."""
    lines: dict[tuple[str, str], list[Line]] = defaultdict(list)
    sent: dict[tuple[str, str], int] = {}
    if rows and (missing := [each for each in _columns(mapping) if each not in rows[0].cells]):
        raise refuse(f"There is no column {shown(missing[0])}.")
    for row in rows:
        line = _mapped(row, mapping)
        key = (_cell(row, mapping.payout) or name)[:200], line.currency
        if _cell(row, mapping.kind) == mapping.sent:
            sent[key] = sent.get(key, 0) - line.net
            lines[key] += []
        else:
            lines[key].append(line)
    days = [_date(row, mapping) for row in rows]
    batches = [
        Batch(payout, currency, max(days), own, sent.get((payout, currency)))
        for (payout, currency), own in lines.items()
    ]
    return Report("csv", provider, batches)


def _columns(mapping: Mapped) -> list[str]:
    names = ("amount", "date", "line", "kind", "fee", "currency", "reference", "operation")
    found: list[Any] = [getattr(mapping, each) for each in (*names, "payout", "description")]
    return [each for each in found if each]


def _cell(row: Row, column: str | None) -> str:
    return row[column] if column else ""


def _mapped(row: Row, mapping: Mapped) -> Line:
    currency = currency_of(_cell(row, mapping.currency) or mapping.default_currency, row.at)
    fee = _minor(row, mapping.fee, mapping, currency)
    reference = _cell(row, mapping.reference)
    return Line(
        kind=mapping.kinds.get(_cell(row, mapping.kind), _plain_kind(_cell(row, mapping.kind))),
        on=_date(row, mapping),
        currency=currency,
        amount=_minor(row, mapping.amount, mapping, currency),
        fee=-fee if mapping.is_fee_negative else fee,
        id=_cell(row, mapping.line)[:200] or None,
        aliases=named(reference),
        operation=operation_of(_cell(row, mapping.operation)),
        description=_cell(row, mapping.description),
    )


def _plain_kind(word: str) -> LineKind:
    return LineKind(word) if word in set(LineKind) else LineKind.OTHER


def _minor(row: Row, column: str | None, mapping: Mapped, currency: str) -> int:
    text = _cell(row, column)
    if mapping.decimal == ",":
        text = text.replace(".", "").replace(",", ".")
    return minor_of(text, currency, row.at)


def _date(row: Row, mapping: Mapped) -> dt.date:
    try:
        return dt.datetime.strptime(row[mapping.date], mapping.date_format).date()  # noqa: DTZ007
    except ValueError:
        raise refuse(f"{shown(row[mapping.date])} is no date.", row.at) from None
