"""Customers with mandates, and a bank that is connected: for tests."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

from nexafi.contracts.ledger.events import QuotedRate, RatesChanged
from nexafi.payments.rates import actions as rates
from tests.payments.conftest import Payments, money

IBAN, OWN_IBAN = "DE89370400440532013000", "DE02120300000000202051"
ROUTING = "021000021"
SETTINGS = {
    "name": "Ada's Engines",
    "iban": OWN_IBAN,
    "bic": "BYLADEM1001",
    "creditor_id": "DE98ZZZ09999999999",
    "company_id": "1234567890",
    "immediate_origin": "1234567890",
    "immediate_destination": "091000019",
    "destination_name": "First Bank",
}
SEPA = {"scheme": "sepa_core", "holder": "Bob Müller", "iban": IBAN, "signed_on": "2026-03-01"}
ACH = {
    "scheme": "ach",
    "holder": "Carol Jones",
    "routing_number": ROUTING,
    "account_number": "123456789",
    "signed_on": "2026-03-01",
}


def connect(payments: Payments, **changes: str) -> None:
    """Connect the bank of the organization."""
    settings = {name: value for name, value in (SETTINGS | changes).items() if value}
    path = "/api/v1/payments/providers/bank"
    answer = payments.client.put(path, json={"settings": settings})
    assert answer.status_code == 200, answer.json
    with payments.database.work(payments.caller) as work:
        quoted = QuotedRate(currency="USD", date=date(2026, 1, 1), rate="0.9")
        told = RatesChanged(base_currency="EUR", changed_at=payments.clock(), rates=(quoted,))
        rates.keep(work, told)


def customer(payments: Payments) -> str:
    """Keep a customer; return the id."""
    return payments.post("/customers", {"name": "Bob"}).json["id"]


def mandate(payments: Payments, like: dict[str, Any] = SEPA, **more: Any) -> Any:
    """Keep a mandate of a new customer; return what was answered."""
    answer = payments.post("/mandates", {"customer": customer(payments), **like, **more})
    assert answer.status_code == 201, answer.json
    return answer.json


# -- files --------------------------------------------------------------------------------------


def payout(payments: Payments, amount: str = "50.00", currency: str = "EUR", **more: Any) -> Any:
    """Order a payout; return what was answered."""
    place = {"iban": IBAN} if currency == "EUR" else {
        "routing_number": ROUTING, "account_number": "987654321"
    }  # fmt: skip
    body = {"amount": money(amount, currency), "creditor": {"name": "Dora Ltd", **place}, **more}
    answer = payments.post("/payouts", body)
    assert answer.status_code == 201, answer.json
    return answer.json


def debit(payments: Payments, amount: str = "100.00", like: Any = SEPA, **more: Any) -> Any:
    """Charge a new mandate by the bank; return the charge."""
    currency = "USD" if like is ACH else "EUR"
    body = {
        "amount": money(amount, currency),
        "payment_method": mandate(payments, like, **more)["payment_method"],
        "description": "Order 17",
    }
    answer = payments.post("/charges", body)
    assert answer.status_code == 201, answer.json
    return answer.json


def make(payments: Payments, kind: str, **more: Any) -> Any:
    """Make a file; return what was answered."""
    answer = payments.post("/bank-files", {"kind": kind, **more})
    assert answer.status_code == 201, answer.json
    return answer.json


def content(payments: Payments, made: Any) -> bytes:
    """Return the bytes of a file."""
    answer = payments.client.get(f"/api/v1/payments/bank-files/{made['id']}/content")
    assert answer.status_code == 200
    return answer.data


def orders(payments: Payments, made: Any) -> list[Any]:
    """Return the orders of a file in the order of their numbers."""
    found = payments.get(f"/bank-files/orders?file={made['id']}&limit=100")["items"]
    return sorted(found, key=lambda each: each["number"])


def hand_in(payments: Payments, raw: bytes | str, name: str = "answer.xml") -> Any:
    """Hand in what the bank answered; return the response."""
    raw = raw.encode() if isinstance(raw, str) else raw
    return payments.client.post(
        "/api/v1/payments/bank-files/answers", data={"file": (BytesIO(raw), name)}
    )


def status(made: Any, *payments_: tuple[str, str, str], group: str = "", batch: Any = None) -> str:
    """Write a pain.002: (end-to-end id, status, reason) each, and what is said of the whole."""
    total = Decimal(made["debits"]["amount"]) + Decimal(made["credits"]["amount"])
    said = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{key}</OrgnlEndToEndId><TxSts>{state}</TxSts>"
        + (f"<StsRsnInf><Rsn><Cd>{why}</Cd></Rsn></StsRsnInf>" if why else "")
        + "</TxInfAndSts>"
        for key, state, why in payments_
    )
    name, state = batch or (f"{made['message_id']}-0001", "")
    in_batch = f"<PmtInfSts>{state}</PmtInfSts>" if state else ""
    batches = (
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{name}</OrgnlPmtInfId>{in_batch}{said}"
        "</OrgnlPmtInfAndSts>"
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.03"><CstmrPmtStsRpt>'
        "<GrpHdr><MsgId>B1</MsgId><CreDtTm>2026-04-01T08:00:00</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{made['message_id']}</OrgnlMsgId>"
        f"<OrgnlMsgNmId>{made['version']}</OrgnlMsgNmId><OrgnlNbOfTxs>{made['orders']}"
        f"</OrgnlNbOfTxs><OrgnlCtrlSum>{total}</OrgnlCtrlSum>"
        + (f"<GrpSts>{group}</GrpSts>" if group else "")
        + f"</OrgnlGrpInfAndSts>{batches if said or state else ''}</CstmrPmtStsRpt></Document>"
    )


def entry(
    amount: str, way: str, key: str = "", why: str = "", *, batch: str = "", state: str = "BOOK"
) -> str:
    """Write an entry of a camt file: *way* CRDT or DBIT, *why* if it came back."""
    detail = ""
    if key:
        returned = f"<RtrInf><Rsn><Cd>{why}</Cd></Rsn></RtrInf>" if why else ""
        detail = (
            f"<TxDtls><Refs><EndToEndId>{key}</EndToEndId></Refs>"
            f'<Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{way}</CdtDbtInd>{returned}</TxDtls>'
        )
    if batch:
        detail = f"<Btch><PmtInfId>{batch}</PmtInfId></Btch>"
    details = f"<NtryDtls>{detail}</NtryDtls>" if detail else ""
    return (
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{way}</CdtDbtInd><Sts><Cd>{state}</Cd>'
        f"</Sts><BookgDt><Dt>2026-04-02</Dt></BookgDt>{details}</Ntry>"
    )


def statement(*entries: str, iban: str = OWN_IBAN, summary: str = "", balances: str = "") -> str:
    """Write a camt.053 of these entries."""
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>S</MsgId></GrpHdr><Stmt><Id>1</Id><Acct><Id><IBAN>{iban}</IBAN></Id></Acct>"
        f"{balances}{summary}{''.join(entries)}</Stmt></BkToCstmrStmt></Document>"
    )


def returns(sent: bytes, *said: tuple[int, str], change: str = "") -> bytes:
    """Write the bank's answer to a NACHA file: (number of the entry, code) each.

    With *change* they are notices of change to that, else returns.
    """
    lines = sent.decode().split("\n")
    entries = [line for line in lines if line.startswith("6")]
    batches = [line for line in lines if line.startswith("5")]
    records, hashed, debits, total = [lines[0]], 0, 0, 0
    header = batches[0][:50] + ("COR" if change else batches[0][50:53]) + batches[0][53:79]
    records.append(f"{header}091000010000001"[:94].ljust(94))
    for at, code in said:
        was = entries[at]
        kind = {"27": "26", "37": "36", "22": "21", "32": "31"}[was[1:3]]
        amount = "0" * 10 if change else was[29:39]
        records.append(f"6{kind}{was[3:29]}{amount}{was[39:78]}1{was[79:94]}")
        tail = (
            f"{'':6}{was[3:11]}{change:44}"
            if not change
            else f"{'':6}{was[3:11]}{change:29}{'':15}"
        )
        records.append(f"7{'98' if change else '99'}{code}{was[79:94]}{tail}{was[79:94]}")
        hashed += int(was[3:11])
        debits += int(amount) if kind in {"26", "36"} else 0
        total += int(amount)
    figures = f"{hashed % 10**10:010d}{debits:012d}{total - debits:012d}"
    records.append(
        f"8{header[1:4]}{2 * len(said):06d}{figures}{header[40:50]}{'':25}"
        f"{records[1][79:87]}0000001"
    )
    blocks = -(-(len(records) + 1) // 10)
    records.append(f"9000001{blocks:06d}{2 * len(said):08d}{figures}{'':39}")
    records.extend(["9" * 94] * (blocks * 10 - len(records)))
    return ("\n".join(records) + "\n").encode()
