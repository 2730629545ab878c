"""NACHA files, read and checked to the last count: those we wrote, returns, notices of change.

A file is refused as a whole if one record is not 94 letters, if records come out of order, or if a
count, a sum or a hash is not that of what stands in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from nexafi.payments.accounts import is_routing
from nexafi.payments.bank_files.formats import columns
from nexafi.payments.bank_files.formats.columns import BLOCK, WIDTH
from nexafi.payments.bank_files.formats.orders import Correction, Report, Scope, Word
from nexafi.payments.bank_files.rules import Fact
from nexafi.payments.errors import AnswerUnreadable

TRACES: Final = 10**7
HASH: Final = 10**10
DEBITS: Final = frozenset({26, 27, 28, 29, 36, 37, 38, 39, 46, 47, 48, 55, 56})
"""Transaction codes that take; the others give. Of them 26, 36, 46 and 56 are of returns."""
CORRECTED = "COR"
"""The class of entries that only say what is to be changed."""


@dataclass(slots=True)
class Entry:
    """An entry with what was added to it."""

    values: dict[str, str]
    addenda: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Read:
    """A batch as it was read."""

    header: dict[str, str]
    entries: list[Entry] = field(default_factory=list)
    is_closed: bool = False


@dataclass(frozen=True, slots=True)
class Whole:
    """A file as it was read."""

    header: dict[str, str]
    batches: Sequence[Read]
    debits: int
    credits: int
    entries: int


def read(raw: bytes) -> Whole:
    """Return what stands in a file; raise AnswerUnreadable unless all its figures agree."""
    records = _records(raw)
    if not records[0].startswith("101"):
        _refuse("the first record is no file header", 1)
    header = columns.read(columns.FILE_HEADER, records[0])
    if (header["record_size"], header["blocking"], header["format"]) != ("094", "10", "1"):
        _refuse("its size, blocking or format is another", 1)
    batches: list[Read] = []
    for at, record in enumerate(records[1:-1], 2):
        _take(batches, record, at)
    if batches and not batches[-1].is_closed:
        _refuse("the last batch has no end")
    return _closed(header, batches, records)


def _records(raw: bytes) -> list[str]:
    """Return the records up to the file control; what follows it fills the last block."""
    try:
        text = raw.decode("ascii")
    except UnicodeDecodeError:
        raise AnswerUnreadable("A NACHA file has letters of ASCII only.") from None
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    for at, line in enumerate(lines, 1):
        if len(line) != WIDTH or not line.isprintable():
            _refuse(f"it has {len(line)} letters, not {WIDTH}", at)
    if len(lines) % BLOCK:
        _refuse(f"the file has {len(lines)} records, which fill no whole number of blocks")
    last = len(lines)
    while last and lines[last - 1] == "9" * WIDTH:
        last -= 1
    if last < 2 or lines[last - 1][0] != "9" or len(lines) - last >= BLOCK:
        _refuse("the file has no file control, or is filled up by more than a block")
    return lines[:last]


def _take(batches: list[Read], record: str, at: int) -> None:
    is_open = bool(batches) and not batches[-1].is_closed
    match record[0]:
        case "5" if not is_open:
            batches.append(Read(columns.read(columns.BATCH_HEADER, record)))
        case "6" if is_open:
            batches[-1].entries.append(_entry(record, at))
        case "7" if is_open and batches[-1].entries:
            entry = batches[-1].entries[-1]
            entry.addenda.append(record)
            if entry.values["addenda"] != "1":
                _refuse("an addenda belongs to an entry that has none", at)
        case "8" if is_open:
            _close(batches, columns.read(columns.BATCH_CONTROL, record), at)
        case _:
            _refuse(f"a record of type {record[0]} does not belong here", at)


def _entry(record: str, at: int) -> Entry:
    values = columns.read(columns.ENTRY, record)
    for name in ("transaction", "amount", "addenda", "trace"):
        _number(values[name], at)
    if not is_routing(values["rdfi"] + values["check"]):
        _refuse("the routing number of an entry does not hold", at)
    return Entry(values)


def _close(batches: list[Read], control: dict[str, str], at: int) -> None:
    batch = batches[-1]
    header = batch.header
    if _number(control["batch"], at) != len(batches) or header["batch"] != control["batch"]:
        _refuse("the batches are not counted one by one", at)
    if any(header[name] != control[name] for name in ("service", "company_id", "odfi")):
        _refuse("the end of a batch is of another batch than its beginning", at)
    if control["reserved"].strip() or control["service"] not in {"200", "220", "225", "280"}:
        _refuse("a field that is reserved or set has something else", at)
    if any(bool(each.addenda) != (each.values["addenda"] == "1") for each in batch.entries):
        _refuse("an entry lacks its addenda", at)
    _compare(control, _sums(batch.entries), at)
    batch.is_closed = True


def _closed(header: dict[str, str], batches: list[Read], records: list[str]) -> Whole:
    at = len(records)
    control = columns.read(columns.FILE_CONTROL, records[-1])
    sums = _sums([each for batch in batches for each in batch.entries])
    if control["reserved"].strip():
        _refuse("a reserved field has something in it", at)
    blocks = -(-len(records) // BLOCK)
    _compare(control, {**sums, "batches": len(batches), "blocks": blocks}, at)
    return Whole(header, batches, sums["debits"], sums["credits"], sums["entries"])


def _sums(entries: Sequence[Entry]) -> dict[str, int]:
    amounts = [
        (int(each.values["transaction"]) in DEBITS, int(each.values["amount"])) for each in entries
    ]
    return {
        "entries": sum(1 + len(each.addenda) for each in entries),
        "hash": sum(int(each.values["rdfi"]) for each in entries) % HASH,
        "debits": sum(amount for is_debit, amount in amounts if is_debit),
        "credits": sum(amount for is_debit, amount in amounts if not is_debit),
    }


def _compare(control: dict[str, str], sums: dict[str, int], at: int) -> None:
    for name, value in sums.items():
        if _number(control[name], at) != value:
            _refuse(f"its {name} are {value}, and it says {control[name]}", at)


def _number(text: str, at: int) -> int:
    if not re.fullmatch(r"[0-9]+", text, re.ASCII):
        _refuse(f"{text!r} is no number", at)
    return int(text)


def _refuse(why: str, at: int | None = None) -> None:
    where = f" (record {at})" if at else ""
    raise AnswerUnreadable(f"The NACHA file is damaged or cut off{where}: {why}.")


# -- what the bank says -------------------------------------------------------------------------


def report(raw: bytes) -> Report:
    """Return what a file of returns and notices of change says."""
    whole = read(raw)
    words: list[Word] = []
    corrections: list[Correction] = []
    for batch in whole.batches:
        for entry in batch.entries:
            if not entry.addenda:
                raise AnswerUnreadable("An entry is neither a return nor a notice of change.")
            kind = entry.addenda[0][1:3]
            if kind == "99" and batch.header["entry_class"] != CORRECTED:
                words.append(_returned(entry, _day(whole.header["date"])))
            elif kind == "98" and batch.header["entry_class"] == CORRECTED:
                corrections.append(_corrected(entry))
            else:
                raise AnswerUnreadable(f"Addenda {kind} say neither return nor change.")
    return Report(
        "nacha",
        words,
        company_ids=frozenset(each.header["company_id"].strip() for each in whole.batches),
        corrections=corrections,
        by_number=True,
    )


def _returned(entry: Entry, on: date) -> Word:
    said = columns.read(columns.RETURN, entry.addenda[0])
    if not re.fullmatch(r"R[0-9]{2}", said["code"], re.ASCII):
        raise AnswerUnreadable(f"{said['code']!r} is no code of a return.")
    number = str(_original(said))
    amount = int(entry.values["amount"])
    return Word(Scope.ORDER, number, Fact.REFUSED, said["code"], (amount,), on=on)


CHANGES: Final = {
    "C01": (None, (0, 17), None),
    "C02": ((0, 9), None, None),
    "C03": ((0, 9), (12, 29), None),
    "C05": (None, None, (0, 2)),
    "C06": (None, (0, 17), (20, 22)),
    "C07": ((0, 9), (9, 26), (26, 28)),
}
"""Where a notice of change has the routing number, the account and its kind."""


def _corrected(entry: Entry) -> Correction:
    said = columns.read(columns.CHANGE, entry.addenda[0])

    def part(place: tuple[int, int] | None) -> str:
        return said["corrected"][slice(*place)].strip() if place else ""

    routing, account, kind = CHANGES.get(said["code"], (None, None, None))
    return Correction(
        _original(said),
        said["code"],
        part(routing),
        part(account),
        _is_savings(part(kind)) if kind else None,
    )


def _is_savings(code: str) -> bool:
    if code not in {"22", "27", "32", "37"}:
        raise AnswerUnreadable(f"{code!r} is no transaction code of an account.")
    return code in {"32", "37"}


def _original(said: dict[str, str]) -> int:
    if not re.fullmatch(r"[0-9]{15}", said["original_trace"], re.ASCII):
        raise AnswerUnreadable("The trace number of the original is no number.")
    return int(said["original_trace"][8:])


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%y%m%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise AnswerUnreadable(f"{text!r} is no day.") from None
