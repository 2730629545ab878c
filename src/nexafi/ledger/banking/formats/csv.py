"""CSV as banks hand it out: each its own, so the reader finds out, says how, and can be told.

A CSV has no end, so one that was cut off between two rows cannot be known from a whole one. What
can be known is refused: a last row that is cut, an amount that is none, a date that is none. A
column of balances proves the rows that are there.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from nexafi.kernel.values.money import Money
from nexafi.ledger.banking.formats import csv_search, words
from nexafi.ledger.banking.formats.csv_amounts import amount_of, mixed_signs
from nexafi.ledger.banking.formats.csv_search import Found
from nexafi.ledger.banking.formats.figures import (
    IBAN,
    RAW_MAX,
    account_number,
    known_currency,
    money,
    one_line,
    refuse,
    shown,
)
from nexafi.ledger.banking.formats.letters import decode
from nexafi.ledger.banking.formats.mapping import CsvMapping, DateOrder
from nexafi.ledger.banking.formats.orders import canonical, parts_of
from nexafi.ledger.banking.formats.statement import (
    UNKNOWN_CURRENCY,
    Caution,
    Reading,
    Remark,
    Statement,
    StatementLine,
)
from nexafi.ledger.banking.formats.table import Row, rows_of

LIKE_A_DATE = re.compile(r"\d{1,4}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{1,4}.{0,40}")


@dataclass(slots=True)
class Ledger:
    """The lines and balances of one account in one currency, in the order of the file."""

    lines: list[StatementLine] = field(default_factory=list)
    balances: list[Money | None] = field(default_factory=list)


def read(raw: bytes, mapping: CsvMapping | None = None, currency: str = "") -> Reading:
    """Return the statements in a CSV file: one for each account and currency that it has.

    *mapping* says how to read it; without one it is found, and given back with the reading.
    """
    text, encoding, remarks = decode(raw, mapping.encoding if mapping else "")
    found = _placed(text, mapping) if mapping else csv_search.find(text, encoding, currency)
    mapping = found.mapping
    remarks += found.remarks
    _refuse_half_a_row(text, found)
    ledgers = _ledgers(found, currency, remarks)
    account = _account_above(found)
    statements: list[Statement] = []
    for (own, code), ledger in ledgers.items():
        statements.append(_statement(own or account, code, ledger, len(statements), remarks))
    return Reading("csv", tuple(statements), tuple(remarks), mapping)


def _placed(text: str, mapping: CsvMapping) -> Found:
    """Return the rows of *text* below the header that the mapping knows."""
    rows = rows_of(text, mapping.delimiter)
    if not mapping.header:
        return Found(mapping, rows, mapping.first_row)
    wanted = [words.plain(name) for name in mapping.header]
    for index, row in enumerate(rows[: csv_search.HEADER_WITHIN]):
        if [words.plain(cell) for cell in row.cells] == wanted:
            return Found(mapping, rows, index + 1)
    names = ", ".join(mapping.header[:6])
    raise refuse(f"The mapping is for a table with the columns {shown(names)}; this has others.")


def _refuse_half_a_row(text: str, found: Found) -> None:
    """Refuse a file that ends within its last row."""
    rows = found.rows[found.start :]
    if len(rows) < 2 or text.endswith("\n"):
        return
    usual = Counter(len(row.cells) for row in rows[:-1]).most_common(1)[0][0]
    last = rows[-1]
    if len(last.cells) < usual and parts_of(last.cell(found.mapping.date)) is not None:
        raise refuse(
            f"The file is cut off: its last row has {len(last.cells)} columns, the others {usual}.",
            last.at,
        )


def _ledgers(found: Found, currency: str, remarks: list[Remark]) -> dict[tuple[str, str], Ledger]:
    """Return the lines by account and currency."""
    mapping = found.mapping
    rows = found.rows[found.start :]
    mixed = mapping.debit is not None and mixed_signs(rows, mapping)
    ledgers: dict[tuple[str, str], Ledger] = {}
    skipped: list[Row] = []
    unbooked, left_out = set(mapping.status_unbooked), 0
    default = mapping.default_currency or currency or UNKNOWN_CURRENCY
    if default != UNKNOWN_CURRENCY:
        default = known_currency(default)
    for row in rows:
        if mapping.status is not None and row.cell(mapping.status).upper() in unbooked:
            left_out += 1
            continue
        on = _date(row, mapping)
        if on is None:
            skipped.append(row)
            continue
        code = row.cell(mapping.currency)
        code = known_currency(code, row.at) if code else default
        amount = _amount(row, mapping, code, mixed=mixed)
        if amount is None:
            skipped.append(row)
            continue
        own = account_number(row.cell(mapping.account))
        ledger = ledgers.setdefault((own, code), Ledger())
        ledger.lines.append(_line(row, on, amount, mapping))
        text = (
            canonical(row.cell(mapping.balance), mapping.decimal)
            if mapping.balance is not None
            else None
        )
        ledger.balances.append(money(text, code, row.at) if text else None)
    if not ledgers and left_out:
        raise refuse(
            f"Nothing in the table is booked: its {left_out} rows are pending or declined."
        )
    if not ledgers:
        raise refuse("No row of the table has both a date and an amount.")
    if left_out:
        text = f"{left_out} rows are pending, declined or the like and were left out."
        remarks.append(Remark(Caution.NOT_BOOKED, text))
    if skipped:
        text = " ".join(skipped[0].cells)
        remarks.append(
            Remark(
                Caution.LEFT_OUT,
                f"{len(skipped)} rows without a date or an amount were left out, the first at line"
                f" {skipped[0].at}: {shown(text)!r}.",
            )
        )
    return ledgers


def _date(row: Row, mapping: CsvMapping) -> date | None:
    """Return the date of a row, or None if it is no row of data."""
    text = row.cell(mapping.date)
    parts = parts_of(text)
    if parts is None:
        if LIKE_A_DATE.fullmatch(text):
            raise refuse(f"{shown(text)!r} is no date.", row.at)
        return None
    order: DateOrder = "DMY" if parts.separator == "name" else mapping.date_order
    if len(parts.orders) == 1 and "YMD" in parts.orders:
        order = "YMD"
    on = parts.date(order)
    if on is None:
        raise refuse(f"{shown(text)!r} is no date in the order {mapping.date_order}.", row.at)
    return on


def _amount(row: Row, mapping: CsvMapping, currency: str, *, mixed: bool) -> Money | None:
    """Return the amount of a row, or None if its cells are empty; refuse what is none."""
    columns = [
        column for column in (mapping.amount, mapping.debit, mapping.credit) if column is not None
    ]
    text = amount_of(row, mapping, mixed=mixed)
    for column in columns:
        told = row.cell(column)
        if told and canonical(told, mapping.decimal) is None:
            raise refuse(f"{shown(told)!r} is no amount.", row.at)
    if text is None:
        if all(row.cell(column) for column in columns):
            raise refuse("The row has both a debit and a credit.", row.at)
        return None
    return money(text, currency, row.at)


def _line(row: Row, on: date, amount: Money, mapping: CsvMapping) -> StatementLine:
    """Return the line of a row."""
    counterparty = one_line(row.cell(mapping.counterparty))
    told = one_line(" ".join(row.cell(column) for column in mapping.description))
    valued = parts_of(row.cell(mapping.valued)) if mapping.valued is not None else None
    kind = one_line(row.cell(mapping.kind))
    return StatementLine(
        booked_on=on,
        valued_on=valued.date(_order_of(valued.orders, mapping)) if valued else None,
        amount=amount,
        description=told or counterparty or kind,
        counterparty=counterparty,
        counterparty_account=account_number(row.cell(mapping.counterparty_account)),
        reference=one_line(row.cell(mapping.reference)),
        bank_id=one_line(row.cell(mapping.bank_id)),
        kind=kind,
        raw=mapping.delimiter.join(row.cells)[:RAW_MAX],
    )


def _order_of(orders: frozenset[DateOrder], mapping: CsvMapping) -> DateOrder:
    return mapping.date_order if mapping.date_order in orders else min(orders)


def _account_above(found: Found) -> str:
    """Return the IBAN that stands above the header, if just one does."""
    texts = " ".join(cell for row in found.rows[: found.start] for cell in row.cells)
    close = re.findall(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){3,8}\b", texts)
    ibans = {clean for each in close if IBAN.fullmatch(clean := each.replace(" ", ""))}
    return ibans.pop() if len(ibans) == 1 else ""


def _statement(
    account: str, currency: str, ledger: Ledger, index: int, remarks: list[Remark]
) -> Statement:
    """Return the statement of one account, with the balances that its column proves."""
    days = [line.booked_on for line in ledger.lines]
    opening, closing = _balances(currency, ledger, index, remarks)
    return Statement(
        account=account,
        currency=currency,
        lines=tuple(ledger.lines),
        opening=opening,
        closing=closing,
        opened_on=min(days),
        closed_on=max(days),
    )


def _balances(
    currency: str, ledger: Ledger, index: int, remarks: list[Remark]
) -> tuple[Money | None, Money | None]:
    """Return opening and closing if the column of balances follows from line to line.

    A bank writes the newest line first or last; whichever holds all along is taken.
    """
    pairs = [
        (line.amount.minor, each) for line, each in zip(ledger.lines, ledger.balances, strict=True)
    ]
    told = [(amount, each.minor) for amount, each in pairs if each is not None]
    if not told:
        return None, None
    if len(told) < len(pairs):
        text = (
            f"Only {len(told)} of {len(pairs)} lines have a balance: nothing can be proven by it."
        )
        remarks.append(Remark(Caution.UNPROVEN, text, index))
        return None, None
    breaks = []
    for newest_first in (False, True):
        series = told[::-1] if newest_first else told
        wrong = [
            (at, b - (a + amount))
            for at, ((_, a), (amount, b)) in enumerate(pairwise(series))
            if b != a + amount
        ]
        if not wrong:
            first, last = series[0], series[-1]
            return Money(first[1] - first[0], currency), Money(last[1], currency)
        breaks.append(wrong)
    wrong = min(breaks, key=len)
    text = (
        f"The column of balances does not follow from the amounts at {len(wrong)} of"
        f" {len(told) - 1} steps; the first difference is {wrong[0][1]} (in smallest units)."
    )
    remarks.append(Remark(Caution.UNPROVEN, text, index))
    return None, None
