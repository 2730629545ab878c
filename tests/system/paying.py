"""What an organization has in payments, and how each of their endpoints is called."""

from __future__ import annotations

import io
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from tests.system.calls import Call, money

if TYPE_CHECKING:
    from tests.system.organization import Organization

PAYMENTS: Final = "/api/v1/payments"
CHARGE: Final = {"amount": money("10.00"), "payment_method": "sandbox_visa"}
ENDPOINT: Final = {"url": "https://shop.invalid/hooks", "kinds": ["payments.charge_failed"]}
WITH_IDS: Final = {**CHARGE, "payment_method": "$payment_method", "customer": "$customer"}
REPORT: Final = (
    b'{"provider": "sandbox", "payouts": [{"id": "po_9", "paid_on": "2026-03-31",'
    b' "amount": {"amount": "5.00", "currency": "EUR"}, "lines": [{"id": "l9", "kind": "charge",'
    b' "on": "2026-03-31", "amount": {"amount": "5.00", "currency": "EUR"}}]}]}'
)

ACCOUNT: Final = {"iban": "DE89370400440532013000"}
MANDATE: Final = {"scheme": "sepa_core", "holder": "Eve", "signed_on": "2026-03-01", **ACCOUNT}
PAYOUT: Final = {"amount": money("3.00"), "creditor": {"name": "Eve", **ACCOUNT}}
OWN_ACCOUNT: Final = {"name": "Own", "iban": "DE02120300000000202051"}
STATUS: Final = (
    b"<Document><CstmrPmtStsRpt><GrpHdr><CreDtTm>2026-04-01T08:00:00</CreDtTm></GrpHdr>"
    b"<OrgnlGrpInfAndSts><OrgnlMsgId>$message</OrgnlMsgId><GrpSts>PDNG</GrpSts>"
    b"</OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>"
)

WALLET: Final = f"{PAYMENTS}/wallets/<uuid:wallet_id>"
TO: Final = {"amount": money("0.10"), "to": "$second_wallet", "description": "$text"}
FEE: Final = {"name": "$text", "share": "0.01"}
ROUTE: Final = {"name": "$text", "choice": {"by": "order", "providers": ["sandbox"]}}
DESTINATION: Final = {"name": "$text", "account": "$text"}

WALLET_CALLS = {
    f"POST {PAYMENTS}/wallets": Call({"customer": "$customer", "name": "$text"}),
    f"GET {PAYMENTS}/wallets": Call(query={"customer": "$customer"}),
    f"PUT {PAYMENTS}/wallets/limits/<currency>": Call({"day": money("900.00")}),
    f"PATCH {WALLET}": Call({"name": "$text"}),
    f"POST {WALLET}/freeze": Call({"reason": "$text"}),
    f"POST {WALLET}/open": Call({"reason": "$text"}),
    f"POST {WALLET}/close": Call({"reason": "$text"}),
    f"PUT {WALLET}/limits/<currency>": Call({"day": money("900.00")}),
    f"GET {WALLET}/statement": Call(
        query={"currency": "EUR", "from": "2026-01-01", "to": "2026-12-31"}
    ),
    f"POST {WALLET}/holds": Call({"amount": money("0.10"), "description": "$text"}),
    f"POST {WALLET}/holds/<uuid:hold_id>/capture": Call(TO),
    f"POST {WALLET}/holds/<uuid:hold_id>/release": Call({}),
    f"POST {WALLET}/payments": Call({"amount": money("0.10"), "description": "$text"}),
    f"POST {WALLET}/payments/<uuid:payment_id>/refunds": Call({"amount": money("0.01")}),
    f"POST {WALLET}/transfers": Call(TO),
    f"POST {WALLET}/withdrawals": Call({"amount": money("0.10"), "destination": DESTINATION}),
    f"POST {WALLET}/withdrawals/<uuid:withdrawal_id>/paid": Call({"reference": "$text"}),
    f"POST {WALLET}/withdrawals/<uuid:withdrawal_id>/failed": Call({"reason": "$text"}),
    f"POST {WALLET}/quotes": Call({"amount": money("0.10"), "to": "USD"}),
    f"POST {WALLET}/exchanges": Call({"quote": "$quote"}),
    f"POST {WALLET}/top-ups": Call({**CHARGE, "payment_method": "$payment_method"}),
    f"POST {PAYMENTS}/fee-schedules": Call(FEE),
    f"PUT {PAYMENTS}/fee-schedules/<uuid:schedule_id>": Call(FEE),
    f"POST {PAYMENTS}/fee-schedules/preview": Call(
        {"amount": money("1.00"), "customer": "$customer"}
    ),
    f"POST {PAYMENTS}/routing-rules": Call(ROUTE),
    f"PUT {PAYMENTS}/routing-rules/<uuid:routing_rule_id>": Call(ROUTE),
    f"POST {PAYMENTS}/routing-rules/test": Call({"amount": money("1.00"), "charge": "$charge"}),
}
"""What is done with wallets, platform fees and routing rules."""

