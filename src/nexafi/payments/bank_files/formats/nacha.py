"""NACHA files for a US bank: debits and credits by ACH, in records of 94 columns.

Each file is read back by our own reader before anybody gets it, which takes all counts, sums and
hashes again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from nexafi.payments.bank_files.formats import columns, letters, nacha_reading
from nexafi.payments.bank_files.formats.columns import BLOCK, WIDTH
from nexafi.payments.bank_files.formats.orders import Batch, Order
from nexafi.payments.bank_files.rules import Own

CREDITS, DEBITS = 220, 225
CODES = {(True, False): 27, (True, True): 37, (False, False): 22, (False, True): 32}
"""Transaction codes, by whether it is a debit and of a savings account."""
HASH = 10**10


def write(modifier: str, made_at: datetime, own: Own, batches: Sequence[Batch]) -> bytes:
    """Return the file of these batches; *modifier* tells those of one day apart."""
    header = columns.written(
        columns.FILE_HEADER,
        {
            "type": "1", "priority": 1, "destination": f" {own.immediate_destination}",
            "origin": own.immediate_origin.rjust(10), "date": made_at.strftime("%y%m%d"),
            "time": made_at.strftime("%H%M"), "modifier": modifier, "record_size": WIDTH,
            "blocking": BLOCK, "format": "1",
            "destination_name": letters.nacha(own.destination_name, 23),
            "origin_name": letters.nacha(own.company_name, 23),
        },
    )  # fmt: skip
    records = [header]
    for number, batch in enumerate(batches, 1):
        records.extend(_batch(number, own, batch))
    orders = [each for batch in batches for each in batch.orders]
    blocks = -(-(len(records) + 1) // BLOCK)
    control = columns.written(
        columns.FILE_CONTROL,
        {"type": "9", "batches": len(batches), "blocks": blocks, **_sums(orders)},
    )
    records.append(control)
    records.extend(["9" * WIDTH] * (blocks * BLOCK - len(records)))
    raw = ("\n".join(records) + "\n").encode("ascii")
    nacha_reading.read(raw)
    return raw


def _batch(number: int, own: Own, batch: Batch) -> Iterator[str]:
    first = batch.orders[0]
    service = DEBITS if first.is_debit else CREDITS
    same: dict[str, str | int] = {
        "service": service,
        "company_id": own.company_id,
        "odfi": own.odfi,
        "batch": number,
    }
    yield columns.written(
        columns.BATCH_HEADER,
        {
            "type": "5", **same, "company_name": letters.nacha(own.company_name, 16),
            "entry_class": first.entry_class,
            "description": "PAYMENT" if first.is_debit else "PAYOUT",
            "effective": first.execute_on.strftime("%y%m%d"), "status": "1",
        },
    )  # fmt: skip
    for order in batch.orders:
        yield from _entry(own, order)
    yield columns.written(columns.BATCH_CONTROL, {"type": "8", **same, **_sums(batch.orders)})


def _entry(own: Own, order: Order) -> Iterator[str]:
    account = order.account
    yield columns.written(
        columns.ENTRY,
        {
            "type": "6", "transaction": CODES[order.is_debit, account.is_savings],
            "rdfi": account.routing[:8], "check": account.routing[8], "account": account.number,
            "amount": order.amount.minor, "individual_id": order.end_to_end_id[:15],
            "name": letters.nacha(order.name, 22),
            "discretionary": "S" if order.entry_class == "WEB" else "",
            "addenda": int(bool(order.remittance)), "trace": trace(own, order.number),
        },
    )  # fmt: skip
    if order.remittance:
        text = letters.nacha(order.remittance, 80)
        values: dict[str, str | int] = {"type": "7", "addenda_type": "05", "text": text}
        yield columns.written(
            columns.ADDENDA, {**values, "sequence": 1, "entry": order.number % nacha_reading.TRACES}
        )


def trace(own: Own, number: int) -> str:
    """Return the trace number of an order, by which a return names it."""
    return f"{own.odfi}{number % nacha_reading.TRACES:07d}"


def _sums(orders: Sequence[Order]) -> dict[str, int]:
    return {
        "entries": sum(1 + bool(each.remittance) for each in orders),
        "hash": sum(int(each.account.routing[:8]) for each in orders) % HASH,
        "debits": sum(each.amount.minor for each in orders if each.is_debit),
        "credits": sum(each.amount.minor for each in orders if not each.is_debit),
    }
