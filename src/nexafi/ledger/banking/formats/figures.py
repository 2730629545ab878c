"""Amounts, dates and texts as banks write them, read exactly or refused with the reason."""

from __future__ import annotations

import calendar
import re
from datetime import date
from functools import lru_cache

from nexafi.kernel.values import currencies
from nexafi.kernel.values.money import INT64_MAX, Money
from nexafi.ledger.banking.formats.statement import UNKNOWN_CURRENCY
from nexafi.ledger.errors import StatementUnreadable

RAW_MAX = 2_000
TEXT_MAX = 1_000
SHOWN_MAX = 60
YEARS = range(1950, 2101)
UNKNOWN_DECIMALS = 2
DIGITS_MAX = 19

PLAIN = re.compile(r"([+-]?)(\d{1,60})(?:\.(\d{0,60}))?")
WITHOUT_WHOLE = re.compile(r"^([+-]?)([.,]\d)")
ENGLISH = re.compile(r"[+-]?\d{1,3}(?:,\d{3}){1,12}(?:\.\d{0,60})?")
IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")


def shown(text: str) -> str:
    """Return *text* as a refusal quotes it: short, on one line, without what cannot be printed."""
    clean = "".join(letter if letter.isprintable() else " " for letter in text[: SHOWN_MAX * 2])
    clean = " ".join(clean.split())
    return clean if len(clean) <= SHOWN_MAX else clean[: SHOWN_MAX - 1] + "…"


def one_line(text: str) -> str:
    """Return *text* on one line without repeated spaces, at most `TEXT_MAX` characters."""
    return " ".join(text[: TEXT_MAX * 4].replace("\0", " ").split())[:TEXT_MAX]


def refuse(detail: str, line: int | None = None) -> StatementUnreadable:
    """Return the refusal, with the line of the file (counted from 1) where that helps."""
    if line is None:
        return StatementUnreadable(detail)
    return StatementUnreadable(f"Line {line}: {detail}", line=line)


@lru_cache(maxsize=256)
def decimals(currency: str) -> int | None:
    """Return how many decimals *currency* has, or None if ISO 4217 does not know it."""
    if currency == UNKNOWN_CURRENCY:
        return UNKNOWN_DECIMALS
    try:
        return currencies.decimals(currency)
    except (ValueError, KeyError):
        return None


def known_currency(code: str, line: int | None = None) -> str:
    """Return *code* in capitals if it is a currency of ISO 4217, or refuse."""
    clean = code.strip().upper()
    if decimals(clean) is None:
        raise refuse(f"{shown(code)!r} is no currency of ISO 4217.", line)
    return clean


def money(text: str, currency: str, line: int | None = None) -> Money:
    """Return the amount written as *text*, with a point before its decimals and no thousands.

    Decimals beyond those of the currency are accepted if they are zeros; otherwise the amount is no
    whole number of minor units, and refused.
    """
    match = PLAIN.fullmatch(text)
    if match is None:
        raise refuse(f"{shown(text)!r} is no amount.", line)
    sign, whole, rest = match.groups()
    places = decimals(currency)
    assert places is not None, currency
    rest = (rest or "").rstrip("0") if rest and len(rest) > places else rest or ""
    if len(rest) > places:
        raise refuse(
            f"The amount {shown(text)} has {len(rest)} decimals, but {currency} has {places}: it is"
            " no whole number of the currency's smallest unit, and rounding it would change it.",
            line,
        )
    minor = int(whole + rest.ljust(places, "0"))
    if minor > INT64_MAX:
        raise refuse(f"The amount {shown(text)} is larger than any that can be kept.", line)
    return Money(-minor if sign == "-" else minor, currency)


def with_point(text: str, line: int | None = None) -> str:
    """Return the amount *text* with a point before its decimals, whichever mark the bank uses.

    Of two different marks the last is the decimal one. A single comma is decimal too (OFX 3.2.9.2,
    SWIFT 15d), unless exactly three digits follow it: then it could be a thousand, and is refused.
    """
    clean = "".join(text.split()).replace("\N{MINUS SIGN}", "-")
    if clean.startswith("(") and clean.endswith(")"):
        clean = "-" + clean[1:-1]
    if len(clean) > 1 and clean.endswith("-"):
        clean = "-" + clean[:-1]
    clean = WITHOUT_WHOLE.sub(r"\g<1>0\g<2>", clean)
    if PLAIN.fullmatch(clean):
        return clean
    turned = clean.translate(str.maketrans(".,", ",."))
    if "." in clean or clean.count(",") > 1:
        for each in (clean, turned):
            if ENGLISH.fullmatch(each):
                return each.replace(",", "")
    if PLAIN.fullmatch(turned):
        if len(turned.partition(".")[2]) == 3:
            raise refuse(f"{shown(text)!r} could be a thousand or have three decimals.", line)
        return turned
    raise refuse(f"{shown(text)!r} is no amount.", line)


def day(year: int, month: int, of_month: int, line: int | None = None) -> date:
    """Return the date, or refuse one that no calendar or no bank statement can have."""
    if year not in YEARS:
        raise refuse(f"The year {year} cannot be that of a bank statement.", line)
    try:
        return date(year, month, of_month)
    except ValueError:
        raise refuse(f"{year:04}-{month:02}-{of_month:02} is no date.", line) from None


def century(two_digits: int) -> int:
    """Return the year that two digits mean: 1980 to 2079 (SWIFT's rule for field 60 and 61)."""
    return two_digits + (1900 if two_digits > 79 else 2000)


def last_of_month(year: int, month: int) -> date:
    """Return the last day of a month."""
    return date(year, month, calendar.monthrange(year, month)[1])


def is_iban(text: str) -> bool:
    """Return whether *text* is an IBAN by its check digits (ISO 13616, modulo 97)."""
    if IBAN.fullmatch(text) is None:
        return False
    return int("".join(str(int(letter, 36)) for letter in text[4:] + text[:4])) % 97 == 1


def account_number(text: str) -> str:
    """Return an account as the bank writes it; an IBAN without spaces."""
    close = "".join(text.split()).upper()
    return close if IBAN.fullmatch(close) else one_line(text)[:TEXT_MAX]