CALLS = {
    f"POST {PAYMENTS}/charges": Call({**WITH_IDS, "description": "$text"}),
    f"GET {PAYMENTS}/charges": Call(query={"customer": "$customer"}),
    f"POST {PAYMENTS}/charges/<uuid:charge_id>/capture": Call({"amount": money("1.00")}),
    f"POST {PAYMENTS}/charges/<uuid:charge_id>/void": Call({}),
    f"POST {PAYMENTS}/charges/<uuid:charge_id>/refunds": Call({"reason": "$text"}),
    f"POST {PAYMENTS}/operations/<uuid:operation_id>/decide": Call({"is_done": True}),
    f"POST {PAYMENTS}/customers": Call({"name": "$text", "reference": "$new"}),
    f"PATCH {PAYMENTS}/customers/<uuid:customer_id>": Call({"name": "$text"}),
    f"POST {PAYMENTS}/payment-methods": Call(
        {"customer": "$customer", "tokens": {"sandbox": "sandbox_visa"}}
    ),
    f"GET {PAYMENTS}/payment-methods": Call(query={"customer": "$customer"}),
    f"PUT {PAYMENTS}/providers/<provider>": Call({"position": 1}),
    f"GET {PAYMENTS}/webhook-events": Call(query={"charge": "$disputed"}),
    f"POST {PAYMENTS}/sandbox/notices": Call(
        {"charge": "$charge", "kind": "captured", "reason": "$text"}
    ),
    f"POST {PAYMENTS}/webhook-endpoints": Call({**ENDPOINT, "description": "$text"}),
    f"PATCH {PAYMENTS}/webhook-endpoints/<uuid:endpoint_id>": Call({"description": "$text"}),
    f"POST {PAYMENTS}/webhook-endpoints/<uuid:endpoint_id>/rotate": Call({"overlap_hours": 1}),
    f"GET {PAYMENTS}/webhook-deliveries": Call(query={"endpoint": "$endpoint"}),
    f"GET {PAYMENTS}/disputes": Call(query={"charge": "$disputed"}),
    f"PUT {PAYMENTS}/disputes/<uuid:dispute_id>/evidence": Call(
        {"texts": {"explanation": "$text"}}
    ),
    f"POST {PAYMENTS}/disputes/<uuid:dispute_id>/files": Call(
        file=b"%PDF-1.7", query={"kind": "receipt"}
    ),
    f"POST {PAYMENTS}/disputes/<uuid:dispute_id>/submit": Call({}),
    f"POST {PAYMENTS}/payment-links": Call(
        {"amount": money("5.00"), "customer": "$customer", "description": "$text"}
    ),
    f"PATCH {PAYMENTS}/payment-links/<uuid:link_id>": Call({"description": "$text"}),
    f"GET {PAYMENTS}/movements": Call(query={"charge": "$charge"}),
    f"POST {PAYMENTS}/mandates": Call({**MANDATE, "customer": "$customer"}),
    f"GET {PAYMENTS}/mandates": Call(query={"customer": "$customer"}),
    f"POST {PAYMENTS}/payouts": Call({**PAYOUT, "customer": "$customer", "remittance": "$text"}),
    f"GET {PAYMENTS}/payouts": Call(query={"customer": "$customer"}),
    f"POST {PAYMENTS}/bank-files": Call({"kind": "pain.001"}),
    f"GET {PAYMENTS}/bank-files/orders": Call(query={"file": "$bank_file", "payout": "$sent"}),
    f"POST {PAYMENTS}/bank-files/orders/<uuid:order_id>/decide": Call({"outcome": "settled"}),
    f"POST {PAYMENTS}/bank-files/answers": Call(file=STATUS),
    f"POST {PAYMENTS}/settlements": Call(file=REPORT),
    f"POST {PAYMENTS}/settlements/sandbox": Call({}),
    f"POST {PAYMENTS}/settlements/received": Call({"on": "2026-03-31", "amount": money("1.00")}),
    f"POST {PAYMENTS}/settlements/<uuid:settlement_id>/received": Call(
        {"on": "2026-03-31", "amount": money("0.10")}
    ),
    f"GET {PAYMENTS}/settlements/breaks": Call(query={"settlement": "$settlement"}),
    f"POST {PAYMENTS}/settlements/breaks/<uuid:break_id>/assign": Call({"assignee": "$text"}),
    f"POST {PAYMENTS}/settlements/breaks/<uuid:break_id>/explain": Call({"reason": "$text"}),
    f"POST {PAYMENTS}/settlements/breaks/<uuid:break_id>/link": Call(
        {"movements": ["$movement"], "reason": "$text"}
    ),
    f"POST {PAYMENTS}/settlements/breaks/<uuid:break_id>/undo": Call({"reason": "$text"}),
    f"GET {PAYMENTS}/analytics": Call(query={"from": "2026-03-01", "to": "2026-03-31"}),
    **WALLET_CALLS,
}
"""Every endpoint that takes more than ids in its path; a new one is to be added here."""

