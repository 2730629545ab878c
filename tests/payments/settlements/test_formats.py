"""Reports as providers write them, read into our words; what cannot be read is refused."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import jsonschema
import pytest

from nexafi.payments.errors import ReportUnreadable
from nexafi.payments.settlements.formats import reading
from nexafi.payments.settlements.report import LineKind, Report

SPEC = Path(__file__).parents[4] / "shared/data/payments/reporting_transactions_v1.json"
STRIPE = """\
automatic_payout_id,automatic_payout_effective_at,balance_transaction_id,created_utc,created,\
currency,gross,fee,net,reporting_category,source_id,description,customer_facing_amount,\
customer_facing_currency,charge_id,payment_intent_id,payment_metadata[operation],\
refund_metadata[operation]
po_1,2026-03-12 00:00:00,txn_1,2026-03-09 23:30:00,2026-03-09 23:30:00,eur,100.00,3.20,96.80,\
charge,ch_1,Order 1,100.00,eur,ch_1,pi_1,019ce8e0-0000-7000-8000-000000000001,
po_1,2026-03-12 00:00:00,txn_2,2026-03-10 10:00:00,2026-03-10 10:00:00,eur,92.00,2.90,89.10,\
charge,ch_2,Order 2,100.00,usd,ch_2,pi_2,,
po_1,2026-03-12 00:00:00,txn_3,2026-03-10 11:00:00,2026-03-10 11:00:00,eur,50.00,1.00,49.00,\
charge,ch_3,Order 3,50.00,eur,ch_3,pi_3,,
po_1,2026-03-12 00:00:00,txn_4,2026-03-10 11:00:00,2026-03-10 11:00:00,eur,-20.00,-0.40,-19.60,\
partial_capture_reversal,ch_3,Order 3,-20.00,eur,ch_3,pi_3,,
po_1,2026-03-12 00:00:00,txn_5,2026-03-10 12:00:00,2026-03-10 12:00:00,eur,-30.00,0.00,-30.00,\
refund,re_1,Refund,-30.00,eur,ch_1,pi_1,,
,,txn_6,2026-03-11 12:00:00,2026-03-11 12:00:00,eur,7.00,0.00,7.00,charge,ch_9,,7.00,eur,ch_9,,,
"""


def read(content: object, **more: str | None) -> Report:
    raw = content.encode() if isinstance(content, str) else json.dumps(content).encode()
    given = {"provider": "other", "mapping": None, "name": "report", **more}
    return reading.read(raw, "Europe/Berlin", **given)


def paypal(code: str, value: str, fee: str | None = None, **more: object) -> dict[str, object]:
    info = {
        "transaction_id": more.pop("id", "5TY05013RG002845M"),
        "transaction_event_code": code,
        "transaction_initiation_date": "2026-03-09T23:30:00Z",
        "transaction_status": "S",
        "transaction_amount": {"currency_code": "USD", "value": value},
        **more,
    }
    if fee is not None:
        info["fee_amount"] = {"currency_code": "USD", "value": fee}
    return {"transaction_info": info}


def test_stripes_report_of_payouts_is_read_and_what_was_not_captured_taken_off():
    (batch,) = read(STRIPE).batches

    assert (batch.reference, batch.sent, batch.paid_on) == ("po_1", 18_530, dt.date(2026, 3, 12))
    first, second, third, refund = batch.lines
    assert (first.on, first.aliases) == (dt.date(2026, 3, 10), ("ch_1", "pi_1"))
    assert str(first.operation) == "019ce8e0-0000-7000-8000-000000000001"
    assert (second.own, second.net) == ((10_000, "USD"), 8_910)
    assert (third.amount, third.fee) == (3_000, 60)
    assert (refund.kind, refund.aliases) == (LineKind.REFUND, ("re_1", "ch_1", "pi_1"))


def test_stripes_balance_transactions_are_read_in_minor_units():
    told = [
        {"id": "txn_1", "amount": 10_000, "fee": 320, "net": 9_680, "currency": "eur",
         "type": "charge", "source": "ch_1", "created": 1_773_100_000},
        {"id": "txn_2", "amount": -9_680, "fee": 0, "net": -9_680, "currency": "eur",
         "type": "payout", "source": "po_1", "created": 1_773_200_000},
    ]  # fmt: skip

    (batch,) = read({"object": "list", "data": told, "has_more": False}).batches

    assert (batch.reference, batch.amount, batch.total) == ("po_1", 9_680, 9_680)
    assert [line.aliases for line in batch.lines] == [("ch_1",)]


def test_paypals_search_is_as_its_contract_says_and_what_was_withdrawn_was_sent():
    report = {
        "transaction_details": [
            paypal("T0006", "100.00", "-3.20", custom_field="order 1"),
            paypal("T1107", "-40.00", "1.00", id="R1", paypal_reference_id="5TY05013RG002845M"),
            paypal("T0403", "-50.00", id="W1"),
        ],
        "account_number": "XZXSPECPDZHZU",
        "page": 1,
        "total_pages": 1,
    }
    spec = json.loads(SPEC.read_text())
    schema = {"$ref": "#/components/schemas/search_response", "components": spec["components"]}
    jsonschema.validate(report, schema)

    (batch,) = read(report).batches

    assert (batch.reference, batch.sent, batch.kept) == ("W1", 5_000, 780)
    charge, refund = batch.lines
    assert (charge.fee, charge.on) == (320, dt.date(2026, 3, 10))
    assert (refund.kind, refund.fee) == (LineKind.REFUND, -100)


def test_paypals_settlement_report_says_signs_in_columns_of_their_own():
    text = (
        '"RH","2026/03/10 00:00:00 +0000","A","M1",9\n'
        '"SH","2026/03/09 00:00:00 +0000","2026/03/09 23:59:59 +0000","M1",""\n'
        '"CH","Transaction ID","Invoice ID","PayPal Reference ID","PayPal Reference ID Type",'
        '"Transaction Event Code","Transaction Initiation Date","Transaction Completion Date",'
        '"Transaction  Debit or Credit","Gross Transaction Amount","Gross Transaction Currency",'
        '"Fee Debit or Credit","Fee Amount","Fee Currency","Custom Field"\n'
        '"SB","T1","","","","T0006","2026/03/09 10:00:00 +0000","",'
        '"CR",10000,"EUR","DR",320,"EUR",""\n'
        '"SB","W1","","","","T0400","2026/03/09 11:00:00 +0000","","DR",9680,"EUR","",0,"",""\n'
    )

    (batch,) = read(text).batches

    assert (batch.sent, batch.kept, batch.lines[0].net) == (9_680, 0, 9_680)


def test_any_csv_is_read_by_a_mapping():
    text = "Tag;Art;Brutto;Kosten;Ref\n09.03.2026;Kauf;1.234,50;-12,30;a1\n"
    mapping = {
        "amount": "Brutto", "date": "Tag", "kind": "Art", "fee": "Kosten", "reference": "Ref",
        "kinds": {"Kauf": "charge"}, "date_format": "%d.%m.%Y", "decimal": ",", "delimiter": ";",
        "default_currency": "EUR", "is_fee_negative": True,
    }  # fmt: skip

    (batch,) = read(text, mapping=json.dumps(mapping), provider="adyen").batches

    (line,) = batch.lines
    assert (line.kind, line.amount, line.fee) == (LineKind.CHARGE, 123_450, 1_230)


@pytest.mark.parametrize(
    "content",
    [
        "", "a,b\n1,2\n", "{", "[]", {"data": []}, {"transaction_details": [{}]},
        {"provider": "sandbox", "payouts": []}, STRIPE.replace("96.80", "96.81"),
        STRIPE.replace("100.00,3.20", "NaN,3.20"), STRIPE.replace(",eur,100.00", ",xxx,100.00"),
        STRIPE.replace("2026-03-09 23:30:00,2026", "soon,2026"), STRIPE + "po_1,too,few\n",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(content):
    with pytest.raises(ReportUnreadable):
        read(content)
