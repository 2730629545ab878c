"""The rules by which rows of a file become entries. Pure.

Columns are found by their names in the head. An entry is the rows that share
an id in the column `entry`; without that column, a row with a date and those
after it without one, or that repeat its date, description and reference.
Each row at fault is named. Nothing is guessed: which is the decimal mark follows from the delimiter
unless it is told, and the order of day and month is told or ISO 8601.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from nexafi.kernel.values.money import Money
from nexafi.ledger.errors import EntriesUnreadable
from nexafi.ledger.journal.rules import LEGS_MAX, Draft, Leg
from nexafi.ledger.transfer.rows import Sheet

ENTRIES_MAX = 10_000
FAULTS_MAX = 100
FIRST_YEAR, LAST_YEAR = 1900, 2999

NAMES: Mapping[str, str] = MappingProxyType(
    {
        name: column
        for column, names in {
            "date": "date, day, posting date, entry date, transaction date, datum",
            "description": "description, text, narration, payee, details",
            "account": "account, account code, account number, account no",
            "debit": "debit, debit amount, dr",
            "credit": "credit, credit amount, cr",
            "amount": "amount, value",
            "currency": "currency, currency code, ccy",
            "base": "base, base amount, amount in base currency",
            "reference": "reference, ref, document, document number, invoice",
            "entry": "entry, entry id, entry number, id, group, transaction, transaction id",
            "memo": "memo, line description, note, line text",
        }.items()
        for name in names.split(", ")
    }
)
"""Which column a name in the head stands for."""
LENGTHS = MappingProxyType(
    {"description": 500, "memo": 500, "reference": 200, "account": 32, "entry": 100}
)
TAG = re.compile(r"tag[:. ](.{1,100})", re.IGNORECASE)
"""Columns of dimensions, such as ``tag:department``."""
DAYS = MappingProxyType(
    {
        "ymd": re.compile(r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})", re.ASCII),
        "dmy": re.compile(r"(?P<d>\d{1,2})[-/.](?P<m>\d{1,2})[-/.](?P<y>\d{4})", re.ASCII),
        "mdy": re.compile(r"(?P<m>\d{1,2})[-/.](?P<d>\d{1,2})[-/.](?P<y>\d{4})", re.ASCII),
    }
)


@dataclass(frozen=True, slots=True)
class Habits:
    """How a file writes what can be written in several ways."""

    base_currency: str
    """Of amounts without a currency."""
    dates: str = "ymd"
    decimal: str | None = None
    """The decimal mark; None for that which goes with the delimiter."""
    source: str | None = None
    """Of each entry; with the id of the entry, where there is one, it is posted once."""


@dataclass(frozen=True, slots=True)
class Read:
    """An entry as a file tells it, and the rows that do."""

    rows: tuple[int, ...]
    draft: Draft


@dataclass(frozen=True, slots=True)
class Told:
    """A row, with its cells by column."""

    number: int
    cells: Mapping[str, str]
    tags: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        """Return a cell; what is not there is empty."""
        return self.cells.get(column, "")


class Fault(ValueError):
    """What is wrong with a row."""

    def __init__(self, row: int, detail: str) -> None:
        super().__init__(detail)
        self.row = row


def entries(sheet: Sheet, habits: Habits) -> list[Read]:
    """Return the entries of *sheet*; EntriesUnreadable names each row at fault."""
    rows = _told(sheet)
    mark = habits.decimal or ("," if sheet.delimiter == ";" else ".")
    found, faults = [], []
    for group in _grouped(rows):
        try:
            found.append(_entry(group, habits, mark))
        except Fault as fault:  # carrying on: all faults are told at once
            faults.append({"row": fault.row, "detail": str(fault)})
    if faults:
        raise EntriesUnreadable("Some rows are not as they should be.", errors=faults[:FAULTS_MAX])
    if not 1 <= len(found) <= ENTRIES_MAX:
        raise EntriesUnreadable(f"A file has 1 to {ENTRIES_MAX} entries; this has {len(found)}.")
    return found


def _told(sheet: Sheet) -> list[Told]:
    """Return the rows by column; EntriesUnreadable if the head lacks one that is needed."""
    names = [NAMES.get(" ".join(re.split(r"[ _-]+", name.lower())), "") for name in sheet.head]
    tags = {
        place: found[1] for place, name in enumerate(sheet.head) if (found := TAG.fullmatch(name))
    }
    known = [name for name in names if name]
    if twice := sorted({name for name in known if known.count(name) > 1}):
        raise EntriesUnreadable(f"Two columns are {twice[0]}.")
    sides = {"debit", "credit"}
    if not {"date", "account"} <= set(known) or not ("amount" in known or sides <= set(known)):
        raise EntriesUnreadable(
            "The first row must name the columns date, account, and amount or debit and credit."
        )
    if "amount" in known and sides & set(known):
        raise EntriesUnreadable("Give the amount, or debit and credit, and not both.")
    return [
        Told(
            number,
            {name: cell for name, cell in zip(names, cells, strict=False) if name and cell},
            {tag: cells[place] for place, tag in tags.items() if "".join(cells[place : place + 1])},
        )
        for number, cells in sheet.rows
    ]


def _grouped(rows: Sequence[Told]) -> list[list[Told]]:
    """Return the rows of each entry, in the order in which entries begin."""
    groups: list[list[Told]] = []
    by_id: dict[str, list[Told]] = {}
    for row in rows:
        if id_ := row["entry"]:
            if id_ not in by_id:
                by_id[id_] = []
                groups.append(by_id[id_])
            by_id[id_].append(row)
        elif groups and (not row["date"] or _same(groups[-1][0], row)):
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def _same(first: Told, row: Told) -> bool:
    return not first["entry"] and all(
        first[name] == row[name] for name in ("date", "description", "reference")
    )


def _entry(group: Sequence[Told], habits: Habits, mark: str) -> Read:
    head = group[0]
    if len(group) > LEGS_MAX:
        raise Fault(head.number, f"An entry has at most {LEGS_MAX} lines; this has {len(group)}.")
    for row in group:
        for name in ("date", "reference"):
            if row[name] and row[name] != head[name]:
                raise Fault(row.number, f"The {name} differs from that of the entry's first row.")
        for name, length in LENGTHS.items():
            if len(row[name]) > length:
                raise Fault(row.number, f"The {name} is longer than {length} characters.")
        if any(len(value) > 100 for value in row.tags.values()):
            raise Fault(row.number, "A tag is longer than 100 characters.")
    source = habits.source
    if source and head["entry"]:
        source = f"{source}/{head['entry']}"
    draft = Draft(
        date=_day(head, habits.dates),
        description=head["description"],
        legs=tuple(_leg(row, head, habits, mark) for row in group),
        reference=head["reference"] or None,
        source=source or "import",
        tags={name: value for row in reversed(group) for name, value in row.tags.items()},
    )
    return Read(tuple(row.number for row in group), draft)


def _leg(row: Told, head: Told, habits: Habits, mark: str) -> Leg:
    if not row["account"]:
        raise Fault(row.number, "There is no account.")
    currency = (row["currency"] or habits.base_currency).upper()
    debit, credit = row["debit"], row["credit"]
    if row["amount"]:
        amount = _money(row, row["amount"], currency, mark)
    elif debit or credit:
        amount = _money(row, debit or "0", currency, mark) - _money(
            row, credit or "0", currency, mark
        )
    else:
        raise Fault(row.number, "There is no amount.")
    base = _money(row, row["base"], habits.base_currency, mark) if row["base"] else None
    if base and base.minor * amount.minor < 0:  # a worth without its sign is on the same side
        base = -base
    other = row["description"] if row["description"] != head["description"] else ""
    return Leg(row["account"], amount, base, row["memo"] or other or None)


def _money(row: Told, text: str, currency: str, mark: str) -> Money:
    """Return the amount that *text* is: ``1,234.50``, ``(12.00)`` for a minus, ``1 234,50``."""
    grouping = "." if mark == "," else ","
    plain = text.replace("\u00a0", " ").replace("\u202f", " ").replace("\u2212", "-")
    plain = re.sub(r"\((.*)\)", r"-\1", plain, count=1) if plain.startswith("(") else plain
    whole = rf"[0-9]+|[0-9]{{1,3}}(?:[ '{re.escape(grouping)}][0-9]{{3}})+"
    if not re.fullmatch(rf"[-+]?(?:{whole})(?:{re.escape(mark)}[0-9]+)?", plain, re.ASCII):
        hint = f"with {mark} as the decimal mark"
        raise Fault(row.number, f"{text[:40]!r} is no amount, {hint}.")
    plain = re.sub(rf"[ +'{re.escape(grouping)}]", "", plain).replace(mark, ".")
    try:
        return Money.of(plain, currency)
    except ValueError as error:
        raise Fault(row.number, f"{error}.") from None


def _day(row: Told, order: str) -> dt.date:
    fault = Fault(row.number, f"{row['date'][:40]!r} is no day in the order {order}.")
    if (found := DAYS[order].fullmatch(row["date"])) is None:
        raise fault
    try:
        day = dt.date(int(found["y"]), int(found["m"]), int(found["d"]))
    except ValueError:
        raise fault from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise Fault(row.number, f"{day} is out of all reason.")
    return day
