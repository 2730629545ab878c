"""BAI2, the cash management balance reporting format of US banks (BAI, 2005; now ANSI X9.121).

A file is nested records, one a line: 01 file, 02 group (bank and day), 03 account, 16 transaction,
88 continuation, and 49, 98, 99 which close what they count and sum. Amounts are minor units without
a point. All counts and sums are checked: a file that does not close is refused, one whose totals
differ is read and the difference is named.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from nexafi.kernel.values.money import INT64_MAX, Money
from nexafi.ledger.banking.formats.figures import (
    RAW_MAX,
    account_number,
    century,
    day,
    known_currency,
    one_line,
    refuse,
    shown,
)
from nexafi.ledger.banking.formats.letters import decode
from nexafi.ledger.banking.formats.statement import (
    Caution,
    Reading,
    Remark,
    Statement,
    StatementLine,
)

JOINT = "\x1f"
"""Where a continuation begins; it divides fields, and in a text it is a space."""
AMOUNT = re.compile(r"([+-]?)(\d{1,19})")
CURRENCY_BY_DEFAULT = "USD"
LEDGER_OPENING, LEDGER_CLOSING = "010", "015"
KNOWN = {"01", "02", "03", "16", "49", "88", "98", "99"}
WITHIN = {"02": "01", "03": "02", "16": "03", "49": "03", "98": "02", "99": "01"}
"""What must be open when a record comes."""


@dataclass(slots=True)
class Record:
    """A record with its continuations: its code and text, its line, and how many lines it takes."""

    code: str
    texts: list[str]
    at: int
    is_ended: bool = True
    """Whether a slash stands at its end."""

    @property
    def count(self) -> int:
        """Return how many lines of the file it takes."""
        return len(self.texts)

    @property
    def text(self) -> str:
        """Return all after the code, with a joint where a continuation begins."""
        return f",{JOINT}".join(self.texts)

    @property
    def fields(self) -> list[str]:
        """Return the fields after the code."""
        return [each.replace(JOINT, "").strip() for each in self.text.split(",")]


@dataclass(slots=True)
class Open:
    """A file, group or account that is not closed yet: its sum, its parts and its records."""

    record: Record
    total: int = 0
    parts: int = 0
    records: int = 0
    lines: list[StatementLine] = field(default_factory=list)
    balances: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Group:
    """What a group says that its accounts need."""

    on: date
    bank: str
    currency: str


def read(raw: bytes) -> Reading:
    """Return the statements in a BAI2 file: one for each account and day."""
    text, _, remarks = decode(raw)
    file = File(remarks)
    for record in _records(text):
        _check_place(record, file.open)
        if record.code in {"01", "02", "03"}:
            file.begins(record)
        elif record.code == "16":
            file.moves(record)
        else:
            file.ends(record)
    if not file.is_closed:
        raise refuse("The file is cut off: it ends without the record 99 that closes it.")
    if not file.statements:
        raise refuse("The file has no account (record 03).")
    return Reading("bai2", tuple(file.statements), tuple(remarks))


@dataclass(slots=True)
class File:
    """The file while its records come in: what is open, and the statements that are closed."""

    remarks: list[Remark]
    open: dict[str, Open] = field(default_factory=dict)
    statements: list[Statement] = field(default_factory=list)
    group: Group | None = None
    is_closed: bool = False

    def begins(self, record: Record) -> None:
        """Open a file, group or account."""
        self.open[record.code] = Open(record, records=record.count)
        self.is_closed = False
        if record.code == "02":
            self.group = _group(record, self.remarks)
        elif record.code == "03":
            _summaries(record, self.open["03"])

    def moves(self, record: Record) -> None:
        """Take a transaction of the open account."""
        account = self.open["03"]
        account.records += record.count
        assert self.group is not None
        line, written = _line(record, self.group, _currency(account.record, self.group))
        account.total += written
        if line is not None:
            account.lines.append(line)

    def ends(self, record: Record) -> None:
        """Close an account, group or file, and check what it says of itself."""
        inner, outer = {"49": ("03", "02"), "98": ("02", "01"), "99": ("01", "")}[record.code]
        closed = self.open.pop(inner)
        index = len(self.statements) if inner == "03" else None
        _close(record, closed, self.open.get(outer), self.remarks, index)
        if inner == "03":
            assert self.group is not None
            self.statements.append(_statement(closed, self.group))
        self.is_closed = inner == "01"


def _records(text: str) -> list[Record]:
    """Return the records with their continuations joined."""
    records: list[Record] = []
    for at, line in enumerate(text.split("\n"), 1):
        content = line.strip()
        if not content or content == "\x1a":
            continue
        code, comma, rest = content[:2], content[2:3], content[3:]
        if code not in KNOWN or comma != ",":
            raise refuse(f"{shown(content)!r} is no record of BAI2.", at)
        is_ended, rest = rest.endswith("/"), rest.removesuffix("/")
        if code != "88":
            records.append(Record(code, [rest], at, is_ended))
        elif records:
            records[-1].texts.append(rest)
        else:
            raise refuse("The file begins with a continuation.", at)
    return records


def _check_place(record: Record, open_: dict[str, Open]) -> None:
    """Refuse a record that stands where it cannot."""
    around = WITHIN.get(record.code)
    if around is not None and around not in open_:
        raise refuse(f"A record {record.code} stands outside of a record {around}.", record.at)
    inner = {"01": "01", "02": "02", "03": "03", "98": "03", "99": "02"}.get(record.code)
    if inner is not None and inner in open_:
        was = open_[inner].record
        raise refuse(
            f"The record {inner} of line {was.at} is not closed before this: the file is cut off"
            " or incomplete.",
            record.at,
        )


def _group(record: Record, remarks: list[Remark]) -> Group:
    """Return the bank, day and currency of a group."""
    fields = record.fields + [""] * 8
    if fields[2] == "4":
        text = "The bank marks the group as a test."
        remarks.append(Remark(Caution.UNPROVEN, text))
    return Group(_date(fields[3], record.at), one_line(fields[1]), fields[5])


def _date(text: str, at: int) -> date:
    """Return a date of six digits (or, with newer banks, eight)."""
    if re.fullmatch(r"\d{6}", text):
        return day(century(int(text[:2])), int(text[2:4]), int(text[4:]), at)
    if re.fullmatch(r"\d{8}", text):
        return day(int(text[:4]), int(text[4:6]), int(text[6:]), at)
    raise refuse(f"{shown(text)!r} is no date of BAI2 (YYMMDD).", at)


def _amount(text: str, at: int) -> int:
    """Return the minor units of an amount; an empty one is 0."""
    if not text:
        return 0
    match = AMOUNT.fullmatch(text)
    if match is None:
        raise refuse(f"{shown(text)!r} is no amount of BAI2 (whole minor units).", at)
    minor = int(match[2])
    if minor > INT64_MAX:
        raise refuse(f"The amount {shown(text)} is larger than any that can be kept.", at)
    return -minor if match[1] == "-" else minor


def _currency(record: Record, group: Group) -> str:
    fields = [*record.fields, "", ""]
    return known_currency(fields[1] or group.currency or CURRENCY_BY_DEFAULT, record.at)


def _summaries(record: Record, account: Open) -> None:
    """Read the balances and totals of an account: type, amount, item count, funds type."""
    fields = record.fields
    at = 2
    while at < len(fields):
        kind = fields[at]
        amount = _amount(fields[at + 1] if at + 1 < len(fields) else "", record.at)
        account.total += amount
        if kind and at + 1 < len(fields) and fields[at + 1]:
            account.balances.setdefault(kind, amount)
        at = _after_funds(fields, at + 3, record.at)[0]


def _after_funds(fields: list[str], at: int, line: int) -> tuple[int, str]:
    """Return where the fields go on after a funds type, and the value date that it may tell."""
    kind = fields[at].upper() if at < len(fields) else ""
    match kind:
        case "" | "0" | "1" | "2" | "Z":
            return at + 1, ""
        case "S":
            return at + 4, ""
        case "V":
            return at + 3, fields[at + 1] if at + 1 < len(fields) else ""
        case "D":
            count = fields[at + 1] if at + 1 < len(fields) else ""
            if not re.fullmatch(r"\d{1,3}", count):
                raise refuse(f"{shown(count)!r} is no number of distributions.", line)
            return at + 2 + 2 * int(count), ""
    raise refuse(f"{shown(kind)!r} is no funds type of BAI2.", line)


def _line(record: Record, group: Group, currency: str) -> tuple[StatementLine | None, int]:
    """Return the line of a transaction and its amount as it is written, for the control total.

    Types 100 to 399 are credits and 400 to 699 debits; the rest moves no money of this account.
    """
    fields = record.fields
    kind = fields[0]
    if not re.fullmatch(r"\d{3}", kind):
        raise refuse(f"{shown(kind)!r} is no type of a transaction.", record.at)
    written = _amount(fields[1] if len(fields) > 1 else "", record.at)
    if not 100 <= int(kind) <= 699:
        return None, written
    at, valued = _after_funds(fields, 2, record.at)
    bank_id, reference = [*fields[at : at + 2], "", ""][:2]
    told = one_line(_rest(record.text, at + 2))
    return StatementLine(
        booked_on=group.on,
        valued_on=_date(valued, record.at) if valued else None,
        amount=Money(written if int(kind) < 400 else -written, currency),
        description=told or reference or bank_id or f"BAI {kind}",
        counterparty=_named(record.text),
        reference=one_line(reference),
        bank_id=one_line(bank_id).strip("0") and one_line(bank_id),
        kind=kind,
        raw=f"16,{record.text}".replace(f",{JOINT}", "\n88,")[:RAW_MAX],
    ), written


def _rest(text: str, skip: int) -> str:
    """Return the text after *skip* fields; it may have commas of its own."""
    parts = text.split(",", skip)
    rest = parts[skip] if len(parts) > skip else ""
    return rest.replace(f",{JOINT}", " ").replace(JOINT, "")


def _named(text: str) -> str:
    """Return the other side, where the bank names it in a continuation of its own (CRNM, DBNM)."""
    match = re.search(rf"{JOINT}(?:CRNM|ORIG|BENE): ?([^,{JOINT}]{{1,140}})", text)
    return one_line(match[1]) if match else ""


def _close(
    record: Record,
    closed: Open,
    around: Open | None,
    remarks: list[Remark],
    index: int | None = None,
) -> None:
    """Compare what a closing record says with what was read, and add it to what is around."""
    fields = [*record.fields, "", "", ""]
    name = {"49": "account", "98": "group", "99": "file"}[record.code]
    told = _amount(fields[0], record.at)
    closed.records += record.count
    checks = [("control total", fields[0], closed.total)]
    if record.code == "49":
        checks.append(("number of records", fields[1], closed.records))
    else:
        checks.append(("number of parts", fields[1], closed.parts))
        checks.append(("number of records", fields[2], closed.records))
    _refuse_half_a_record(record, checks)
    for what, said, counted in checks:
        difference = _amount(said, record.at) - counted
        if said and difference:
            text = (
                f"Line {record.at}: the {what} of the {name} is {shown(said)}, but what was read"
                f" makes {counted} (a difference of {difference})."
            )
            remarks.append(Remark(Caution.UNPROVEN, text, index))
    if around is not None:
        around.total += told
        around.parts += 1
        around.records += closed.records


def _refuse_half_a_record(record: Record, checks: list[tuple[str, str, int]]) -> None:
    """Refuse a closing record that itself is cut off: it lacks fields, or its slash and its sum."""
    is_whole = all(said for _, said, _ in checks)
    if not record.is_ended and is_whole:
        is_whole = all(_amount(said, record.at) == counted for _, said, counted in checks)
    if record.code == "99" and not is_whole:
        raise refuse("The file is cut off: its last record (99) is not complete.", record.at)


def _statement(account: Open, group: Group) -> Statement:
    """Return the statement of an account that is closed."""
    currency = _currency(account.record, group)
    opening = account.balances.get(LEDGER_OPENING)
    closing = account.balances.get(LEDGER_CLOSING)
    return Statement(
        account=account_number(account.record.fields[0]),
        currency=currency,
        lines=tuple(account.lines),
        bank=group.bank,
        opening=None if opening is None else Money(opening, currency),
        closing=None if closing is None else Money(closing, currency),
        opened_on=group.on,
        closed_on=group.on,
    )
