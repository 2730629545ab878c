"""Reports of PayPal: transactions as its API searches them, and the settlement report.

PayPal keeps a balance for us in each currency, and what it sends to the bank
is one line among the others. So a file makes one batch for each currency:
what was withdrawn is what was sent, the rest is kept there.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from zoneinfo import ZoneInfo

from nexafi.payments.settlements.report import (
    Batch,
    Line,
    LineKind,
    Report,
    currency_of,
    minor_of,
    named,
    operation_of,
    refuse,
    shown,
)

WITHDRAWN: Final = "T04"
"""Codes of what goes to our bank."""

KINDS: Final[Mapping[str, LineKind]] = {
    "T00": LineKind.CHARGE,
    "T01": LineKind.FEE,
    "T02": LineKind.EXCHANGE,
    "T1105": LineKind.RESERVE,
    "T1106": LineKind.DISPUTE,
    "T1107": LineKind.REFUND,
    "T1108": LineKind.FEE,
    "T1110": LineKind.RESERVE,
    "T1111": LineKind.RESERVE,
    "T1114": LineKind.PAYOUT_RETURNED,
    "T1115": LineKind.PAYOUT_RETURNED,
    "T1201": LineKind.DISPUTE,
    "T1202": LineKind.DISPUTE_REVERSAL,
    "T12": LineKind.ADJUSTMENT,
    "T15": LineKind.RESERVE,
    "T21": LineKind.RESERVE,
}
"""By transaction event code, or by its group (three signs)."""

SUCCEEDED: Final = "S"
ROW: Final = "SB"
HEAD: Final = "CH"


@dataclass(frozen=True, slots=True)
class Told:
    """A line, and what only tells how it fits with the others."""

    line: Line
    code: str
    balance: int | None
    """Ours there after it, where PayPal says so."""


def read_json(found: Mapping[str, Any], zone: ZoneInfo) -> Report:
    """Return a batch for each currency of a transaction search."""
    details = found.get("transaction_details")
    if not isinstance(details, list):
        raise refuse("There is no list `transaction_details`.")
    if int(found.get("total_pages") or 1) > 1 and "page" in found:
        raise refuse("The search has several pages; hand in all of them together.")
    told = []
    for row, each in enumerate(details, 1):
        info = each.get("transaction_info") if isinstance(each, dict) else None
        if not isinstance(info, dict):
            raise refuse("There is no `transaction_info`.", row)
        if info.get("transaction_status", SUCCEEDED) == SUCCEEDED:
            told.append(_searched(info, zone, row))
    span = f"{found.get('start_date', '')}..{found.get('end_date', '')}"
    account = str(found.get("account_number") or "")
    return Report("paypal_json", "paypal", _batches(told, f"{account} {span}".strip()))


def _searched(info: Mapping[str, Any], zone: ZoneInfo, row: int) -> Told:
    amount, fee, after = (
        _money(info.get(name), row)
        for name in ("transaction_amount", "fee_amount", "ending_balance")
    )
    if amount is None:
        raise refuse("There is no `transaction_amount`.", row)
    minor, currency = amount
    if fee is not None and fee[1] != currency:
        raise refuse("The fee is in another currency.", row)
    code = str(info.get("transaction_event_code") or "")
    line = Line(
        kind=_kind(code, minor),
        on=_day(str(info.get("transaction_initiation_date") or ""), zone, row),
        currency=currency,
        amount=minor,
        fee=-fee[0] if fee else 0,
        id=_id(info.get("transaction_id")),
        aliases=named(info.get("transaction_id"), info.get("paypal_reference_id")),
        operation=operation_of(info.get("custom_field"), info.get("invoice_id")),
        description=str(info.get("transaction_subject") or ""),
    )
    return Told(line, code, after[0] if after and after[1] == currency else None)


def _money(value: Any, row: int) -> tuple[int, str] | None:  # noqa: ANN401 - any JSON
    if value is None:
        return None
    if not isinstance(value, dict):
        raise refuse(f"{shown(value)} is no amount.", row)
    currency = currency_of(value.get("currency_code"), row)
    return minor_of(value.get("value"), currency, row), currency


def _id(value: object) -> str | None:
    return str(value)[:200] if value else None


def _kind(code: str, minor: int) -> LineKind:
    kind = KINDS.get(code) or KINDS.get(code[:3], LineKind.OTHER)
    return LineKind.PAYOUT if kind is LineKind.CHARGE and minor < 0 else kind


def _day(text: str, zone: ZoneInfo, row: int) -> dt.date:
    """Return the organization's day of a moment such as ``2026-03-01T10:00:00+0000``."""
    try:
        at = dt.datetime.fromisoformat(text.replace("/", "-").replace(" -", "-").replace(" +", "+"))
    except ValueError:
        raise refuse(f"{shown(text)} is no time.", row) from None
    return at.astimezone(zone).date() if at.tzinfo else at.date()


