"""Which reader takes a file: found by its content, for no name of a file can be relied on."""

from __future__ import annotations

import json
from typing import Any, Final
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from nexafi.payments.settlements.formats import paypal, plain, stripe
from nexafi.payments.settlements.formats.plain import Mapped
from nexafi.payments.settlements.formats.sheet import cells_of, rows_of, text_of
from nexafi.payments.settlements.report import LINES_MAX, Report, refuse

BYTES_MAX: Final = 100 * 2**20


def read(raw: bytes, zone: str, *, provider: str, mapping: str | None, name: str) -> Report:
    """Return the payouts of a file, whoever wrote it.

    *mapping*, which is JSON, is for a CSV that no provider of ours writes; it is *provider*'s.
    """
    home = ZoneInfo(zone)
    text = text_of(raw)
    report = (
        _of_json(text, raw, home)
        if text.lstrip()[:1] in {"{", "["}
        else _of_csv(text, home, provider=provider, mapping=mapping, name=name)
    )
    if not report.batches:
        raise refuse("There is no payout in the file.")
    if sum(len(each.lines) for each in report.batches) > LINES_MAX:
        raise refuse(f"The file has more than {LINES_MAX} lines; split it by payout.")
    return report


def _of_json(text: str, raw: bytes, zone: ZoneInfo) -> Report:
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise refuse("The file is no JSON.") from None
    if not isinstance(found, dict):
        raise refuse("The file is no report that is known here.")
    if "transaction_details" in found:
        return paypal.read_json(found, zone)
    if "payouts" in found:
        return plain.read_json(raw)
    return stripe.read_json(found, zone)


def _of_csv(text: str, zone: ZoneInfo, *, provider: str, mapping: str | None, name: str) -> Report:
    if mapping is not None:
        try:
            known = Mapped.model_validate_json(mapping)
        except ValidationError as error:
            first = error.errors()[0]
            place = "/".join(map(str, first["loc"]))
            raise refuse(f"The mapping does not fit: {place}: {first['msg'][:150]}") from None
        return plain.read_csv(rows_of(text, known.delimiter), provider, known, name)
    if text.lstrip('"').startswith("RH"):
        return paypal.read_csv(cells_of(text), zone)
    rows = rows_of(text)
    if rows and rows[0].cells.keys() >= stripe.COLUMNS:
        return stripe.read_csv(rows, zone)
    raise refuse("The columns are of no report that is known here; say what they are (`mapping`).")
