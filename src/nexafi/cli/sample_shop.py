"""A month of a small shop, for `nexafi demo payments`: who buys what, and what becomes of it.

Pure: the same first day gives the same month, to the cent. The shop and its customers are nobody's.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

NAME: Final = "Sample Shop"
EMAIL: Final = "shop@example.com"
DAYS: Final = 30
OPENING_CASH: Final = 2_000_000
ACCOUNT: Final = "DE02120300000000202051"
"""A number that is published as an example of an IBAN."""
DEBTOR: Final = "DE02500105170137075030"
CREDITOR: Final = "DE02100500000054540402"
BANK_SETTINGS: Final = {
    "name": NAME,
    "iban": ACCOUNT,
    "bic": "BYLADEM1001",
    "creditor_id": "DE98ZZZ09999999999",
}
PAYOUT_DAYS: Final = (7, 14, 21, 28)
"""On which the provider pays what it owes; the bank has it two days later."""
ARRIVES_AFTER: Final = 2
DEBITS_ON: Final = 3
"""The day on which the debits of the month are put into a file for the bank."""
DISPUTED_ON, DECIDED_ON = 10, 24
PAYS_SUPPLIER_ON: Final = 15

Json = dict[str, Any]

METHODS: Final = {
    "card": ("sandbox_visa", "sandbox_mastercard", "sandbox_amex"),
    "paypal": ("sandbox_paypal",),
    "declined": ("sandbox_declined", "sandbox_insufficient_funds"),
    "3-D Secure": ("sandbox_3ds",),
}
CUSTOMERS: Final = tuple(f"Customer {letter}" for letter in "ABCDEFGH")


@dataclass(frozen=True)
class Order:
    """Somebody buys something."""

    number: int
    customer: int
    cents: int
    currency: str
    way: str
    """How it is paid: one of METHODS."""
    method: str
    is_held: bool
    """The money is held when it is ordered, and taken when it is sent the day after."""
    refund_cents: int
    """What goes back three days later; nothing, all or a part."""


@dataclass(frozen=True)
class Day:
    """What happens on one day, from 0."""

    place: int
    on: dt.date
    orders: tuple[Order, ...]
    top_ups: tuple[tuple[int, int], ...]
    """Which customers put how many cents into their wallets."""
    wallet_payments: tuple[tuple[int, int], ...]


def month(start: dt.date) -> Iterator[Day]:
    """Yield the days of the month that begins on *start*."""
    chance = random.Random(start.toordinal())  # noqa: S311 - the same month each time
    number = 0
    for place in range(DAYS):
        orders = []
        for _ in range(chance.randint(2, 5)):
            number += 1
            orders.append(_order(chance, number))
        wallets = [(place % len(CUSTOMERS), chance.randint(20, 90) * 100)] if place % 5 == 1 else []
        spent = [(customer, cents // 2) for customer, cents in wallets]
        yield Day(
            place, start + dt.timedelta(days=place), tuple(orders), tuple(wallets), tuple(spent)
        )


def _order(chance: random.Random, number: int) -> Order:
    way = chance.choices(("card", "paypal", "declined", "3-D Secure"), weights=(64, 20, 10, 6))[0]
    cents = chance.randint(900, 24_000)
    share = chance.choices((0, 50, 100), weights=(88, 6, 6))[0]
    return Order(
        number=number,
        customer=chance.randrange(len(CUSTOMERS)),
        cents=cents,
        currency="USD" if way == "card" and chance.random() < 0.15 else "EUR",
        way=way,
        method=chance.choice(METHODS[way]),
        is_held=way == "card" and chance.random() < 0.3,
        refund_cents=cents * share // 100,
    )


def money(cents: int, currency: str = "EUR") -> Json:
    """Return an amount as it is on the wire."""
    return {"amount": _signed(cents), "currency": currency}


def statement(start: dt.date, lines: list[tuple[dt.date, int, str]]) -> bytes:
    """Return what the bank says of the month, as OFX: each line a day, cents and a text."""
    told = "".join(
        f"<STMTTRN><TRNTYPE>{'CREDIT' if cents > 0 else 'DEBIT'}</TRNTYPE>"
        f"<DTPOSTED>{on:%Y%m%d}</DTPOSTED><TRNAMT>{_signed(cents)}</TRNAMT>"
        f"<FITID>{on:%Y%m%d}-{number}</FITID><NAME>{text}</NAME></STMTTRN>"
        for number, (on, cents, text) in enumerate(lines, 1)
    )
    end = start + dt.timedelta(days=DAYS + ARRIVES_AFTER)
    closing = OPENING_CASH + sum(cents for _, cents, _ in lines)
    return (
        '<?xml version="1.0" encoding="UTF-8"?><?OFX OFXHEADER="200" VERSION="211"?>'
        "<OFX><SIGNONMSGSRSV1><SONRS><STATUS><CODE>0</CODE><SEVERITY>INFO</SEVERITY></STATUS>"
        f"<DTSERVER>{end:%Y%m%d}</DTSERVER><LANGUAGE>ENG</LANGUAGE></SONRS></SIGNONMSGSRSV1>"
        "<BANKMSGSRSV1><STMTTRNRS><TRNUID>1</TRNUID><STATUS><CODE>0</CODE>"
        "<SEVERITY>INFO</SEVERITY></STATUS><STMTRS><CURDEF>EUR</CURDEF><BANKACCTFROM>"
        f"<BANKID>12030000</BANKID><ACCTID>{ACCOUNT}</ACCTID><ACCTTYPE>CHECKING</ACCTTYPE>"
        f"</BANKACCTFROM><BANKTRANLIST><DTSTART>{start:%Y%m%d}</DTSTART>"
        f"<DTEND>{end:%Y%m%d}</DTEND>{told}</BANKTRANLIST><LEDGERBAL>"
        f"<BALAMT>{_signed(closing)}</BALAMT><DTASOF>{end:%Y%m%d}</DTASOF></LEDGERBAL>"
        "</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    ).encode()


def _signed(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"
