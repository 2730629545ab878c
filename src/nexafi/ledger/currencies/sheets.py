"""Rates from a CSV file. Pure: bytes to quotes, or what is wrong in which row.

Two kinds are known by their heads: the tables of the European Central Bank (a
day in each row, a currency in each column: ``eurofxref-hist.csv`` and the
daily ``eurofxref.csv``), and plain lists with the columns currency, date, rate
and, if wanted, origin.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from decimal import Decimal

from nexafi.kernel.files import table as files
from nexafi.ledger.currencies import rules
from nexafi.ledger.currencies.rules import RATE, Quote
from nexafi.ledger.errors import RatesUnreadable, RateUnfit
from nexafi.ledger.transfer import rows as in_file
from nexafi.ledger.transfer.rows import Row

ROWS_MAX = 20_000
FAULTS_MAX = 100
ECB = "European Central Bank"
MONTHS = [month.lower() for month in files.MONTHS]


def read(
    raw: bytes, base_currency: str, *, since: dt.date | None, only: Collection[str] | None
) -> list[Quote]:
    """Return the rates in *raw*, from the day *since* on, of the currencies *only*.

    RatesUnreadable names each row at fault; then nothing of the file is taken.
    """
    sheet = in_file.read(raw, RatesUnreadable)
    names = [name.lower() for name in sheet.head]
    faults: list[dict[str, object]] = []
    if {"currency", "date", "rate"} <= set(names):
        found = _listed(names, sheet.rows, base_currency, faults)
    elif names[0] == "date" and all(len(name) in {0, 3} for name in names[1:]):
        found = _table([name.upper() for name in names], sheet.rows, base_currency, faults)
    else:
        raise RatesUnreadable(
            "The first row must name the columns currency, date and rate, or date and currencies."
        )
    quotes = [
        each
        for each in found
        if (since is None or each.date >= since) and (only is None or each.currency in only)
    ]
    if faults:
        raise RatesUnreadable("Some rows are not as they should be.", errors=faults[:FAULTS_MAX])
    if len(quotes) > ROWS_MAX:
        raise RatesUnreadable(
            f"These are {len(quotes)} rates, and at most {ROWS_MAX} are taken at once;"
            " name the currencies or a day to begin with."
        )
    return quotes


def _listed(
    names: Sequence[str], rows: Sequence[Row], base: str, faults: list[dict[str, object]]
) -> list[Quote]:
    """Return the quotes of a plain list; what cannot be read goes to *faults*."""
    found = []
    for number, row in rows:
        told = dict(zip(names, row, strict=False))
        try:
            quote = Quote(
                told.get("currency", "").upper(),
                _day(told.get("date", "")),
                told.get("rate", ""),
                told.get("origin", "")[:200],
            )
            rules.check(quote, base)
        except (ValueError, RateUnfit) as error:  # carrying on: all faults are told at once
            faults.append({"row": number, "detail": str(error)})
        else:
            found.append(quote)
    return found


def _table(
    names: Sequence[str], rows: Sequence[Row], base: str, faults: list[dict[str, object]]
) -> list[Quote]:
    """Return the quotes of a table of the European Central Bank, crossed to the base currency."""
    if base != "EUR" and base not in names:
        raise RatesUnreadable(f"The table has no column {base}, your base currency.")
    found: list[Quote] = []
    for number, cells in rows:
        try:
            day = _day(cells[0])
            per_euro = {"EUR": Decimal(1)} | {
                name: _units(cell)
                for name, cell in zip(names[1:], cells[1:], strict=False)
                if name and cell not in {"", "N/A"}
            }
        except ValueError as error:  # carrying on: all faults are told at once
            faults.append({"row": number, "detail": str(error)})
        else:
            found += rules.crossed(day, per_euro, base, ECB)
    return found


def _units(text: str) -> Decimal:
    if not RATE.fullmatch(text) or not Decimal(text):
        raise ValueError(f"{text[:40]!r} is no rate such as 1.0545.")
    return Decimal(text)


def _day(text: str) -> dt.date:
    """Return the day that ``2026-11-24`` or ``24 November 2026`` is."""
    parts = text.lower().split()
    if len(parts) == 3 and parts[1] in MONTHS and parts[0].isdecimal() and parts[2].isdecimal():
        text = f"{int(parts[2]):04}-{MONTHS.index(parts[1]) + 1:02}-{int(parts[0]):02}"
    try:
        return dt.datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no day such as 2026-11-24.") from None
