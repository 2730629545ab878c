"""Files for the bank, through the front door and against judges that are not ours."""

from __future__ import annotations

import importlib.resources
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal

import pytest
from ach.parser import Parser
from lxml import etree

from nexafi.payments.bank_files.formats import nacha_reading
from tests.payments.bank import (
    ACH,
    IBAN,
    OWN_IBAN,
    connect,
    content,
    debit,
    make,
    mandate,
    orders,
    payout,
)
from tests.payments.conftest import money

SCHEMAS = importlib.resources.files("sepaxml") / "schemas"


def judged(raw: bytes, version: str) -> etree._Element:
    """Return the root of a file that the schema of ISO 20022 finds valid."""
    root = etree.fromstring(raw)
    schema = etree.XMLSchema(etree.fromstring((SCHEMAS / f"{version}.xsd").read_bytes()))
    schema.assertValid(root)
    return root


def texts(root: etree._Element, name: str) -> list[str]:
    return [each.text for each in root.iter("{*}" + name)]


@pytest.mark.parametrize("version", ["pain.008.001.08", "pain.008.001.02"])
def test_debits_become_a_file_that_the_schema_takes(payments, version):
    connect(payments, version_of_pain_008=version)
    first = debit(payments, "100.00")
    second = debit(payments, "0.01", bic="COBADEFFXXX", scheme="sepa_b2b", recurs=False)

    made = make(payments, "pain.008")
    root = judged(content(payments, made), version)

    assert (made["orders"], made["debits"], made["version"]) == (2, money("100.01"), version)
    assert texts(root, "MsgId") == [made["message_id"]]
    assert texts(root, "EndToEndId") == [first["reference"], second["reference"]]
    assert texts(root, "CtrlSum") == ["100.01", "100.00", "0.01"]
    assert texts(root, "NbOfTxs") == ["2", "1", "1"]
    assert texts(root, "SeqTp") == ["FRST", "OOFF"]
    assert [each.text for each in root.iterfind(".//{*}LclInstrm/{*}Cd")] == ["CORE", "B2B"]
    assert texts(root, "IBAN") == [OWN_IBAN, IBAN, OWN_IBAN, IBAN]
    assert "DE98ZZZ09999999999" in texts(root, "Id")
    assert texts(root, "Ustrd") == ["Order 17", "Order 17"]
    assert texts(root, "Nm")[2] == "Bob Mueller"


@pytest.mark.parametrize("version", ["pain.001.001.09", "pain.001.001.03"])
def test_payouts_become_a_file_that_the_schema_takes(payments, version):
    connect(payments, version_of_pain_001=version)
    payout(payments, "50.00", remittance="Invoice 4 // März", purpose="SUPP")
    payout(payments, "7.50", reference="RF18 5390 0754 7034")

    made = make(payments, "pain.001")
    root = judged(content(payments, made), version)

    assert (made["orders"], made["credits"], made["debits"]) == (
        2, money("57.50"), money("0.00"),
    )  # fmt: skip
    amounts = [Decimal(each) for each in texts(root, "InstdAmt")]
    assert Decimal(texts(root, "CtrlSum")[0]) == sum(amounts) == Decimal("57.50")
    assert texts(root, "Ustrd") == ["Invoice 4 / Maerz"]
    assert texts(root, "Ref") == ["RF18539007547034"]
    assert {each["state"] for each in payments.get("/payouts")["items"]} == {"in_file"}


def test_a_nacha_file_sums_up_for_an_independent_reader(payments):
    connect(payments)
    debit(payments, "100.00", ACH)
    debit(payments, "5.50", ACH, entry_class="WEB", savings=True)
    payout(payments, "20.25", "USD", remittance="Invoice 4")

    made = make(payments, "nacha")
    raw = content(payments, made)
    read = Parser(raw.decode()).as_dict()

    control = read["file_control"]
    assert (int(control["debit_amount"]), int(control["credit_amount"])) == (
        10_550, 2_025,
    )  # fmt: skip
    assert int(control["entry_hash"]) == 3 * 2_100_002
    assert int(control["batch_count"]) == 3
    entries = [e["entry_detail"] for b in read["batches"] for e in b["entries"]]
    assert [each["transaction_code"] for each in entries] == ["27", "37", "22"]
    assert [int(each["amount"]) for each in entries] == [10_000, 550, 2_025]
    assert len(raw.splitlines()) % 10 == 0
    assert {len(line) for line in raw.splitlines()} == {94}


