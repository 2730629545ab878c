"""What a mapping makes of the rows of a CSV: their amounts, and whether the balances follow."""

from __future__ import annotations

from itertools import pairwise

from nexafi.ledger.banking.formats.mapping import CsvMapping
from nexafi.ledger.banking.formats.orders import canonical
from nexafi.ledger.banking.formats.table import Row

SCALE = 10_000
"""Amounts are compared in ten-thousandths: no currency has more than four decimals."""


def amounts(rows: list[Row], mapping: CsvMapping) -> list[int | None]:
    """Return the amount of each row in ten-thousandths, or None where it has none."""
    mixed = mapping.debit is not None and mixed_signs(rows, mapping)
    return [
        None if text is None else scaled(text)
        for text in (amount_of(row, mapping, mixed=mixed) for row in rows)
    ]


def less_fee(text: str, row: Row, mapping: CsvMapping) -> str:
    """Return the amount *text* less the fee of its row."""
    fee = canonical(row.cell(mapping.fee), mapping.decimal)
    if fee is None or not scaled(fee):
        return text
    value = scaled(text) - abs(scaled(fee))
    whole, fraction = divmod(abs(value), SCALE)
    return f"{'-' if value < 0 else ''}{whole}.{fraction:04}"


def scaled(text: str) -> int:
    """Return an amount with a point as ten-thousandths; further decimals are cut."""
    whole, _, fraction = text.lstrip("-").partition(".")
    value = int(whole[:30] or "0") * SCALE + int((fraction + "0000")[:4])
    return -value if text.startswith("-") else value


def mixed_signs(rows: list[Row], mapping: CsvMapping) -> bool:
    """Return whether the debit column has amounts of both signs: then a minus is money back."""
    signs = {
        text.startswith("-")
        for row in rows
        if (text := canonical(row.cell(mapping.debit), mapping.decimal)) and scaled(text)
    }
    return len(signs) == 2


def amount_of(row: Row, mapping: CsvMapping, *, mixed: bool) -> str | None:
    """Return the amount of a row, with its sign and a point, or None if it has none."""
    if mapping.amount is not None:
        text = canonical(row.cell(mapping.amount), mapping.decimal)
        if text is None or mapping.sign is None:
            text = _turned(text) if text and mapping.is_negated else text
            return less_fee(text, row, mapping) if text and mapping.fee is not None else text
        out = row.cell(mapping.sign).upper() in mapping.sign_debit
        return ("-" if out else "") + text.lstrip("-")
    out_text = canonical(row.cell(mapping.debit), mapping.decimal)
    in_text = canonical(row.cell(mapping.credit), mapping.decimal)
    has_out = out_text is not None and scaled(out_text) != 0
    has_in = in_text is not None and scaled(in_text) != 0
    if has_out and has_in:
        return None
    if has_out and out_text is not None:
        return _turned(out_text) if mixed else "-" + out_text.lstrip("-")
    return in_text if in_text is not None else out_text


def _turned(text: str) -> str:
    return text[1:] if text.startswith("-") else "-" + text


def fits(rows: list[Row], mapping: CsvMapping) -> float:
    """Return the share of balances that the amounts prove, in the better direction of time.

    Without a balance column it is 0, and -1 where a row with a date has no amount.
    """
    moved = amounts(rows, mapping)
    if mapping.balance is None:
        return -0.5 if any(each is None for each in moved) else 0.0
    balances = [
        None if text is None else scaled(text)
        for text in (canonical(row.cell(mapping.balance), mapping.decimal) for row in rows)
    ]
    pairs = [
        (balance, amount)
        for balance, amount in zip(balances, moved, strict=True)
        if balance is not None and amount is not None
    ]
    if len(pairs) < 2:
        return 0.0
    after = sum(b == a + amount for (a, _), (b, amount) in pairwise(pairs))
    before = sum(a == b + amount for (a, amount), (b, _) in pairwise(pairs))
    return max(after, before) / (len(pairs) - 1)
