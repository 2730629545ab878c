"""Reports of Stripe: the itemized payout reconciliation report, and balance transactions.

The report (`payout_reconciliation.itemized.5`) is a CSV whose amounts are
decimals; the transactions are what the API lists for one payout, in minor
units. Of the many columns only those are read that say what moved; names and
addresses of payers are not kept.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from zoneinfo import ZoneInfo

from nexafi.payments.settlements.formats.sheet import Row
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
    whole_of,
)

COLUMNS: Final = frozenset(
    {"automatic_payout_id", "balance_transaction_id", "reporting_category", "gross", "fee", "net"}
)
"""By which the report is known."""

KINDS: Final[Mapping[str, LineKind]] = {
    "charge": LineKind.CHARGE,
    "refund": LineKind.REFUND,
    "charge_failure": LineKind.REFUND,
    "refund_failure": LineKind.REFUND_FAILED,
    "dispute": LineKind.DISPUTE,
    "dispute_reversal": LineKind.DISPUTE_REVERSAL,
    "fee": LineKind.FEE,
    "network_cost": LineKind.FEE,
    "tax": LineKind.FEE,
    "transfer": LineKind.PAYOUT,
    "transfer_reversal": LineKind.PAYOUT_RETURNED,
    "risk_reserved_funds": LineKind.RESERVE,
    "connect_reserved_funds": LineKind.RESERVE,
    "payout_minimum_balance_hold": LineKind.RESERVE,
    "payout_minimum_balance_release": LineKind.RESERVE,
    "other_adjustment": LineKind.ADJUSTMENT,
}
"""By `reporting_category`; whatever else there is, a person looks at."""

TYPES: Final[Mapping[str, str]] = {
    "payment": "charge",
    "payment_refund": "refund",
    "payment_failure_refund": "refund_failure",
    "stripe_fee": "fee",
    "stripe_fx_fee": "fee",
    "reserved_funds": "risk_reserved_funds",
    "payout_cancel": "payout_reversal",
    "payout_failure": "payout_reversal",
}
"""Of balance transactions without a category: their `type`, where it is another word."""

REVERSED: Final = "partial_capture_reversal"
"""Takes back of a charge what was authorized and not captured."""
OWN_ID: Final = ("payment_metadata[operation]", "refund_metadata[operation]")
PAYOUT: Final = "payout"


def read_csv(rows: Sequence[Row], zone: ZoneInfo) -> Report:
    """Return the payouts of an itemized payout reconciliation report."""
    lines: dict[tuple[str, str], list[Line]] = defaultdict(list)
    paid: dict[tuple[str, str], dt.date] = {}
    for row in rows:
        payout = row["automatic_payout_id"]
        if not payout:
            continue  # not yet paid out
        currency = currency_of(row["currency"], row.at)
        line = _line(row, currency, zone)
        key = payout, currency
        lines[key].append(line)
        effective = row["automatic_payout_effective_at"] or row["automatic_payout_effective_at_utc"]
        paid[key] = _day(effective, row.at) if effective else max(line.on, paid.get(key, line.on))
    batches = [
        Batch(payout, currency, paid[payout, currency], _merged(own))
        for (payout, currency), own in lines.items()
    ]
    return Report("stripe_csv", "stripe", batches)


def _line(row: Row, currency: str, zone: ZoneInfo) -> Line:
    category = row["reporting_category"]
    own = None
    if row["customer_facing_currency"] and row["customer_facing_amount"]:
        code = currency_of(row["customer_facing_currency"], row.at)
        if code != currency:
            own = minor_of(row["customer_facing_amount"], code, row.at), code
    line = Line(
        kind=KINDS.get(category, LineKind.OTHER),
        on=_local_day(row, zone),
        currency=currency,
        amount=minor_of(row["gross"], currency, row.at),
        fee=minor_of(row["fee"], currency, row.at),
        id=row["balance_transaction_id"] or None,
        aliases=named(row["source_id"], row["charge_id"], row["payment_intent_id"]),
        operation=operation_of(*(row[name] for name in OWN_ID)),
        own=own,
        description=REVERSED if category == REVERSED else row["description"],
    )
    if row["net"] and minor_of(row["net"], currency, row.at) != line.net:
        raise refuse(f"gross less fee is not {shown(row['net'])}.", row.at)
    return line


def _merged(lines: Sequence[Line]) -> list[Line]:
    """Return *lines* with what was not captured taken off the charge that it belongs to."""
    kept = [each for each in lines if each.description != REVERSED]
    places = {each.aliases: n for n, each in enumerate(kept) if each.kind is LineKind.CHARGE}
    by_charge = {aliases[-1]: n for aliases, n in places.items() if aliases}
    for each in lines:
        if each.description != REVERSED:
            continue
        place = by_charge.get(each.aliases[-1]) if each.aliases else None
        if place is None:
            kept.append(replace(each, kind=LineKind.ADJUSTMENT))
            continue
        charge = kept[place]
        kept[place] = replace(charge, amount=charge.amount + each.amount, fee=charge.fee + each.fee)
    return kept


def _local_day(row: Row, zone: ZoneInfo) -> dt.date:
    """Return the organization's day on which it happened."""
    if row["created_utc"]:
        at = _moment(row["created_utc"], row.at)
        return at.replace(tzinfo=dt.UTC).astimezone(zone).date()
    return _day(row["created"], row.at)