def test_each_digit_of_a_control_record_counts(payments):
    connect(payments)
    debit(payments, "100.00", ACH)
    payout(payments, "20.25", "USD", remittance="Invoice 4")
    raw = content(payments, make(payments, "nacha"))
    lines = raw.decode().split("\n")

    tried = 0
    for at, line in enumerate(lines):
        if line[:1] not in {"8", "9"} or line == "9" * 94:
            continue
        for place, digit in enumerate(line):
            if not digit.isdigit():
                continue
            changed = line[:place] + str((int(digit) + 1) % 10) + line[place + 1 :]
            wrong = "\n".join([*lines[:at], changed, *lines[at + 1 :]]).encode()
            with pytest.raises(nacha_reading.AnswerUnreadable):
                nacha_reading.read(wrong)
            tried += 1
    assert tried > 150
    nacha_reading.read(raw)


def test_a_nacha_file_that_lacks_a_line_or_a_letter_is_refused(payments):
    connect(payments)
    payout(payments, "20.25", "USD", remittance="Invoice 4")
    raw = content(payments, make(payments, "nacha"))
    lines = raw.decode().split("\n")[:-1]

    for at in range(len(lines)):
        with pytest.raises(nacha_reading.AnswerUnreadable):
            nacha_reading.read("\n".join(lines[:at] + lines[at + 1 :]).encode())
    for end in range(1, len(raw) - 1):
        with pytest.raises(nacha_reading.AnswerUnreadable):
            nacha_reading.read(raw[:end])


def test_what_stands_in_a_file_stands_in_no_other(payments):
    connect(payments)
    debit(payments)
    make(payments, "pain.008")

    again = payments.post("/bank-files", {"kind": "pain.008"})

    assert (again.status_code, again.json["type"]) == (409, "/problems/payments/nothing-open")
    assert (payments.count("bank_files"), payments.count("bank_orders")) == (1, 1)


def test_two_who_make_files_at_once_do_not_take_the_same_orders(payments):
    connect(payments)
    for _ in range(6):
        payout(payments)

    def go(_: int) -> int:
        return payments.post("/bank-files", {"kind": "pain.001"}).status_code

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(go, range(4)))

    assert answers == [201, 409, 409, 409]
    assert (payments.count("bank_files"), payments.count("bank_orders")) == (1, 6)


def test_days_follow_the_calendar_and_the_lead_of_each_debit(payments):
    # It is Tuesday, 31 March in New York; TARGET is closed from Good Friday to Easter Monday.
    connect(payments)
    known = mandate(payments)
    debit(payments)
    for _ in range(2):
        payments.charge(known["payment_method"])

    made = make(payments, "pain.008")

    found = orders(payments, made)
    assert [each["execution_on"] for each in found] == ["2026-04-02", "2026-04-02", "2026-04-01"]
    assert payments.get(f"/mandates/{known['id']}")["used_on"] == "2026-03-31"


def test_a_day_that_is_too_soon_for_the_bank_is_refused_and_one_that_is_closed_is_moved(payments):
    connect(payments)
    debit(payments)

    soon = payments.post("/bank-files", {"kind": "pain.008", "execution_on": "2026-04-01"})
    assert (soon.status_code, soon.json["type"]) == (422, "/problems/payments/day-unfit")
    assert soon.json["earliest"] == "2026-04-02"
    assert (payments.count("bank_files"), payments.count("bank_orders")) == (0, 0)
    late = payments.post("/bank-files", {"kind": "pain.008", "execution_on": "2027-04-02"})
    assert late.status_code == 422

    made = make(payments, "pain.008", execution_on="2026-04-03")
    assert orders(payments, made)[0]["execution_on"] == "2026-04-07"


