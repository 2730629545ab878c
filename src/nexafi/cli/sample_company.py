"""A year of a small company, for `nexafi demo`: what it did, and what its banks say of it.

Pure: the same first month gives the same year, to the cent. The company is nobody's.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape

NAME: Final = "Sample Company"
MONTHS: Final = 12
OPENING: Final = "Opening balances of the sample company"
CHECKING, EUROS = "US00SAMPLE0000000001", "DE00SAMPLE0000000002"
"""Numbers that no bank gives."""
OPENING_CASH: Final = 8_500_000
EURO_INVOICE: Final = 400_000
LOAN, PRINCIPAL = 6_000_000, 100_000
WAGES, PAYROLL_TAXES, WITHHELD = 1_800_000, 137_700, 410_000
EQUIPMENT: Final = 360_000

Json = dict[str, Any]


@dataclass(frozen=True)
class Movement:
    """A line of a statement: money came in when positive; in cents."""

    day: dt.date
    cents: int
    text: str
    counterparty: str


def first_month(today: dt.date) -> dt.date:
    """Return the first day of the twelve whole months before *today*."""
    months = today.year * 12 + today.month - 1 - MONTHS
    return dt.date(months // 12, months % 12 + 1, 1)


def month(start: dt.date, place: int) -> dt.date:
    """Return the first day of a month of the year, from 0."""
    months = start.year * 12 + start.month - 1 + place
    return dt.date(months // 12, months % 12 + 1, 1)


def last_day(day: dt.date) -> dt.date:
    """Return the last day of the month of *day*."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def money(cents: int, currency: str = "USD") -> Json:
    """Return an amount as it is on the wire."""
    return {"amount": plain(cents), "currency": currency}


def plain(cents: int) -> str:
    """Return cents as a decimal number."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"


def rate(place: int) -> int:
    """Return what a euro is worth at the start of a month, in ten-thousandths of a dollar."""
    return 10_800 + (place * 137) % 410


def in_dollars(euro_cents: int, place: int) -> int:
    """Return what an amount in euros is worth by the rate of a month, in cents."""
    return round(euro_cents * rate(place) / 10_000)


def rates(start: dt.date) -> list[Json]:
    """Return the rates of the euro."""
    return [
        {
            "currency": "EUR",
            "date": month(start, place).isoformat(),
            "rate": f"{rate(place) / 10_000:.4f}",
            "origin": "sample",
        }
        for place in range(MONTHS)
    ]


def opening(start: dt.date) -> Json:
    """Return what the accounts stood at before the year."""
    stood = {
        "1010": OPENING_CASH,
        "1200": 1_420_000,
        "1510": 1_200_000,
        "1590": -400_000,
        "2320": -547_700,
        "3000": -5_000_000,
        "3900": -5_172_300,
    }
    lines = [{"account": code, "amount": money(cents)} for code, cents in stood.items()]
    day = start - dt.timedelta(days=1)
    return {"date": day.isoformat(), "description": OPENING, "lines": lines}


def invoices(place: int) -> list[tuple[str, int]]:
    """Return who is sent an invoice in a month, over how many cents; -1 was before the year."""
    return (
        [
            ("Customer North", 860_000 + 45_000 * (place % 4)),
            ("Customer South", 515_000 + 62_500 * (place % 3)),
        ]
        if place >= 0
        else [("Customer North", 905_000), ("Customer South", 515_000)]
    )


def entries(start: dt.date, euros_account: str) -> Iterator[Json]:
    """Yield what is posted without a bank's word: invoices, payroll, the loan, depreciation."""
    for place in range(MONTHS):
        day = month(start, place)
        key = day.strftime("%Y-%m")
        for number, (customer, cents) in enumerate(invoices(place), 1):
            legs = [("1200", cents), ("4010", -cents)]
            tags = {"department": "consulting", "customer": customer}
            text = f"Invoice {key}-{number}, {customer}"
            yield _entry(day.replace(day=27), text, legs, tags, reference=f"INV-{key}-{number}")
        yield from _euro_customer(day, key, place, euros_account)
        yield from _payroll(day, key)
        yield from _loan(day, key, place)
        yield _entry(
            last_day(day), f"Depreciation {key}", [("6800", 25_000), ("1590", -25_000)], {}
        )


def _payroll(day: dt.date, key: str) -> Iterator[Json]:
    due = PAYROLL_TAXES + WITHHELD
    legs = [
        ("6000", WAGES), ("6010", PAYROLL_TAXES), ("2320", -due), ("1010", WITHHELD - WAGES),
    ]  # fmt: skip
    yield _entry(day.replace(day=28), f"Payroll {key}", legs, {"department": "consulting"})
    yield _entry(
        day.replace(day=15), f"Payroll taxes paid {key}", [("2320", due), ("1010", -due)], {}
    )


