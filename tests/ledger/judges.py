"""Independent judges of the books: hledger and beancount, asked about our own export."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

HLEDGER = os.environ.get("NEXAFI_TEST_HLEDGER") or shutil.which("hledger")
needs_hledger = pytest.mark.skipif(HLEDGER is None, reason="hledger is not installed")

MILLIONTH = Decimal("0.000001")
"""Far less than any minor unit."""

Sums = dict[tuple[str, str], Decimal]
"""What an account, by its code, holds in each currency, without the zeros."""


def hledger(journal: Path, *arguments: str) -> list[list[str]]:
    """Return what hledger answers, as rows of cells without the headings."""
    command = [HLEDGER or "hledger", "-f", str(journal), *arguments, "-O", "csv"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return list(csv.reader(io.StringIO(answer.stdout)))[1:]


def hledger_sums(journal: Path, *arguments: str) -> Sums:
    """Return what hledger says each account holds."""
    rows = hledger(journal, "balance", "--flat", "--no-total", "--layout=bare", *arguments)
    return {
        (code_of(account), currency): Decimal(amount)
        for account, currency, amount in rows
        if Decimal(amount)
    }


def code_of(account: str) -> str:
    """Return the code at the begin of an account's last part: ``assets:1200 Cash`` is 1200."""
    return account.rpartition(":")[2].split(" ")[0]


def beancount_sums(path: Path) -> tuple[Sums, Sums]:
    """Return what beancount says each account holds, by currency and at cost."""
    from beancount import loader  # noqa: PLC0415 - slow, and only here
    from beancount.core import convert, data  # noqa: PLC0415

    entries, errors, _options = loader.load_file(str(path))
    assert errors == []
    units: Sums = {}
    costs: Sums = {}
    for entry in entries:
        if not isinstance(entry, data.Transaction):
            continue
        for posting in entry.postings:
            code = posting.account.rpartition(":")[2].split("-")[0]
            weight = convert.get_weight(posting)
            for sums, amount in ((units, posting.units), (costs, weight)):
                key = code, amount.currency
                exact = amount.number.quantize(MILLIONTH)  # it keeps a total as that of one unit
                sums[key] = sums.get(key, Decimal(0)) + exact
    return _without_zeros(units), _without_zeros(costs)


def _without_zeros(sums: Sums) -> Sums:
    return {key: value for key, value in sums.items() if value}