def test_a_payout_of_a_later_day_waits_for_a_file_of_that_day(payments):
    connect(payments)
    payout(payments, execution_on="2026-05-04")

    early = payments.post("/bank-files", {"kind": "pain.001"})
    made = make(payments, "pain.001", execution_on="2026-05-04")

    assert early.status_code == 409
    assert orders(payments, made)[0]["execution_on"] == "2026-05-04"


def test_a_debit_whose_mandate_ended_fails_and_is_in_no_file(payments):
    connect(payments)
    made = mandate(payments)
    charge = payments.charge(made["payment_method"])
    payments.post(f"/mandates/{made['id']}/revoke")

    assert payments.post("/bank-files", {"kind": "pain.008"}).status_code == 409

    ended = payments.get(f"/charges/{charge['id']}")
    assert (ended["state"], ended["reason"]) == ("failed", "mandate_invalid")
    assert payments.moved() == []


def test_a_mandate_for_once_is_used_once(payments):
    connect(payments)
    made = mandate(payments, recurs=False)
    charges = [payments.charge(made["payment_method"]) for _ in range(2)]

    assert make(payments, "pain.008")["orders"] == 1
    assert payments.post("/bank-files", {"kind": "pain.008"}).status_code == 409

    states = [payments.get(f"/charges/{each['id']}")["state"] for each in charges]
    assert states == ["capturing", "failed"]
    assert payments.get(f"/mandates/{made['id']}")["state"] == "used"


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("pain.008", {"creditor_id": ""}),
        ("pain.008", {"creditor_id": "DE97ZZZ09999999999"}),
        ("pain.001", {"iban": "DE02120300000000202052"}),
        ("pain.001", {"iban": ""}),
        ("pain.001", {"version_of_pain_001": "pain.001.001.02"}),
        ("pain.001", {"lead_days": "soon"}),
        ("nacha", {"immediate_destination": "091000018"}),
        ("nacha", {"immediate_origin": "1"}),
        ("nacha", {"company_id": "12345678901"}),
    ],
)
def test_settings_that_do_not_hold_are_refused_and_no_file_made(payments, kind, changes):
    connect(payments, **changes)
    debit(payments)
    payout(payments)

    refused = payments.post("/bank-files", {"kind": kind})

    assert (refused.status_code, refused.json["type"]) == (422, "/problems/payments/bank-unfit")
    assert (payments.count("bank_files"), payments.count("bank_orders")) == (0, 0)


def test_no_bank_no_file(payments):
    refused = payments.post("/bank-files", {"kind": "nacha"})

    assert refused.json["type"] == "/problems/payments/provider-not-connected"


def test_files_lie_sealed_and_are_shown_to_who_may_make_them(payments):
    connect(payments)
    payout(payments)
    made = make(payments, "pain.001")

    sent = payments.post(f"/bank-files/{made['id']}/sent").json
    payments.clock.pass_by(timedelta(hours=1))
    again = payments.post(f"/bank-files/{made['id']}/sent").json

    assert sent["sent_at"] == again["sent_at"] is not None
    assert payments.get(f"/bank-files/{made['id']}") == sent
    assert [each["id"] for each in payments.get("/bank-files?kind=pain.001")["items"]] == [
        made["id"]
    ]
    assert payments.get("/payouts")["items"][0]["state"] == "sent"


def test_the_nacha_files_of_a_day_are_told_apart(payments):
    connect(payments)
    made = []
    for _ in range(3):
        payout(payments, currency="USD")
        made.append(make(payments, "nacha"))

    today = date(2026, 3, 31)
    assert [each["message_id"] for each in made] == [f"{today:%y%m%d}-{each}" for each in "ABC"]
    assert [content(payments, each)[33:34] for each in made] == [b"A", b"B", b"C"]
