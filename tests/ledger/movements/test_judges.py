"""A month of movements: hledger, beancount and the provider's own sum find what we find."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from nexafi.contracts.payments.events import MoneyMoved, MovementKind
from nexafi.kernel.values.currencies import decimals
from nexafi.kernel.values.money import Money
from tests.ledger.exports.test_judges import exported, our_sums
from tests.ledger.judges import beancount_sums, hledger_sums, needs_hledger
from tests.ledger.movements.conftest import moved

RATES = {"EUR": Decimal(1), "USD": Decimal("0.92"), "JPY": Decimal("0.0061"), "KWD": Decimal(3)}
MOVEMENTS = 160
PROVIDER_GIVES = {
    MovementKind.REFUND,
    MovementKind.FEE,
    MovementKind.DISPUTE_OPENED,
    MovementKind.PAYOUT,
    MovementKind.WALLET_WITHDRAWAL,
}
PROVIDER_GETS = {
    MovementKind.CAPTURE,
    MovementKind.REFUND_FAILED,
    MovementKind.DISPUTE_WON,
    MovementKind.PAYOUT_RETURNED,
    MovementKind.WALLET_TOP_UP,
    MovementKind.ADJUSTMENT,
}
FEE_IS_THE_BANKS = {MovementKind.SETTLEMENT, MovementKind.SETTLEMENT_RECEIVED}


def worth(amount: Money, off: Decimal) -> Money:
    euro = amount.minor * RATES[amount.currency] * off
    return Money(int(euro.scaleb(2 - decimals(amount.currency))), "EUR")


def by_chance(seed: int = 5) -> list[MoneyMoved]:
    """Return a month in which everything happens, always the same."""
    chance = random.Random(seed)  # noqa: S311 - a month, not a secret
    found = []
    for place in range(MOVEMENTS):
        kind = list(MovementKind)[place % len(MovementKind)]
        currency, other = chance.choice(list(RATES)), chance.choice(list(RATES))
        amount = Money(chance.randint(1_000, 900_000), currency)
        off = Decimal(chance.randint(90, 110)) / 100
        told: dict[str, Any] = {
            "worth": worth(amount, off),
            "fee": Money(chance.randint(0, 900), currency).text,
            "provider": chance.choice(["stripe", "paypal"]),
            "on": date(2026, 3, 1) + timedelta(days=place % 31),
        }
        if kind is MovementKind.INVOICE:
            told["tax"] = Money(amount.minor // 6, currency).text
            told["deferred"] = Money(amount.minor // 3, currency).text
        if kind in {MovementKind.SETTLEMENT, MovementKind.WALLET_EXCHANGE} and other != currency:
            told["against"] = against = Money(chance.randint(1_000, 900_000), other)
            told["against_worth"] = worth(against, Decimal(1))
        found.append(moved(kind, amount.text, currency, **told))
    return found


def provider_owes(events: list[MoneyMoved]) -> dict[tuple[str, str], Decimal]:
    """Return what the providers say they owe us, added up without a thought of debit and credit."""
    sums: dict[str, int] = defaultdict(int)
    for event in events:
        if event.kind in PROVIDER_GETS:
            sums[event.amount.currency] += event.amount.minor
        if event.kind in PROVIDER_GIVES:
            sums[event.amount.currency] -= event.amount.minor
        if event.kind is MovementKind.SETTLEMENT:
            taken = event.against or event.amount
            sums[taken.currency] -= taken.minor
        if event.fee and event.kind not in FEE_IS_THE_BANKS:
            sums[event.fee.currency] -= event.fee.minor
    return {
        ("1050", currency): Decimal(minor).scaleb(-decimals(currency))
        for currency, minor in sums.items()
        if minor
    }


@pytest.fixture
def month(told):
    """A ledger that heard of a whole month, of each movement once or twice."""
    events = by_chance()
    told.tell(*events, *events[::3])
    told.ledger.seal()
    assert told.ledger.count("entries") == len(events) == MOVEMENTS
    return told.ledger, events


def test_clearing_holds_what_the_providers_owe(month):
    ledger, events = month
    units, base = our_sums(ledger)

    assert {key: value for key, value in units.items() if key[0] == "1050"} == provider_owes(events)
    assert sum(base.values()) == 0
    answer = ledger.client.get("/api/v1/ledger/check")
    assert answer.json["is_right"], answer.json


@needs_hledger
def test_hledger_finds_every_balance_of_the_month(month, tmp_path):
    ledger, events = month
    units, base = our_sums(ledger)
    path = exported(ledger, "hledger", tmp_path / "books")

    assert hledger_sums(path) == units
    assert hledger_sums(path, "--cost") == base
    assert provider_owes(events).items() <= hledger_sums(path).items()
    assert len({code for code, _ in units}) > 14


def test_beancount_finds_every_balance_of_the_month(month, tmp_path):
    ledger, events = month
    path = exported(ledger, "beancount", tmp_path / "books")

    assert beancount_sums(path) == our_sums(ledger)
    assert provider_owes(events).items() <= beancount_sums(path)[0].items()