def _loan(day: dt.date, key: str, place: int) -> Iterator[Json]:
    if place == 2:
        yield _entry(day.replace(day=10), "Bank loan", [("1010", LOAN), ("2700", -LOAN)], {})
    if place > 2:
        interest = loan_interest(place)
        legs = [("2700", PRINCIPAL), ("7000", interest), ("1010", -PRINCIPAL - interest)]
        yield _entry(day.replace(day=25), f"Loan installment {key}", legs, {})


def loan_interest(place: int) -> int:
    """Return the interest of a month: 6 % a year on what is left of the loan."""
    return (LOAN - PRINCIPAL * (place - 3)) * 6 // 1_200


def _euro_customer(day: dt.date, key: str, place: int, account: str) -> Iterator[Json]:
    """Yield an invoice in euros, and the payment of the one before at another rate."""
    worth = in_dollars(EURO_INVOICE, place)
    yield _foreign(
        day.replace(day=26),
        f"Invoice {key}-E, Customer Europe",
        [("1200", EURO_INVOICE, worth), ("4010", -EURO_INVOICE, -worth)],
        {"department": "consulting", "customer": "Customer Europe"},
    )
    if place:
        was = in_dollars(EURO_INVOICE, place - 1)
        gain = worth - was
        legs = [(account, EURO_INVOICE, worth), ("1200", -EURO_INVOICE, -was)]
        yield _foreign(day.replace(day=18), f"Customer Europe paid, {key}", legs, {}, gain=gain)


def _entry(
    day: dt.date,
    text: str,
    legs: list[tuple[str, int]],
    tags: dict[str, str],
    reference: str | None = None,
) -> Json:
    lines = [{"account": code, "amount": money(cents)} for code, cents in legs]
    return _made(day, text, lines, tags) | ({"reference": reference} if reference else {})


def _foreign(
    day: dt.date,
    text: str,
    legs: list[tuple[str, int, int]],
    tags: dict[str, str],
    gain: int = 0,
) -> Json:
    lines = [
        {"account": code, "amount": money(cents, "EUR"), "base": money(worth)}
        for code, cents, worth in legs
    ]
    if gain:
        lines.append({"account": "4920" if gain > 0 else "7100", "amount": money(-gain)})
    return _made(day, text, lines, tags)


def _made(day: dt.date, text: str, lines: list[Json], tags: dict[str, str]) -> Json:
    source = f"demo/{day.isoformat()}/{text.lower().replace(' ', '-').replace(',', '')}"
    found: Json = {"date": day.isoformat(), "description": text, "source": source, "lines": lines}
    return found | ({"tags": tags} if tags else {})


RULES: Final[list[Json]] = [
    {"name": name, "conditions": [{"kind": "contains", "text": text}], "outcome": outcome}
    for name, text, outcome in (
        ("Rent", "OFFICE RENT", {"account": "6200", "tags": {"department": "office"}}),
        ("Hosting", "CLOUD HOSTING", {"account": "5040", "tags": {"department": "product"}}),
        ("Software", "SOFTWARE PLAN", {"account": "6310", "tags": {"department": "office"}}),
        ("Advertising", "ADVERTISING", {"account": "6400", "tags": {"department": "marketing"}}),
        ("Bank charges", "ACCOUNT FEE", {"account": "6110"}),
        ("Subscriptions", "CARD PAYOUT", {"account": "4030", "tags": {"department": "product"}}),
        ("Invoices paid", "PAYMENT INV", {"account": "1200"}),
    )
]


def movements(start: dt.date, place: int) -> list[Movement]:
    """Return what the bank says of the checking account in a month, by day."""
    day = month(start, place)
    before = month(start, place - 1).strftime("%Y-%m")
    found = [
        (1, -240_000, "OFFICE RENT", "Landlord"),
        (3, -(64_000 + 1_000 * place), "CLOUD HOSTING", "Hosting provider"),
        (5, -18_900, "SOFTWARE PLAN", "Software vendor"),
        (12, 310_000 + 21_500 * place, "CARD PAYOUT", "Card processor"),
        (15, -(PAYROLL_TAXES + WITHHELD), "PAYROLL TAXES", "Tax office"),
        (20, -(50_000 + 5_000 * (place % 5)), "ADVERTISING", "Advertising network"),
        (28, WITHHELD - WAGES, "PAYROLL", "Payroll"),
        (28, -1_200, "ACCOUNT FEE", "Bank"),
    ]
    for number, (customer, cents) in enumerate(invoices(place - 1), 1):
        found.append((6 + 2 * number, cents, f"PAYMENT INV-{before}-{number}", customer))
    if place == 2:
        found.append((10, LOAN, "LOAN", "Bank"))
    if place > 2:
        found.append((25, -PRINCIPAL - loan_interest(place), "LOAN INSTALLMENT", "Bank"))
    if place % 3 == 1:
        found.append((17, -(38_000 + 2_150 * place), "AIRLINE TICKETS", "Airline"))
    if place == 5:
        found.append((21, -EQUIPMENT, "COMPUTERS", "Computer store"))
    if place == MONTHS - 1:
        found.append((22, -27_350, "CHECK 1042", "Unknown"))
        found.append((23, 45_000, "TRANSFER RECEIVED", "Unknown"))
    return [
        Movement(day.replace(day=on), cents, text, whom) for on, cents, text, whom in sorted(found)
    ]