def _day(text: str, at: int) -> dt.date:
    return _moment(text, at).date()


def _moment(text: str, at: int) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        raise refuse(f"{shown(text)} is no time.", at) from None


def read_json(found: Mapping[str, Any], zone: ZoneInfo) -> Report:
    """Return the payout whose balance transactions the API listed."""
    told = found.get("data")
    if not isinstance(told, list) or not all(isinstance(each, dict) for each in told):
        raise refuse("There is no list `data` of balance transactions.")
    payouts = [each for each in told if _category(each) == PAYOUT]
    if len(payouts) != 1:
        raise refuse(
            f"There are {len(payouts)} payouts in the list; ask Stripe for one, by `payout=po_...`."
        )
    if found.get("has_more"):
        raise refuse("The list goes on (`has_more`); hand in all of its pages together.")
    payout = payouts[0]
    currency = currency_of(payout.get("currency"))
    lines = [
        _transaction(each, currency, zone, row)
        for row, each in enumerate(told, 1)
        if each is not payout
    ]
    paid = _from_epoch(payout.get("available_on") or payout.get("created"), zone, None)
    amount = -whole_of(payout.get("net", payout.get("amount")))
    reference = _source(payout).get("id") or payout.get("id")
    batch = Batch(str(reference)[:200], currency, paid, _merged(lines), amount)
    return Report("stripe_json", "stripe", [batch])


def _category(transaction: Mapping[str, Any]) -> str:
    told = str(transaction.get("type") or "")
    return str(transaction.get("reporting_category") or TYPES.get(told, told))


def _source(transaction: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a transaction is about: an object where it was expanded, else its id."""
    source = transaction.get("source")
    return source if isinstance(source, dict) else {"id": source}


def _transaction(each: Mapping[str, Any], currency: str, zone: ZoneInfo, row: int) -> Line:
    if currency_of(each.get("currency"), row) != currency:
        raise refuse(f"It is not in {currency}, as the payout is.", row)
    source, category = _source(each), _category(each)
    amount, fee = whole_of(each.get("amount"), row), whole_of(each.get("fee", 0), row)
    if whole_of(each.get("net", amount - fee), row) != amount - fee:
        raise refuse("amount less fee is not net.", row)
    own = None
    if each.get("exchange_rate") is not None and source.get("currency"):
        code = currency_of(source["currency"], row)
        facing = whole_of(source.get("amount"), row)
        own = (facing if amount >= 0 else -abs(facing)), code
    metadata = source.get("metadata") or {}
    return Line(
        kind=KINDS.get(category, LineKind.OTHER),
        on=_from_epoch(each.get("created"), zone, row),
        currency=currency,
        amount=amount,
        fee=fee,
        id=str(each["id"])[:200] if each.get("id") else None,
        aliases=named(source.get("id"), source.get("charge"), source.get("payment_intent")),
        operation=operation_of(metadata.get("operation")),
        own=own,
        description=REVERSED if category == REVERSED else str(each.get("description") or ""),
    )


def _from_epoch(value: object, zone: ZoneInfo, row: int | None) -> dt.date:
    if not isinstance(value, int) or not 0 <= value < 2**33:
        raise refuse(f"{shown(value)} is no time in seconds.", row)
    return dt.datetime.fromtimestamp(value, zone).date()