def _batches(told: Sequence[Told], name: str) -> list[Batch]:
    by_currency: dict[str, list[Told]] = defaultdict(list)
    for each in _paired(told):
        by_currency[each.line.currency].append(each)
    batches = []
    for currency, own in sorted(by_currency.items()):
        _prove(own, currency)
        withdrawn = [each for each in own if each.code.startswith(WITHDRAWN)]
        lines = [each.line for each in own if not each.code.startswith(WITHDRAWN)]
        sent = -sum(each.line.net for each in withdrawn)
        paid_on = max(each.line.on for each in (withdrawn or own))
        kept = sum(each.net for each in lines) - sent
        reference = "+".join(str(each.line.id) for each in withdrawn) or f"{name} {currency}"
        batches.append(Batch(reference[:200], currency, paid_on, lines, sent, kept))
    return batches


def _paired(told: Sequence[Told]) -> list[Told]:
    """Return *told*, each side of an exchange with the other."""
    sides: dict[str, list[Line]] = defaultdict(list)
    for each in told:
        if each.line.kind is LineKind.EXCHANGE and each.line.aliases:
            sides[each.line.aliases[-1]].append(each.line)
    found = []
    for each in told:
        line = each.line
        others = [
            other
            for other in (sides[line.aliases[-1]] if line.aliases else [])
            if other.currency != line.currency and other.amount * line.amount < 0
        ]
        if line.kind is LineKind.EXCHANGE and len(others) == 1:
            line = replace(line, own=(-others[0].amount, others[0].currency))
        found.append(replace(each, line=line))
    return found


def _prove(told: Sequence[Told], currency: str) -> None:
    """Refuse lines from whose amounts the balances do not follow, where all have one."""
    balances = [each.balance for each in told]
    if any(each is None for each in balances) or len(told) < 2:
        return
    first, last = balances[0], balances[-1]
    assert first is not None
    if first + sum(each.line.net for each in told[1:]) != last:
        raise refuse(f"The balances in {currency} do not follow from the lines: some are missing.")


def read_csv(records: Sequence[Sequence[str]], zone: ZoneInfo) -> Report:
    """Return a batch for each currency of a settlement report (`STL-...CSV`)."""
    head: dict[str, int] = {}
    told, name = [], ""
    for at, record in enumerate(records, 1):
        mark = record[0].strip() if record else ""
        if mark == "SH":
            name = " ".join(cell.strip() for cell in record[1:4])
        elif mark == HEAD:
            head = {" ".join(cell.split()): place for place, cell in enumerate(record)}
        elif mark == ROW:
            cells = {title: record[n] for title, n in head.items() if n < len(record)}
            told.append(_settled(cells, zone, at))
    if not head:
        raise refuse("There is no row that names the columns (CH).")
    return Report("paypal_csv", "paypal", _batches(told, name or "settlement report"))


def _settled(cells: Mapping[str, str], zone: ZoneInfo, at: int) -> Told:
    currency = currency_of(cells.get("Gross Transaction Currency"), at)
    amount = _signed(cells, "Gross Transaction Amount", "Transaction Debit or Credit", at)
    fee = -_signed(cells, "Fee Amount", "Fee Debit or Credit", at)
    if fee and currency_of(cells.get("Fee Currency") or currency, at) != currency:
        raise refuse("The fee is in another currency.", at)
    code = cells.get("Transaction Event Code", "").strip()
    line = Line(
        kind=_kind(code, amount),
        on=_day(cells.get("Transaction Initiation Date", "").strip(), zone, at),
        currency=currency,
        amount=amount,
        fee=fee,
        id=_id(cells.get("Transaction ID", "").strip()),
        aliases=named(cells.get("Transaction ID"), cells.get("PayPal Reference ID")),
        operation=operation_of(cells.get("Custom Field"), cells.get("Invoice ID")),
    )
    return Told(line, code, None)


def _signed(cells: Mapping[str, str], amount: str, side: str, at: int) -> int:
    """Return an amount, which is written without sign or point, with the sign of its side."""
    told = cells.get(amount, "").strip()
    if not told:
        return 0
    if not (told.isascii() and told.isdigit()) or len(told) > 15:
        raise refuse(f"{shown(told)} is no amount.", at)
    sides = {"CR": 1, "DR": -1}
    sign = sides.get(cells.get(side, "").strip())
    if sign is None and int(told):
        raise refuse(f"{shown(cells.get(side))} is neither CR nor DR.", at)
    return (sign or 1) * int(told)
