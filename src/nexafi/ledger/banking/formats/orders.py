"""Day before month or after it, comma or point: what a file without a standard leaves open.

One date or amount alone often cannot tell; all of a column together nearly always can. What they
cannot tell either is left open here, and said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise

from nexafi.ledger.banking.formats.figures import YEARS, century, shown
from nexafi.ledger.banking.formats.mapping import DateOrder
from nexafi.ledger.banking.formats.words import MONTHS

NUMBERS = re.compile(
    r"(\d{1,4})\s{0,2}[./年-]\s{0,2}(\d{1,2})\s{0,2}[./月-]\s{0,2}(\d{4}|\d{1,2})日?"
    r"(?:[T ,].{0,40})?"
)
COMPACT = re.compile(r"(\d{8})(?:[T ]?[\d:]{4,8})?")
MONTH = r"([A-Za-zäéûôç]{3,10})\.?"
YEAR = r"(\d{4}|\d{2})(?:[T ,].{0,40})?"
DAY = r"(\d{1,2})(?:st|[nr]d|th)?"
WEEKDAY = r"(?:[A-Za-z]{3,9},? )?"
NAMED = re.compile(rf"{WEEKDAY}{DAY}[ ./-]{{1,2}}{MONTH},?[ ./-]{{1,2}}{YEAR}")
NAMED_FIRST = re.compile(rf"{WEEKDAY}{MONTH}[ ./-]{DAY},?[ ./-]{{1,2}}{YEAR}")
AMOUNT = re.compile(r"(?:\d{1,3}(?:,\d{2,3}){1,12}|\d{1,60})(?:\.\d{0,60})?|\.\d{1,60}")
PLAIN = re.compile(r"-?\d{1,18}(?:\.\d{1,4})?")
SYMBOLS = re.compile(
    r"[$€£¥₹₽₺₩]|(?<![A-Za-z])(?:[A-Z]{3}|kr\.?|Fr\.?|zł|Kč|Ft|R\$|US\$)(?![A-Za-z])"
)
DASHES = str.maketrans("\u2212\u2013", "--")
LENGTH_MAX = 80
GROUPS = str.maketrans("", "", " \u00a0\u202f\u2009'\u2019")
TURN = str.maketrans(".,", ",.")


@dataclass(frozen=True, slots=True)
class Parts:
    """The three numbers of a date, and the orders in which they make one."""

    numbers: tuple[int, int, int]
    orders: frozenset[DateOrder]
    separator: str = ""

    def in_order(self, order: DateOrder) -> tuple[int, int, int]:
        """Return year, month and day."""
        a, b, c = self.numbers
        year, month, of_month = {"YMD": (a, b, c), "DMY": (c, b, a), "MDY": (c, a, b)}[order]
        return (century(year) if year < 100 else year), month, of_month

    def date(self, order: DateOrder) -> date | None:
        """Return the date in *order*, or None where that makes none."""
        try:
            found = date(*self.in_order(order))
        except ValueError:
            return None
        return found if found.year in YEARS else None


@lru_cache(maxsize=4096)
def parts_of(text: str) -> Parts | None:
    """Return the parts of a date, or None if *text* is none in any order."""
    clean = text.strip()[:60]
    if match := NUMBERS.fullmatch(clean):
        first, second, third = match.groups()
        numbers = (int(first), int(second), int(third))
        if len(first) == 4:
            wanted: tuple[DateOrder, ...] = ("YMD",)
        elif len(third) == 4:
            wanted = ("DMY", "MDY")
        else:
            wanted = ("DMY", "MDY", "YMD")
        return _possible(numbers, wanted, clean[len(first) :].lstrip()[0])
    if match := COMPACT.fullmatch(clean):
        digits = match[1]
        split = (int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        found = _possible(split, ("YMD",), "")
        other = (int(digits[:2]), int(digits[2:4]), int(digits[4:]))
        return found or _possible(other, ("DMY", "MDY"), "")
    if match := NAMED.fullmatch(clean):
        of_month, name, year = match.groups()
    elif match := NAMED_FIRST.fullmatch(clean):
        name, of_month, year = match.groups()
    else:
        return None
    month = MONTHS.get(name.lower())
    if month is None:
        return None
    numbers = (int(year) if len(year) == 4 else century(int(year)), month, int(of_month))
    found = _possible(numbers, ("YMD",), "")
    if found is None:
        return None
    return Parts((numbers[2], month, numbers[0]), frozenset({"DMY"}), "name")


def _possible(
    numbers: tuple[int, int, int], wanted: Sequence[DateOrder], separator: str
) -> Parts | None:
    parts = Parts(numbers, frozenset(wanted), separator)
    orders = frozenset(order for order in wanted if parts.date(order) is not None)
    return Parts(numbers, orders, separator) if orders else None


def choose_order(texts: Sequence[str]) -> tuple[list[DateOrder], str]:
    """Return the orders in which all of *texts* are dates, and how that was decided.

    None means that they contradict each other, and the reason says where; two mean that nobody can
    tell. Texts that are no dates are passed over.
    """
    found = [(text, parts) for text in texts if (parts := parts_of(text)) is not None]
    orders: set[DateOrder] = {"YMD", "DMY", "MDY"}
    deciding = ""
    for text, parts in found:
        left = orders & parts.orders
        if not left:
            return [], f"The dates contradict each other: {shown(text)!r} after {deciding!r}."
        if len(left) < len(orders):
            deciding = shown(text)
        orders = left
    if len(orders) > 1 and "YMD" in orders:
        orders = _short_orders([parts for _, parts in found], orders)
    if len(orders) == 1:
        return list(orders), f"Only this order makes a date of {deciding!r}."
    if any(parts.separator == "." for _, parts in found):
        return ["DMY"], "Dates with points have the day first."
    if (sorted_one := _sorted_order([parts for _, parts in found], sorted(orders))) is not None:
        return [sorted_one], "Only in this order do the lines follow each other in time."
    same = all(parts.numbers[0] == parts.numbers[1] for _, parts in found)
    if same:
        return ["DMY"], "Day and month are the same number in every date."
    text = next((text for text, parts in found if parts.numbers[0] != parts.numbers[1]), "")
    return sorted(orders), f"Every date could have day or month first, such as {shown(text)!r}."


def _short_orders(found: list[Parts], orders: set[DateOrder]) -> set[DateOrder]:
    """Return the orders that are left where two digits may be a year in front.

    A year in front is rare: it is taken only if the file then lasts far shorter than otherwise.
    """
    spans = {}
    for order in orders:
        days = [day for parts in found if (day := parts.date(order)) is not None]
        spans[order] = (max(days) - min(days)).days if days else 0
    others = min(span for order, span in spans.items() if order != "YMD")
    return {"YMD"} if spans["YMD"] * 4 < others else orders - {"YMD"}


def _sorted_order(found: list[Parts], orders: list[DateOrder]) -> DateOrder | None:
    """Return the only order in which the dates rise or fall all along, if there is one."""
    if len({parts.numbers for parts in found}) < 3:
        return None
    sorted_ = []
    for order in orders:
        days = [day for parts in found if (day := parts.date(order)) is not None]
        if all(a <= b for a, b in pairwise(days)) or all(a >= b for a, b in pairwise(days)):
            sorted_.append(order)
    return sorted_[0] if len(sorted_) == 1 else None


def choose_decimal(texts: Sequence[str], places: int | None = None) -> tuple[list[str], str]:
    """Return what can divide the decimals in all of *texts*, best first, and how that was decided.

    None means a contradiction. Where only thousands could be meant or three decimals (``1,250``),
    both are possible, and thousands are put first; *places*, the decimals of the currency if it is
    known, decides for thousands where three digits are more than it has (``1,253``).
    """
    decimal, deciding, open_mark = "", "", ""
    for text in texts:
        mark, sure = _mark(text)
        if not mark:
            continue
        if not sure:
            open_mark = open_mark or mark
            continue
        if decimal and mark != decimal:
            why = f"The amounts contradict each other: {shown(text)!r} after {deciding!r}."
            return [], why
        decimal, deciding = mark, deciding or shown(text)
    if decimal:
        return [decimal], f"Decimals are divided by {decimal!r}, as in {deciding!r}."
    if open_mark:
        other = "." if open_mark == "," else ","
        if places is not None and places < 3 and _has_thousandths(texts):
            return [other], f"{open_mark!r} divides thousands: the currency has {places} decimals."
        return [other, open_mark], f"{open_mark!r} could divide thousands or decimals everywhere."
    return ["."], "No amount has decimals."


def _has_thousandths(texts: Sequence[str]) -> bool:
    """Return whether three digits behind a mark would be more than trailing zeros."""
    open_ = [text for text in texts if (found := _mark(text))[0] and not found[1]]
    return any(text.strip()[-1:] in set("123456789") for text in open_)


def _mark(text: str) -> tuple[str, bool]:
    """Return the mark of the decimals of one amount, and whether that is sure."""
    points, commas = text.count("."), text.count(",")
    if not points and not commas:
        return "", False
    if points and commas:
        return ("." if text.rfind(".") > text.rfind(",") else ","), True
    mark, other = (".", ",") if points else (",", ".")
    if points + commas > 1:
        return other, True
    before, _, after = text.partition(mark)
    digits = "".join(filter(str.isdigit, after))
    whole = "".join(filter(str.isdigit, before))
    unsure = len(digits) == 3 and 1 <= len(whole) <= 3 and whole != "0"
    return mark, not unsure


@lru_cache(maxsize=32_768)
def canonical(text: str, decimal: str) -> str | None:
    """Return the amount *text* with a point before its decimals, or None if it is no amount.

    Signs of currencies, thousands, brackets and a minus or DR behind are understood.
    """
    if decimal == "." and PLAIN.fullmatch(text):
        return text
    if len(text) > LENGTH_MAX:
        return None
    clean, negative = _without_signs(text.translate(DASHES).strip())
    if decimal == ",":
        clean = clean.translate(TURN)
    if not AMOUNT.fullmatch(clean):
        return None
    clean = clean.replace(",", "")
    if clean.startswith("."):
        clean = "0" + clean
    return "-" + clean if negative else clean


def _without_signs(text: str) -> tuple[str, bool]:
    """Return the digits and marks of an amount, and whether it is negative."""
    clean, negative = text, False
    if clean[-2:].upper() in {"DR", "CR"}:
        clean, negative = clean[:-2], clean[-2:].upper() == "DR"
    if clean.startswith("(") and clean.endswith(")"):
        clean, negative = clean[1:-1], True
    clean = SYMBOLS.sub("", clean, count=1).translate(GROUPS)
    if clean.startswith("-"):
        return clean[1:], not negative
    if clean.endswith("-"):
        return clean[:-1], not negative
    return clean.removeprefix("+"), negative