OTHER_CALLS: dict[str, Call] = {}
"""A second way to call some of them."""

PATH_IDS = {
    "charge_id": "charge",
    "operation_id": "operation",
    "customer_id": "customer",
    "method_id": "second_payment_method",
    "movement_id": "movement",
    "event_id": "webhook_event",
    "mandate_id": "mandate",
    "payout_id": "payout",
    "file_id": "bank_file",
    "order_id": "bank_order",
    "answer_id": "bank_answer",
    "endpoint_id": "endpoint",
    "delivery_id": "delivery",
    "dispute_id": "dispute",
    "proof_id": "proof",
    "link_id": "payment_link",
    "settlement_id": "settlement",
    "break_id": "break",
    "wallet_id": "wallet",
    "top_up_id": "top_up",
    "hold_id": "hold",
    "payment_id": "wallet_payment",
    "withdrawal_id": "withdrawal",
    "schedule_id": "fee_schedule",
    "routing_rule_id": "routing_rule",
}
"""What stands in a path, by its name there."""


def found(made: Organization) -> None:
    """Give *made* two of everything that payments keep."""
    made.platform.carry_the_news()
    names, text = made.names, made.names["text"]
    made.payments("PUT", "/providers/sandbox", json={"settings": {"note": text}})
    for what in ("customer", "second_customer"):
        names[what] = made.payments("POST", "/customers", json={"name": text})["id"]
    for what in ("payment_method", "second_payment_method"):
        body: Any = {"customer": names["customer"], "tokens": {"sandbox": "sandbox_visa"}}
        names[what] = made.payments("POST", "/payment-methods", json=body)["id"]
    for what, captures in (("charge", False), ("second_charge", True)):
        body = {
            **CHARGE,
            "payment_method": names["payment_method"],
            "capture": captures,
            "description": text,
        }
        names[what] = made.payments("POST", "/charges", json=body)["id"]
    operations = made.payments("GET", "/operations")["items"]
    names["operation"] = operations[0]["id"]
    names["movement"] = made.payments("GET", "/movements")["items"][0]["id"]
    happened = {"charge": names["second_charge"], "kind": "refunded", "amount": money("1.00")}
    names["webhook_event"] = made.payments("POST", "/sandbox/notices", json=happened)["id"]
    _found_at_the_bank(made)
    _hooks(made)
    _settled(made)
    _keep_wallets(made)


