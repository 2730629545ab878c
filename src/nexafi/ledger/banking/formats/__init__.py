"""Bank formats: each one pure function from bytes to statements.

`read` recognises a file by what is in it, never by its name, and answers with what the bank says.
What it cannot read wholly it refuses with `StatementUnreadable`, whose detail says why.
"""

from __future__ import annotations

from dataclasses import replace

from nexafi.kernel.values.money import INT64_MAX, Money
from nexafi.ledger.banking.formats import bai2, camt, csv, mt940, ofx, qif
from nexafi.ledger.banking.formats.figures import refuse, shown
from nexafi.ledger.banking.formats.mapping import CsvMapping
from nexafi.ledger.banking.formats.recognition import recognise
from nexafi.ledger.banking.formats.statement import (
    UNKNOWN_CURRENCY,
    Caution,
    LinePart,
    Reading,
    Remark,
    Statement,
    StatementLine,
)
from nexafi.ledger.errors import StatementUnreadable

__all__ = [
    "UNKNOWN_CURRENCY",
    "Caution",
    "CsvMapping",
    "LinePart",
    "Reading",
    "Remark",
    "Statement",
    "StatementLine",
    "read",
]

BYTES_MAX = 64 * 2**20


def read(
    raw: bytes, *, name: str = "", mapping: CsvMapping | None = None, currency: str = ""
) -> Reading:
    """Return what the bank says in the file *raw*.

    *name* is for the facts of a refusal only. *mapping* says how a CSV is to be read, instead of
    finding out. *currency* (ISO 4217) is that of the account, for formats that do not say it (QIF
    and most CSV). Without it their amounts are in `UNKNOWN_CURRENCY`, with two decimals and without
    a `text`, and a warning says so: give it where the account is known.

    Raises `StatementUnreadable`, and nothing else, whatever the bytes.
    """
    try:
        return _with_proofs(_read(raw, mapping, currency))
    except StatementUnreadable as reason:
        if name:
            reason.facts.setdefault("file", shown(name))
        raise


def _read(raw: bytes, mapping: CsvMapping | None, currency: str) -> Reading:
    form = recognise(raw)
    if len(raw) > BYTES_MAX:
        raise refuse(f"The file is larger than {BYTES_MAX // 2**20} MiB; split it by time.")
    match form:
        case "ofx":
            return ofx.read(raw, currency)
        case "camt":
            return camt.read(raw)
        case "mt940":
            return mt940.read(raw)
        case "bai2":
            return bai2.read(raw)
        case "qif":
            return qif.read(raw, currency)
    return csv.read(raw, mapping, currency)


def _with_proofs(reading: Reading) -> Reading:
    """Return *reading* with what does not add up named; refuse sums that cannot be kept."""
    remarks = list(reading.warnings)
    for index, statement in enumerate(reading.statements):
        amounts = [abs(line.amount.minor) for line in statement.lines]
        balances = [each.minor for each in (statement.opening, statement.closing) if each]
        if sum(amounts) + sum(map(abs, balances)) > INT64_MAX:
            raise refuse("The amounts add up to more than can be kept.")
        if statement.is_proven is False and statement.difference is not None:
            text = (
                f"Opening {_spoken(statement.opening)} and lines {_spoken(statement.sum)} do not"
                f" make closing {_spoken(statement.closing)}: the difference is"
                f" {_spoken(statement.difference)} {statement.currency}."
            )
            remarks.append(Remark(Caution.UNPROVEN, text, index))
    return replace(reading, warnings=tuple(remarks))


def _spoken(amount: Money | None) -> str:
    """Return an amount for people; in an unknown currency it has two decimals."""
    if amount is None:
        return "unknown"
    if amount.currency == UNKNOWN_CURRENCY:
        return f"{amount.minor / 100:.2f}"
    return amount.text
