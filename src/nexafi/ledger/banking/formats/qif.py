"""QIF, the interchange format of Quicken: records of lines, each led by a letter.

A QIF says neither its currency nor the order of its dates, and it has no end: a file that was cut
off between two records cannot be known from a whole one. What can be checked is checked: a record
that is not closed by ``^`` is refused. Quicken writes the opening balance as a first record; it is
read as that and not as money that moved.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from nexafi.kernel.values.money import Money
from nexafi.ledger.banking.formats.figures import (
    RAW_MAX,
    account_number,
    day,
    decimals,
    known_currency,
    money,
    one_line,
    refuse,
    shown,
)
from nexafi.ledger.banking.formats.letters import decode
from nexafi.ledger.banking.formats.mapping import DATE_ORDERS, DateOrder
from nexafi.ledger.banking.formats.orders import canonical, choose_decimal, choose_order, parts_of
from nexafi.ledger.banking.formats.statement import (
    UNKNOWN_CURRENCY,
    Caution,
    LinePart,
    Reading,
    Remark,
    Statement,
    StatementLine,
)

MONEY_TYPES = {"BANK", "CASH", "CCARD", "OTH A", "OTH L"}
INVESTMENT = "INVST"
CASH_OUT = ("BUY", "SHTSELL", "XOUT", "MISCEXP", "MARGINT", "WITHDRW", "CVRSHRT")
CASH_IN = (
    "SELL",
    "DIV",
    "INTINC",
    "CGLONG",
    "CGSHORT",
    "CGMID",
    "XIN",
    "MISCINC",
    "RTRNCAP",
    "CASH",
    "CONTRIB",
)


@dataclass(slots=True)
class Row:
    """One record: the lines by their letter, and splits in order."""

    at: int
    values: dict[str, str] = field(default_factory=dict)
    splits: list[dict[str, str]] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Section:
    """The records of one account, or of a list that is none."""

    kind: str
    account: str
    rows: list[Row] = field(default_factory=list)


def read(raw: bytes, currency: str = "") -> Reading:
    """Return the statements in a QIF file, in *currency* if the account's is known."""
    text, _, remarks = decode(raw)
    sections, order_told = _sections(text)
    accounts = [each for each in sections if each.kind in MONEY_TYPES or each.kind == INVESTMENT]
    rows = [row for section in accounts for row in section.rows]
    if not rows:
        raise refuse("The QIF file has no transactions: no record after !Type:Bank or the like.")
    order = order_told or _order(rows, remarks)
    decimal = _decimal(rows, remarks, decimals(currency) if currency else None)
    code = known_currency(currency) if currency else UNKNOWN_CURRENCY
    if not currency:
        text = "A QIF file does not say its currency; that of the account is to be given."
        remarks.append(Remark(Caution.UNKNOWN_CURRENCY, text))
    if len(sections) > len(accounts):
        text = "Lists of the file (categories, securities and the like) were left out."
        remarks.append(Remark(Caution.LEFT_OUT, text))
    statements = tuple(_statement(each, code, order, decimal) for each in accounts if each.rows)
    return Reading("qif", statements, tuple(remarks))


@dataclass(slots=True)
class File:
    """The sections while the lines of the file come in, and the record that is open."""

    sections: list[Section] = field(default_factory=list)
    order: DateOrder | None = None
    account: str = ""
    in_account: bool = False
    row: Row | None = None

    def heads(self, line: str) -> None:
        """Take a line that begins with an exclamation mark."""
        if self.row is not None:
            raise refuse("The record that begins here is not closed by ^: cut off.", self.row.at)
        key, _, rest = line[1:].partition(":")
        kind = rest.strip().upper()
        match key.strip().upper():
            case "ACCOUNT":
                self.in_account = True
            case "TYPE":
                self.in_account = False
                self.sections.append(Section(kind, self.account))
            case "OPTION" if kind in DATE_ORDERS:
                self.order = _told(kind)

    def closes(self) -> None:
        """Take the mark that closes a record."""
        if self.row is not None and self.in_account:
            self.account = account_number(self.row.values.get("N", ""))
        elif self.row is not None and self.sections:
            self.sections[-1].rows.append(self.row)
        self.row = None


def _sections(text: str) -> tuple[list[Section], DateOrder | None]:
    """Return the sections of the file, and the order of dates if an option names it."""
    file = File()
    for at, line in enumerate(text.split("\n"), 1):
        content = line.strip()
        if content.startswith("!"):
            file.heads(content)
        elif content == "^":
            file.closes()
        elif content and content != "\x1a":
            if not file.sections and not file.in_account:
                raise refuse("A record stands before any !Type or !Account.", at)
            file.row = file.row or Row(at)
            _keep(file.row, content)
    if file.row is not None:
        raise refuse("The file is cut off: its last record is not closed by ^.", file.row.at)
    return file.sections, file.order


def _told(kind: str) -> DateOrder:
    return "MDY" if kind == "MDY" else "DMY" if kind == "DMY" else "YMD"