def _found_at_the_bank(made: Organization) -> None:
    """Give *made* a mandate, a payout that waits, and one in a file that the bank answered."""
    names = made.names
    made.payments("PUT", "/providers/bank", json={"settings": OWN_ACCOUNT})
    mandate = {**MANDATE, "customer": names["customer"]}
    names["mandate"] = made.payments("POST", "/mandates", json=mandate)["id"]
    payout = {**PAYOUT, "customer": names["customer"], "remittance": names["text"]}
    names["sent"] = made.payments("POST", "/payouts", json=payout)["id"]
    file = made.payments("POST", "/bank-files", json={"kind": "pain.001"})
    names["bank_file"], names["message"] = file["id"], file["message_id"]
    names["payout"] = made.payments("POST", "/payouts", json=payout)["id"]
    names["bank_order"] = made.payments("GET", "/bank-files/orders")["items"][0]["id"]
    status = STATUS.replace(b"$message", file["message_id"].encode())
    given = {"file": (BytesIO(status), "status.xml")}
    names["bank_answer"] = made.payments("POST", "/bank-files/answers", data=given)["id"]


def _hooks(made: Organization) -> None:
    """Give it webhooks in and out, disputes and payment links."""
    names, text = made.names, made.names["text"]
    for what in ("second_disputed", "disputed"):
        names[what] = made.payments("POST", "/charges", json=CHARGE)["id"]
        happened = {"charge": names[what], "kind": "dispute_opened"}
        names["webhook_event"] = made.payments("POST", "/sandbox/notices", json=happened)["id"]
    names["dispute"] = made.payments("GET", "/disputes")["items"][0]["id"]
    at = f"/disputes/{names['dispute']}"
    made.payments("PUT", f"{at}/evidence", json={"texts": {"explanation": text}})
    file = {"file": (io.BytesIO(b"%PDF-1.7"), "receipt.pdf")}
    names["proof"] = made.payments("POST", f"{at}/files?kind=receipt", data=file)["id"]
    for _ in range(2):
        body = {**ENDPOINT, "description": text}
        names["endpoint"] = made.payments("POST", "/webhook-endpoints", json=body)["id"]
        sent = made.payments("POST", f"/webhook-endpoints/{names['endpoint']}/test")
        names["delivery"] = sent["id"]
        link = {"amount": money("5.00"), "description": text}
        names["payment_link"] = made.payments("POST", "/payment-links", json=link)["id"]


def _settled(made: Organization) -> None:
    """Give it a payout whose line is of something that nobody knows."""
    names = made.names
    report = {"file": (io.BytesIO(REPORT.replace(b"9", b"1")), names["text"])}
    taken = made.payments("POST", "/settlements", data=report)
    names["settlement"] = taken["settlements"][0]["id"]
    names["break"] = made.payments("GET", "/settlements/breaks")["items"][0]["id"]


def _keep_wallets(made: Organization) -> None:
    """Give *made* two wallets, and what is done with one of them."""
    names, text = made.names, made.names["text"]
    made.ledger("POST", "/rates", json={"currency": "USD", "date": "2026-03-01", "rate": "0.9"})
    made.platform.carry_the_news()
    for what in ("wallet", "second_wallet"):
        body: Any = {"customer": names["customer"], "name": text}
        names[what] = made.payments("POST", "/wallets", json=body)["id"]
    at = f"/wallets/{names['wallet']}"
    few = {"amount": money("0.50")}
    sent = {**few, "destination": {"name": text, "account": text}}
    for what, path, body in (
        ("top_up", f"{at}/top-ups", CHARGE),
        ("hold", f"{at}/holds", few),
        ("wallet_payment", f"{at}/payments", few),
        ("withdrawal", f"{at}/withdrawals", sent),
        ("quote", f"{at}/quotes", {**few, "to": "USD"}),
        ("fee_schedule", "/fee-schedules", {"name": text, "share": "0.01"}),
        ("routing_rule", "/routing-rules", {"name": text, "choice": ROUTE["choice"]}),
    ):
        names[what] = made.payments("POST", path, json=body)["id"]
    for path in (f"{at}/limits/EUR", "/wallets/limits/EUR"):
        made.payments("PUT", path, json={"day": money("800.00")})
