"""Books of some size for tests: one of others, and one that is made up by chance with a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

TYPES = {
    "Assets": "asset",
    "Liabilities": "liability",
    "Equity": "equity",
    "Income": "income",
    "Expenses": "expense",
}
CENT = Decimal("0.01")
BATCH = 500

SAME = {"VACHR": "AUD", "IRAUSD": "CAD", "DEFCCY": "NZD"}
"""What has no price at all in the book of others stands in a currency that it does not use."""


@dataclass
class Books:
    """Accounts by code, and entries as the API takes them."""

    base_currency: str
    accounts: dict[str, dict[str, Any]] = field(default_factory=dict)
    entries: list[dict[str, Any]] = field(default_factory=list)

    def post(self, client: FlaskClient) -> None:
        """Open all accounts and post all entries through the API, many at a time."""
        for account in self.accounts.values():
            answer = client.post("/api/v1/ledger/accounts", json=account)
            assert answer.status_code == 201, answer.json
        for start in range(0, len(self.entries), BATCH):
            body = {"mode": "all", "entries": self.entries[start : start + BATCH]}
            answer = client.post("/api/v1/ledger/entries/batch", json=body)
            assert answer.status_code == 200, answer.json


def money(amount: Decimal, currency: str) -> dict[str, str]:
    return {"amount": str(amount), "currency": currency}


def from_beancount(path: Path, base_currency: str = "USD") -> Books:
    """Return the book of a beancount file: what is held at cost stands at its cost."""
    from beancount import loader  # noqa: PLC0415 - slow, and only here
    from beancount.core import convert, data  # noqa: PLC0415

    found, errors, _options = loader.load_file(str(path))
    assert errors == []
    books = Books(base_currency)
    codes: dict[str, str] = {}
    for entry in found:
        if isinstance(entry, data.Open):
            root = entry.account.partition(":")[0]
            codes[entry.account] = code = str(1000 + len(codes))
            books.accounts[code] = {"code": code, "name": entry.account, "type": TYPES[root]}
        if not isinstance(entry, data.Transaction):
            continue
        lines, rest = [], Decimal(0)
        for posting in entry.postings:
            weight = convert.get_weight(posting)
            if weight.currency == base_currency:
                amount = weight.number.quantize(CENT, ROUND_HALF_EVEN)
                rest += amount
                shown = money(amount, base_currency)
                line = {"account": codes[posting.account], "amount": shown}
            else:
                shown = money(weight.number.quantize(CENT), SAME[weight.currency])
                line = {
                    "account": codes[posting.account],
                    "amount": shown,
                    "base": money(Decimal("0.00"), base_currency),
                }
            if Decimal(shown["amount"]):
                lines.append(line)
        if rest:  # beancount lets a part of a cent pass; we do not
            own = [line for line in lines if line["amount"]["currency"] == base_currency]
            largest = max(own, key=lambda line: abs(Decimal(line["amount"]["amount"])))
            off = Decimal(largest["amount"]["amount"]) - rest
            largest["amount"] = money(off, base_currency)
        words = " | ".join(filter(None, (entry.payee, entry.narration))) or "-"
        books.entries.append(
            {"date": entry.date.isoformat(), "description": words[:500], "lines": lines}
        )
    return books


RATES = {"EUR": Decimal("1.09"), "GBP": Decimal("1.27"), "JPY": Decimal("0.0067")}
PLACES = {"USD": CENT, "EUR": CENT, "GBP": CENT, "JPY": Decimal(1)}
CHART = {
    "1000": ("Checking", "asset"),
    "1010": ("Euro account", "asset"),
    "1020": ("Pound account", "asset"),
    "1030": ("Yen account", "asset"),
    "1200": ("Receivables", "asset"),
    "2000": ("Payables", "liability"),
    "2100": ("Card", "liability"),
    "3000": ("Capital", "equity"),
    "4000": ("Sales", "income"),
    "4900": ("Exchange differences", "income"),
    "5000": ("Cost of sales", "expense"),
    "6000": ("Rent; office (Kyōto)", "expense"),
    "6100": ("Software | tools", "expense"),
    "6200": ("Fees", "expense"),
}
HOLDS = {"USD": "1000", "EUR": "1010", "GBP": "1020", "JPY": "1030"}


def by_chance(count: int, seed: int = 42) -> Books:
    """Return a book of *count* entries over four years in four currencies, always the same."""
    chance = random.Random(seed)  # noqa: S311 - a book, not a secret
    books = Books("USD")
    for code, (name, kind) in CHART.items():
        books.accounts[code] = {"code": code, "name": name, "type": kind}
    first = date(2022, 1, 1)
    for place in range(count):
        day = first + timedelta(days=place * 1460 // count)
        books.entries.append(
            {
                "date": day.isoformat(),
                "description": chance.choice(["Invoice", 'Bill "paid"', "Über-Mieten", "x; y"]),
                "reference": f"R-{place}",
                "tags": {"department": chance.choice(["sales", "research"])},
                "lines": chance.choice([_sale, _cost, _exchange, _payment])(chance),
            }
        )
    return books


def _line(code: str, amount: Decimal, currency: str, base: Decimal) -> dict[str, Any]:
    shown: dict[str, Any] = {"account": code, "amount": money(amount, currency)}
    return shown if currency == "USD" else shown | {"base": money(base, "USD")}


def _pair(chance: random.Random, currency: str) -> tuple[Decimal, Decimal]:
    """Return an amount in a currency and its worth at about today's rate, in dollars."""
    amount = Decimal(chance.randint(100, 999_999)) * PLACES[currency]
    rate = RATES.get(currency, Decimal(1)) * Decimal(chance.randint(90, 110)) / 100
    return amount, amount if currency == "USD" else (amount * rate).quantize(CENT)


def _sale(chance: random.Random) -> list[dict[str, Any]]:
    currency = chance.choice(list(HOLDS))
    amount, base = _pair(chance, currency)
    return [
        _line(chance.choice(["1200", HOLDS[currency]]), amount, currency, base),
        _line("4000", -amount, currency, -base),
    ]


def _cost(chance: random.Random) -> list[dict[str, Any]]:
    parts = [Decimal(chance.randint(1, 99_999)) / 100 for _ in range(chance.randint(1, 5))]
    lines = [
        _line(chance.choice(["5000", "6000", "6100", "6200"]), part, "USD", part) for part in parts
    ]
    return [*lines, _line(chance.choice(["2000", "2100", "1000"]), -sum(parts), "USD", -sum(parts))]


def _exchange(chance: random.Random) -> list[dict[str, Any]]:
    currency = chance.choice(["EUR", "GBP", "JPY"])
    amount, base = _pair(chance, currency)
    return [_line(HOLDS[currency], amount, currency, base), _line("1000", -base, "USD", -base)]


def _payment(chance: random.Random) -> list[dict[str, Any]]:
    """Return a receivable that is paid when its currency is worth something else."""
    currency = chance.choice(["EUR", "GBP", "JPY"])
    amount, base = _pair(chance, currency)
    off = Decimal(chance.randint(1, 99)) / 100
    return [
        _line(HOLDS[currency], amount, currency, base + off),
        _line("1200", -amount, currency, -base),
        _line("4900", -off, "USD", -off),
    ]