def _keep(row: Row, content: str) -> None:
    """Add one line to its record."""
    letter, rest = content[0].upper(), content[1:].strip()
    row.raw.append(content)
    if letter == "S":
        row.splits.append({"S": rest})
    elif letter in "E$%" and row.splits:
        row.splits[-1][letter] = rest
    elif letter == "A" and "A" in row.values:
        row.values["A"] += " " + rest
    else:
        row.values.setdefault(letter, rest)


def _order(rows: list[Row], remarks: list[Remark]) -> DateOrder:
    """Return the order of all dates of the file; QIF is at home where the month is first."""
    texts = [row.values.get("D", "").replace("'", "/") for row in rows]
    for row, text in zip(rows, texts, strict=True):
        if parts_of(text) is None:
            raise refuse(f"{shown(text)!r} is no date.", row.at)
    orders, how = choose_order(texts)
    if not orders:
        raise refuse(how, rows[0].at)
    if len(orders) > 1:
        order: DateOrder = "MDY" if "MDY" in orders else orders[0]
        text = f"{how} They were read as {order}, the order of Quicken."
        remarks.append(Remark(Caution.AMBIGUOUS_DATES, text))
        return order
    return orders[0]


def _decimal(rows: list[Row], remarks: list[Remark], places: int | None) -> str:
    """Return what divides decimals in all amounts of the file."""
    texts = [row.values.get("T") or row.values.get("U") or "" for row in rows]
    marks, how = choose_decimal([text for text in texts if text], places)
    if not marks:
        raise refuse(how, rows[0].at)
    if len(marks) > 1 and any("," in text or "." in text for text in texts):
        remarks.append(Remark(Caution.AMBIGUOUS_AMOUNTS, how))
    return marks[0]


def _statement(section: Section, currency: str, order: DateOrder, decimal: str) -> Statement:
    """Return the statement of one account."""
    rows, opening, opened_on = section.rows, None, None
    account = section.account
    first = rows[0].values
    if re.fullmatch(r"opening balance", first.get("P", ""), re.IGNORECASE):
        opening = _money(rows[0], first.get("T") or first.get("U") or "", currency, decimal)
        opened_on = _date(rows[0], order)
        account = account or account_number(first.get("L", "").strip("[]"))
        rows = rows[1:]
    lines = (
        _investment(row, currency, order, decimal)
        if section.kind == INVESTMENT
        else _line(row, currency, order, decimal)
        for row in rows
    )
    kept = tuple(line for line in lines if line is not None)
    days = [line.booked_on for line in kept]
    return Statement(
        account=account,
        currency=currency,
        lines=kept,
        opening=opening,
        opened_on=opened_on or min(days, default=None),
        closed_on=max(days, default=None),
    )


def _money(row: Row, text: str, currency: str, decimal: str) -> Money:
    if not text:
        raise refuse("A record has no amount.", row.at)
    clean = canonical(text, decimal)
    if clean is None:
        raise refuse(f"{shown(text)!r} is no amount.", row.at)
    return money(clean, currency, row.at)


def _date(row: Row, order: DateOrder) -> date:
    """Return the date of a record; after an apostrophe the year is one of this century."""
    text = row.values.get("D", "")
    found = parts_of(text.replace("'", "/"))
    if found is None:
        raise refuse(f"{shown(text)!r} is no date.", row.at)
    year, month, of_month = found.in_order(order)
    if "'" in text and 1900 <= year < 2000:
        year += 100
    return day(year, month, of_month, row.at)


def _line(row: Row, currency: str, order: DateOrder, decimal: str) -> StatementLine:
    """Return the line of a record of a bank, cash or card account."""
    values = row.values
    payee, memo = one_line(values.get("P", "")), one_line(values.get("M", ""))
    parts = tuple(
        LinePart(_money(row, split["$"], currency, decimal), one_line(split.get("E") or split["S"]))
        for split in row.splits
        if split.get("$")
    )
    return StatementLine(
        booked_on=_date(row, order),
        amount=_money(row, values.get("T") or values.get("U") or "", currency, decimal),
        description=one_line(f"{payee} {memo}") or one_line(values.get("L", "")),
        counterparty=payee,
        reference=one_line(values.get("N", "")),
        kind=one_line(values.get("L", "")),
        parts=parts if len(parts) > 1 else (),
        raw="\n".join(row.raw)[:RAW_MAX],
    )


def _investment(row: Row, currency: str, order: DateOrder, decimal: str) -> StatementLine | None:
    """Return the money that an investment record moved, or None if it moved securities only."""
    action = row.values.get("N", "").upper()
    if action.endswith("X") and action not in {"XIN", "XOUT"}:
        return None  # bought from or sold to another account: no money of this one
    text = row.values.get("T") or row.values.get("U") or row.values.get("$") or ""
    if not text or not action.startswith(CASH_IN + CASH_OUT):
        return None
    amount = _money(row, text, currency, decimal)
    if action.startswith(CASH_OUT) and amount.minor > 0:
        amount = -amount
    said = one_line(" ".join(row.values.get(each, "") for each in "YPM"))
    return StatementLine(
        booked_on=_date(row, order),
        amount=amount,
        description=said or action,
        kind=row.values.get("N", ""),
        raw="\n".join(row.raw)[:RAW_MAX],
    )