def statements(start: dt.date) -> Iterator[tuple[str, bytes]]:
    """Yield the files that the banks of the company write: one a month, and one in euros."""
    balance = OPENING_CASH
    for place in range(MONTHS):
        day = month(start, place)
        found = movements(start, place)
        yield f"checking-{day:%Y-%m}.xml", _camt(day, found, balance)
        balance += sum(each.cents for each in found)
    paid = [
        Movement(month(start, place).replace(day=18), EURO_INVOICE, "INVOICE", "Customer Europe")
        for place in range(1, MONTHS)
    ]
    yield "euros.ofx", _ofx(paid)


def _camt(day: dt.date, found: list[Movement], opening_cents: int) -> bytes:
    """Return a statement in CAMT.053, of ISO 20022."""
    closing = opening_cents + sum(each.cents for each in found)

    def amount(cents: int) -> str:
        side = "DBIT" if cents < 0 else "CRDT"
        return f'<Amt Ccy="USD">{plain(abs(cents))}</Amt><CdtDbtInd>{side}</CdtDbtInd>'

    def balance(kind: str, cents: int, on: dt.date) -> str:
        code = f"<Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>"
        return f"<Bal>{code}{amount(cents)}<Dt><Dt>{on}</Dt></Dt></Bal>"

    def entry(number: int, each: Movement) -> str:
        party = "Dbtr" if each.cents > 0 else "Cdtr"
        return (
            f"<Ntry>{amount(each.cents)}<Sts>BOOK</Sts><BookgDt><Dt>{each.day}</Dt></BookgDt>"
            f"<ValDt><Dt>{each.day}</Dt></ValDt>"
            f"<AcctSvcrRef>{each.day:%Y%m%d}-{number}</AcctSvcrRef>"
            "<BkTxCd><Prtry><Cd>MISC</Cd></Prtry></BkTxCd><NtryDtls><TxDtls>"
            f"<RltdPties><{party}><Nm>{escape(each.counterparty)}</Nm></{party}></RltdPties>"
            f"<RmtInf><Ustrd>{escape(each.text)}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
        )

    entries_ = "".join(entry(number, each) for number, each in enumerate(found, 1))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>{day:%Y%m}</MsgId><CreDtTm>{last_day(day)}T20:00:00</CreDtTm></GrpHdr>"
        f"<Stmt><Id>{day:%Y%m}</Id><CreDtTm>{last_day(day)}T20:00:00</CreDtTm>"
        f"<Acct><Id><Othr><Id>{CHECKING}</Id></Othr></Id><Ccy>USD</Ccy></Acct>"
        f"{balance('OPBD', opening_cents, day)}{balance('CLBD', closing, last_day(day))}"
        f"{entries_}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def _ofx(found: list[Movement]) -> bytes:
    """Return a statement in OFX 2."""
    lines = "".join(
        f"<STMTTRN><TRNTYPE>CREDIT</TRNTYPE><DTPOSTED>{each.day:%Y%m%d}</DTPOSTED>"
        f"<TRNAMT>{plain(each.cents)}</TRNAMT><FITID>{each.day:%Y%m%d}</FITID>"
        f"<NAME>{each.counterparty}</NAME><MEMO>{each.text}</MEMO></STMTTRN>"
        for each in found
    )
    first, last = found[0].day, found[-1].day
    total = plain(sum(each.cents for each in found))
    return (
        '<?xml version="1.0" encoding="UTF-8"?><?OFX OFXHEADER="200" VERSION="211"'
        ' SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?><OFX><SIGNONMSGSRSV1><SONRS>'
        f"<STATUS><CODE>0</CODE><SEVERITY>INFO</SEVERITY></STATUS><DTSERVER>{last:%Y%m%d}"
        "</DTSERVER><LANGUAGE>ENG</LANGUAGE></SONRS></SIGNONMSGSRSV1><BANKMSGSRSV1><STMTTRNRS>"
        "<TRNUID>1</TRNUID><STATUS><CODE>0</CODE><SEVERITY>INFO</SEVERITY></STATUS><STMTRS>"
        f"<CURDEF>EUR</CURDEF><BANKACCTFROM><BANKID>00000000</BANKID><ACCTID>{EUROS}</ACCTID>"
        "<ACCTTYPE>CHECKING</ACCTTYPE></BANKACCTFROM><BANKTRANLIST>"
        f"<DTSTART>{first:%Y%m%d}</DTSTART><DTEND>{last:%Y%m%d}</DTEND>{lines}</BANKTRANLIST>"
        f"<LEDGERBAL><BALAMT>{total}</BALAMT><DTASOF>{last:%Y%m%d}</DTASOF></LEDGERBAL>"
        "</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    ).encode()
