"""What the bank answers, through the front door: each order ends once, and foreign files never."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import permutations

import pytest

from tests.payments.bank import (
    ACH,
    connect,
    content,
    debit,
    entry,
    hand_in,
    make,
    mandate,
    orders,
    payout,
    returns,
    statement,
    status,
)
from tests.payments.conftest import money


def in_file(payments, *charges):
    """Put debits into a file that is sent; return it."""
    connect(payments)
    made = make(payments, "pain.008")
    payments.post(f"/bank-files/{made['id']}/sent")
    return made


def kinds(payments):
    return [each["kind"] for each in payments.moved()]


def states(payments):
    return {each["id"]: each["state"] for each in payments.get("/charges")["items"]}


def test_what_the_statement_shows_is_captured_once(payments):
    charge = debit(payments)
    in_file(payments)
    raw = statement(entry("9.00", "DBIT"), entry("100.00", "CRDT", charge["reference"]))

    first, again = hand_in(payments, raw), hand_in(payments, raw)
    other = hand_in(payments, raw.replace("<Id>1</Id>", "<Id>2</Id>"))

    assert (first.status_code, first.json["paid"], first.json["others"]) == (201, 1, 0)
    assert again.json == first.json
    assert (other.json["paid"], other.json["known"]) == (0, 1)
    assert states(payments) == {charge["id"]: "captured"}
    assert kinds(payments) == ["capture"]
    assert payments.count("bank_answers") == 2


def test_an_entry_that_is_of_nobody_we_know_is_counted_and_left(payments):
    in_file_of_one = debit(payments)
    in_file(payments)

    answer = hand_in(payments, statement(entry("1.00", "CRDT", "SOMEBODY-ELSE")))

    assert (answer.json["others"], answer.json["paid"]) == (1, 0)
    assert states(payments) == {in_file_of_one["id"]: "capturing"}


def test_what_is_pending_at_the_bank_changes_nothing(payments):
    charge = debit(payments)
    in_file(payments)

    hand_in(payments, statement(entry("100.00", "CRDT", charge["reference"], state="PDNG")))

    assert states(payments) == {charge["id"]: "capturing"}


def test_what_the_bank_refuses_fails_with_our_word_for_its_code(payments):
    good, poor = debit(payments), debit(payments, "30.00")
    made = in_file(payments)

    answer = hand_in(payments, status(made, (poor["reference"], "RJCT", "AM04"), group="PART"))

    assert (answer.json["refused"], answer.json["accepted"]) == (1, 0)
    assert states(payments) == {good["id"]: "capturing", poor["id"]: "failed"}
    assert payments.get(f"/charges/{poor['id']}")["reason"] == "insufficient_funds"
    assert kinds(payments) == []


@pytest.mark.parametrize(
    ("group", "batch", "said", "ends"),
    [
        ("RJCT", "", "", {"failed"}),
        ("", "RJCT", "", {"failed"}),
        ("ACCP", "", "", {"capturing"}),
        ("ACSC", "RJCT", "", {"failed"}),
        ("RJCT", "", "ACSC", {"captured"}),
        ("PDNG", "", "", {"capturing"}),
    ],
)
def test_what_is_said_of_less_goes_before_what_is_said_of_more(payments, group, batch, said, ends):
    charge = debit(payments)
    made = in_file(payments)
    payment = [(charge["reference"], said, "")] if said else []

    answer = hand_in(
        payments,
        status(made, *payment, group=group, batch=(f"{made['message_id']}-0001", batch)),
    )

    assert answer.status_code == 201, answer.json
    assert set(states(payments).values()) == ends


def test_a_batch_that_is_booked_as_one_ends_all_that_was_not_refused(payments):
    charges = [debit(payments, amount) for amount in ("10.00", "20.00", "30.00")]
    made = in_file(payments)
    (batch,) = {each["batch"] for each in orders(payments, made)}

    hand_in(payments, status(made, (charges[0]["reference"], "RJCT", "AC04")))
    wrong = hand_in(payments, statement(entry("60.00", "CRDT", batch=batch)))
    right = hand_in(payments, statement(entry("50.00", "CRDT", batch=batch)))

    assert (wrong.status_code, right.json["paid"]) == (422, 2)
    assert [states(payments)[each["id"]] for each in charges] == ["failed", "captured", "captured"]
    assert kinds(payments) == ["capture", "capture"]


STORIES = [
    ("paid", "returned"),
    ("refused", "paid"),
    ("refused", "returned"),
    ("accepted", "paid", "returned"),
    ("refused", "paid", "returned"),
]


@pytest.mark.parametrize("story", STORIES, ids="-".join)
def test_the_money_of_a_debit_ends_alike_in_whatever_order_the_bank_tells(payments, story):
    tales = list(permutations(story))
    charges = [debit(payments) for _ in tales]
    made = in_file(payments)
    said = 0

    for charge, tale in zip(charges, tales, strict=True):
        key = charge["reference"]
        words = {
            "paid": statement(entry("100.00", "CRDT", key)),
            "returned": statement(entry("100.00", "DBIT", key, "MD06")),
            "refused": status(made, (key, "RJCT", "AM04")),
            "accepted": status(made, (key, "ACSP", "")),
        }
        for each in (*tale, *tale):
            said += 1
            raw = words[each].replace("<MsgId>", f"<MsgId>{said}")
            assert hand_in(payments, raw).status_code == 201

    ended = [payments.get(f"/charges/{each['id']}") for each in charges]
    assert {each["state"] for each in ended} == {"captured"}
    assert {each["refunded"]["amount"] for each in ended} == {"100.00"}
    moved = kinds(payments)
    assert (moved.count("capture"), moved.count("refund")) == (len(tales), len(tales))


def test_a_debit_that_was_refunded_and_then_returned_goes_back_twice(payments):
    charge = debit(payments)
    in_file(payments)
    hand_in(payments, statement(entry("100.00", "CRDT", charge["reference"])))
    refund = payments.post(f"/charges/{charge['id']}/refunds", {"amount": money("60.00")})
    made = make(payments, "pain.001")
    key = orders(payments, made)[0]["end_to_end_id"]
    hand_in(payments, statement(entry("60.00", "DBIT", key)))
    assert payments.get(f"/charges/{charge['id']}/refunds")["items"][0]["state"] == "succeeded"

    hand_in(payments, statement(entry("100.00", "DBIT", charge["reference"], "MD06")))

    assert refund.json["state"] == "pending"
    shown = payments.get(f"/charges/{charge['id']}")
    assert shown["refunded"] == money("100.00")
    assert [each["amount"]["amount"] for each in payments.moved()] == [
        "100.00", "60.00", "40.00", "60.00",
    ]  # fmt: skip
    assert kinds(payments) == ["capture", "refund", "refund", "refund"]


def test_a_refund_that_comes_back_is_ours_again(payments):
    charge = debit(payments)
    in_file(payments)
    hand_in(payments, statement(entry("100.00", "CRDT", charge["reference"])))
    payments.post(f"/charges/{charge['id']}/refunds", {"amount": money("60.00")})
    key = orders(payments, make(payments, "pain.001"))[0]["end_to_end_id"]

    hand_in(payments, statement(entry("60.00", "DBIT", key)))
    hand_in(payments, statement(entry("60.00", "CRDT", key, "AC04")))

    (refund,) = payments.get(f"/charges/{charge['id']}/refunds")["items"]
    assert (refund["state"], refund["failure"]) == ("failed", "account_closed")
    assert payments.get(f"/charges/{charge['id']}")["refunded"] == money("0.00")
    assert kinds(payments) == ["capture", "refund", "refund_failed"]


# -- payouts ------------------------------------------------------------------------------------


def test_a_payout_is_booked_once_the_bank_executed_it(payments):
    connect(payments)
    made_of = payout(payments, "50.00")
    made = make(payments, "pain.001")
    (order,) = orders(payments, made)

    def state():
        return payments.get(f"/payouts/{made_of['id']}")["state"]

    assert state() == "in_file"
    hand_in(payments, status(made, group="ACCP"))
    assert (state(), kinds(payments)) == ("accepted", [])
    hand_in(payments, statement(entry("50.00", "DBIT", order["end_to_end_id"])))
    assert (state(), kinds(payments)) == ("settled", ["payout"])
    hand_in(payments, statement(entry("50.00", "CRDT", order["end_to_end_id"], "AC04")))

    ended = payments.get(f"/payouts/{made_of['id']}")
    assert (ended["state"], ended["reason"]) == ("returned", "account_closed")
    assert kinds(payments) == ["payout", "payout_returned"]
    assert {each["references"]["payout"] for each in payments.moved()} == {made_of["id"]}


def test_a_payout_that_is_refused_moves_nothing(payments):
    connect(payments)
    made_of = payout(payments)
    made = make(payments, "pain.001")

    hand_in(payments, status(made, group="RJCT"))

    assert payments.get(f"/payouts/{made_of['id']}")["state"] == "rejected"
    assert kinds(payments) == []


def test_a_payout_in_a_file_is_not_cancelled_and_one_before_is_in_none(payments):
    connect(payments)
    first = payout(payments)
    make(payments, "pain.001")
    second = payout(payments)

    late = payments.post(f"/payouts/{first['id']}/cancel")
    early = payments.post(f"/payouts/{second['id']}/cancel")

    assert (late.status_code, late.json["type"]) == (409, "/problems/payments/payout-under-way")
    assert early.json["state"] == "cancelled"
    assert payments.post("/bank-files", {"kind": "pain.001"}).status_code == 409


def test_a_person_says_how_an_order_ended_and_once_is_enough(payments):
    connect(payments)
    made_of = payout(payments)
    (order,) = orders(payments, make(payments, "pain.001"))

    for _ in range(2):
        said = payments.post(f"/bank-files/orders/{order['id']}/decide", {"outcome": "settled"})
        assert (said.json["state"], said.json["paid_by"]) == ("settled", "person")

    assert payments.get(f"/payouts/{made_of['id']}")["state"] == "settled"
    assert kinds(payments) == ["payout"]


# -- ACH ----------------------------------------------------------------------------------------


def ach(payments, **more):
    """Put a debit by ACH into a file that is sent; return the charge and the file."""
    connect(payments)
    charge = debit(payments, "100.00", ACH, **more)
    made = make(payments, "nacha")
    payments.post(f"/bank-files/{made['id']}/sent")
    return charge, made


def test_a_debit_that_nobody_returns_is_thought_paid_and_a_late_return_goes_back(payments):
    charge, made = ach(payments)
    sent = content(payments, made)

    payments.work_on(after=timedelta(days=5))
    assert states(payments) == {charge["id"]: "capturing"}
    payments.work_on(after=timedelta(days=4))
    assert states(payments) == {charge["id"]: "captured"}
    for _ in range(2):
        answer = hand_in(payments, returns(sent, (0, "R01")), "returns.ach")
        assert (answer.status_code, answer.json.get("refused")) == (201, 1)

    assert payments.get(f"/charges/{charge['id']}")["refunded"] == money("100.00", "USD")
    assert kinds(payments) == ["capture", "refund"]
    (refund,) = payments.get(f"/charges/{charge['id']}/refunds")["items"]
    assert "R01" in refund["reason"]


def test_what_was_not_sent_is_never_thought_paid(payments):
    connect(payments)
    charge = debit(payments)
    make(payments, "pain.008")

    payments.work_on(after=timedelta(days=60))

    assert states(payments) == {charge["id"]: "capturing"}


def test_a_return_before_that_fails_the_debit_for_good(payments):
    charge, made = ach(payments)

    hand_in(payments, returns(content(payments, made), (0, "R02")), "returns.ach")
    payments.work_on(after=timedelta(days=30))

    ended = payments.get(f"/charges/{charge['id']}")
    assert (ended["state"], ended["reason"]) == ("failed", "account_closed")
    assert kinds(payments) == []


def test_a_notice_of_change_corrects_the_mandate(payments):
    charge, made = ach(payments)
    sent = content(payments, made)

    changed = hand_in(payments, returns(sent, (0, "C01"), change="555000111"), "noc.ach")
    wrong = hand_in(payments, returns(sent, (0, "C02"), change="021000022"), "noc.ach")

    assert (changed.json["corrected"], wrong.status_code) == (1, 422)
    (known,) = payments.get("/mandates")["items"]
    assert (known["last4"], known["corrected"]) == ("0111", "C01")
    assert states(payments) == {charge["id"]: "capturing"}


# -- what is refused, whole ---------------------------------------------------------------------

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>'
    "<Document><BkToCstmrStmt>&b;</BkToCstmrStmt></Document>"
)
OUTSIDE = (
    '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    "<Document><BkToCstmrStmt>&x;</BkToCstmrStmt></Document>"
)


def refusals(made, key):
    good = statement(entry("100.00", "CRDT", key))
    total = "<TxsSummry><TtlNtries><NbOfNtries>{}</NbOfNtries><Sum>{}</Sum></TtlNtries></TxsSummry>"
    balance = (
        "<Bal><Tp><CdOrPrtry><Cd>{}</Cd></CdOrPrtry></Tp><Amt Ccy='EUR'>{}</Amt>"
        "<CdtDbtInd>CRDT</CdtDbtInd></Bal>"
    )
    paid = entry("100.00", "CRDT", key)
    wrong_balances = balance.format("OPBD", "5.00") + balance.format("CLBD", "105.01")
    return {
        "empty": "",
        "another kind": "<Document><Nothing/></Document>",
        "bomb": BOMB,
        "outside": OUTSIDE,
        "truncated": good[:-30],
        "another account": statement(paid, iban="DE89370400440532013000"),
        "another amount": statement(entry("100.01", "CRDT", key)),
        "another way": statement(entry("100.00", "CRDT", key, "AC04")),
        "no amount": good.replace("100.00", "1O0.00"),
        "a number too many": statement(paid, summary=total.format(2, "100.00")),
        "another sum": statement(paid, summary=total.format(1, "100.01")),
        "other balances": statement(paid, balances=wrong_balances),
        "one good, one foreign": status(
            made, (key, "RJCT", "AM04"), ("SOMEBODY-ELSE", "RJCT", "AM04")
        ),
        "unknown file": status({**made, "message_id": "NX20260101FFFFFFFFFFFF"}, group="RJCT"),
        "another count": status({**made, "orders": 7}, group="RJCT"),
        "another control sum": status({**made, "debits": money("1.00")}, group="RJCT"),
        "another message": status({**made, "version": "pain.001.001.09"}, group="RJCT"),
        "no status": status(made, group="MAYBE"),
    }


def test_files_that_do_not_hold_or_are_not_ours_leave_nothing_behind(payments):
    charge = debit(payments)
    made = in_file(payments)

    for name, raw in refusals(made, charge["reference"]).items():
        refused = hand_in(payments, raw)
        assert refused.status_code == 422, (name, refused.json)
        assert refused.json["type"].startswith("/problems/payments/answer-"), (name, refused.json)

    assert states(payments) == {charge["id"]: "capturing"}
    assert (payments.count("bank_answers"), kinds(payments)) == (0, [])
    assert {each["state"] for each in orders(payments, made)} == {"in_file"}


def test_returns_whose_digits_were_changed_are_refused(payments):
    charge, made = ach(payments)
    good = returns(content(payments, made), (0, "R01"))
    lines = good.decode().split("\n")

    wrong = [
        good[:400],
        good.replace(b"1234567890", b"1234567891"),
        good.replace(b"R01", b"X01"),
        good.replace(b"799R01", b"798C01"),
        good.replace(lines[3][6:21].encode(), b"091000010009999"),
        good.replace(b"0000010000", b"0000010001").replace(b"000000010000", b"000000010001"),
    ]
    for each in wrong:
        assert each != good
        assert hand_in(payments, each, "returns.ach").status_code == 422

    assert states(payments) == {charge["id"]: "capturing"}
    assert payments.count("bank_answers") == 0


def test_many_who_hand_in_the_same_file_at_once_end_each_order_once(payments):
    charges = [debit(payments, "10.00") for _ in range(3)]
    in_file(payments)
    raws = [
        statement(*(entry("10.00", "CRDT", each["reference"]) for each in charges)),
        statement(*(entry("10.00", "CRDT", each["reference"]) for each in reversed(charges))),
    ]

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda at: hand_in(payments, raws[at % 2]).status_code, range(4)))

    assert set(answers) <= {201, 409}
    assert kinds(payments) == ["capture"] * 3


def test_a_mandate_whose_first_debit_was_refused_begins_again(payments):
    connect(payments)
    known = mandate(payments)
    charge = payments.charge(known["payment_method"])
    made = make(payments, "pain.008")
    hand_in(payments, status(made, (charge["reference"], "RJCT", "AC01")))
    payments.charge(known["payment_method"])

    assert b"<SeqTp>FRST</SeqTp>" in content(payments, make(payments, "pain.008"))
