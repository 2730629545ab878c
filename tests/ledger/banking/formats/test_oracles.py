"""Independent judges: mt-940 and ofxparse read the real files too, and say the same.

They are known to err where it is named below; there we are not compared.
"""

from __future__ import annotations

import io
import re
import warnings
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import mt940
import pytest
from mt940.tags import StatementASNB

from nexafi.ledger.banking.formats import read
from tests.shared import shared_files

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from ofxparse import OfxParser


def ours(path: Path) -> list[tuple[Decimal, object]]:
    return [
        (Decimal(line.amount.minor) / 100, line.booked_on)
        for statement in read(path.read_bytes()).statements
        for line in statement.lines
    ]


@pytest.mark.parametrize("path", shared_files("bank", "mt940_*.sta"))
def test_mt_940_finds_the_same_movements(path: Path):
    text = path.read_bytes().decode("latin-1")
    messages = re.split(r"(?m)^(?=:20:)", text)[1:]  # it keeps one balance for a whole file
    theirs = []
    for message in messages:
        tags = {61: StatementASNB()} if "asnb" in path.name else {}
        found = mt940.models.Transactions(tags=tags)
        found.parse(message)
        for each in found:
            if (data := each.data).get("amount") is None:
                continue
            amount = data["amount"].amount
            if data["status"].startswith(
                "R"
            ):  # it counts a reversal with the sign of what it takes back
                amount = abs(amount) * (-1 if data["status"] == "RC" else 1)
            theirs.append((amount, data.get("entry_date") or data["date"]))

    found = ours(path)
    assert [amount for amount, _ in found] == [amount for amount, _ in theirs]
    assert [day for _, day in found] == [day for _, day in theirs]


@pytest.mark.parametrize("path", [*shared_files("bank", "*.ofx"), *shared_files("bank", "*.qfx")])
def test_ofxparse_finds_the_same_movements(path: Path):
    if path.name == "ofx_checking_emptyledgerbal.ofx":
        return  # it fails on an empty balance
    raw = path.read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parsed = OfxParser.parse(io.BytesIO(raw))
    theirs = []
    for account in parsed.accounts:
        for each in account.statement.transactions:
            amount = each.amount if hasattr(each, "amount") else each.total
            theirs.append((amount, getattr(each, "date", None) or each.tradeDate))

    found = ours(path)
    assert [amount for amount, _ in found] == [amount for amount, _ in theirs]
    for (_, day), (_, moment) in zip(found, theirs, strict=True):  # theirs is moved to UTC
        assert abs(day - moment.date()) <= timedelta(days=1)
