"""Files of banks over HTTP."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.ledger.bank import Bank, Pay, csv, mt940, ofx
from tests.shared import shared_files

PAYS = [
    Pay("2026-03-01", 100_000, "Invoice 17 ACME", "A1"),
    Pay("2026-03-02", -4_990, "Adobe Creative Cloud", "A2"),
    Pay("2026-03-02", -4_990, "Adobe Creative Cloud", "A3"),
    Pay("2026-03-05", -80_000, "Rent March", "A4"),
]
TABLES = ["imports", "statements", "statement_lines", "sightings", "bank_accounts", "outbox"]


@pytest.fixture
def bank(ledger) -> Bank:
    return Bank(ledger)


def counts(bank: Bank) -> dict[str, int]:
    return {table: bank.ledger.count(table) for table in TABLES}


def test_a_statement_is_proven_and_its_lines_wait_to_be_decided_on(bank):
    account = bank.open(account="1050", number="DE02 1203 0000 0000 2020 51")
    brought = bank.take(mt940(PAYS, opening=5_000), to=account["id"])

    [statement] = brought["statements"]
    assert brought["format"] == "mt940"
    assert statement["bank_account"] == account["id"]
    assert statement["account"] == "DE02120300000000202051"
    assert (statement["lines"], statement["added"], statement["duplicates"]) == (4, 4, 0)
    assert statement["sum"] == {"amount": "100.20", "currency": "EUR"}
    assert statement["opening"]["amount"] == "50.00"
    assert statement["closing"]["amount"] == "150.20"
    assert statement["proven"] is True
    assert statement["difference"]["amount"] == "0.00"
    assert [line["amount"]["amount"] for line in bank.lines(state="new")] == [
        "1000.00",
        "-49.90",
        "-49.90",
        "-800.00",
    ]
    shown = bank.call("GET", f"/bank-accounts/{account['id']}")
    assert shown["balance"]["amount"] == "150.20"
    assert shown["open_lines"] == 4


def test_a_difference_is_named(bank):
    raw = mt940(PAYS, opening=5_000).replace(b"EUR150,20", b"EUR150,21")
    brought = bank.take(raw, create_missing=True)

    [statement] = brought["statements"]
    assert statement["proven"] is False
    assert statement["difference"]["amount"] == "0.01"
    assert any("0.01" in warning for warning in brought["warnings"])


@pytest.mark.parametrize("write", [ofx, csv, lambda pays: mt940(pays, opening=0)])
def test_the_same_file_twice_adds_nothing(bank, write):
    first = bank.take(write(PAYS), create_missing=True)
    before = counts(bank)
    second = bank.take(write(PAYS), create_missing=True)

    assert first["statements"][0]["added"] == 4
    assert second["statements"][0]["added"] == 0
    assert second["statements"][0]["duplicates"] == 4
    assert second["id"] == first["id"]
    assert counts(bank) == before


def test_files_that_overlap_add_what_is_new(bank):
    account = bank.open()["id"]
    bank.take(csv(PAYS[:3]), to=account)
    brought = bank.take(csv(PAYS[1:]), to=account)

    assert brought["statements"][0]["added"] == 1
    assert len(bank.lines()) == 4


def test_two_formats_of_one_bank_bring_each_line_once(bank):
    account = bank.open()["id"]
    bank.take(csv(PAYS[:3]), to=account)
    brought = bank.take(ofx(PAYS), to=account)

    assert brought["statements"][0]["added"] == 1
    assert bank.take(mt940(PAYS, opening=0), to=account)["statements"][0]["added"] == 0


def test_a_line_in_other_words_of_another_format_is_new_and_spoken_of(bank):
    account = bank.open()["id"]
    bank.take(csv([Pay("2026-03-01", 100, "Apple")]), to=account)
    brought = bank.take(ofx([Pay("2026-03-01", 100, "Pear")]), to=account)

    assert brought["statements"][0]["added"] == 1
    assert any("other words" in warning for warning in brought["warnings"])


def test_a_preview_keeps_nothing(bank):
    before = counts(bank)
    brought = bank.take(csv(PAYS), preview=True, name="march.csv")

    assert counts(bank) == before
    assert brought["id"] is None
    assert brought["mapping"]["amount"] == 2
    assert [line["description"] for line in brought["statements"][0]["first_lines"]] == [
        pay.text for pay in PAYS
    ]


def test_a_corrected_mapping_is_saved_and_used(bank):
    raw = b"Date,Description,Amount\n01/02/2026,Coffee,5.00\n02/02/2026,Tea,4.00\n"
    account = bank.open()["id"]
    mapping = bank.take(raw, to=account, preview=True)["mapping"]
    wanted = {**mapping, "date_order": "DMY", "is_negated": True}
    bank.call("PATCH", f"/bank-accounts/{account}", json={"mapping": wanted})
    bank.take(raw, to=account)

    assert bank.told() == [("2026-02-01", "-5.00", "Coffee"), ("2026-02-02", "-4.00", "Tea")]


def test_what_is_no_mapping_is_refused(bank):
    account = bank.open()["id"]
    answer = bank.call("PATCH", f"/bank-accounts/{account}", 422, json={"mapping": {"date": -1}})

    assert answer["type"] == "/problems/ledger/mapping-unfit"
    assert bank.call("GET", f"/bank-accounts/{account}")["mapping"] is None


def test_a_file_of_another_account_is_refused_and_leaves_nothing(bank):
    account = bank.open(number="NL91ABNA0417164300")["id"]
    before = counts(bank)
    answer = bank.give(ofx(PAYS), to=account)

    assert answer.status_code == 422
    assert answer.json["type"] == "/problems/ledger/other-bank-account"
    assert counts(bank) == before


def test_a_missing_bank_account_is_named_or_added(bank):
    before = counts(bank)
    refused = bank.give(ofx(PAYS))

    assert refused.status_code == 422
    assert refused.json["missing"] == [{"account": "DE02120300000000202051", "currency": "EUR"}]
    assert counts(bank) == before

    bank.take(ofx(PAYS), create_missing=True)
    [added] = bank.call("GET", "/bank-accounts")["items"]
    assert added["number"] == "DE02120300000000202051"
    assert added["account"] == "1010"


def test_who_may_not_add_accounts_cannot_have_them_added(bank):
    from nexafi.contracts.ledger.permissions import LedgerPermission as May  # noqa: PLC0415

    bank.as_other(permissions=frozenset({May.STATEMENT_IMPORT}))
    assert bank.give(ofx(PAYS), create_missing=True).status_code == 403


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"PK\x03\x04" + b"\0" * 100,
        ofx(PAYS)[:400],
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "ccc">]><Document>&b;</Document>',
        b"\xff\xfe\x00\x01" * 50,
    ],
    ids=["empty", "zip", "cut", "entities", "noise"],
)
def test_a_hostile_file_is_refused_and_leaves_nothing(bank, raw):
    before = counts(bank)
    answer = bank.give(raw, create_missing=True)

    assert answer.status_code == 422
    assert answer.json["type"] == "/problems/ledger/statement-unreadable"
    assert counts(bank) == before


def test_an_import_is_undone_and_can_be_done_again(bank):
    first = bank.take(ofx(PAYS), create_missing=True)
    undone = bank.call("POST", f"/imports/{first['id']}/undo")

    assert undone["removed"] == 4
    assert bank.lines() == []
    assert bank.call("GET", f"/imports/{first['id']}")["undone_at"] is not None
    assert bank.call("POST", f"/imports/{first['id']}/undo", 409)["type"].endswith("import-undone")

    again = bank.take(ofx(PAYS))
    assert again["statements"][0]["added"] == 4
    assert again["id"] != first["id"]


def test_lines_that_another_import_has_too_outlive_the_undo(bank):
    account = bank.open()["id"]
    first = bank.take(csv(PAYS[:3]), to=account)
    second = bank.take(csv(PAYS[1:]), to=account)

    assert bank.call("POST", f"/imports/{first['id']}/undo")["removed"] == 1
    assert len(bank.lines()) == 3
    assert bank.call("POST", f"/imports/{second['id']}/undo")["removed"] == 3
    assert bank.lines() == []


def test_the_file_itself_is_kept(bank):
    raw = ofx(PAYS)
    brought = bank.take(raw, create_missing=True, name="März 2026.ofx")
    answer = bank.ledger.client.get(f"/api/v1/ledger/imports/{brought['id']}/file")

    assert answer.data == raw
    assert bank.call("GET", "/imports")["items"][0]["name"] == "März 2026.ofx"


def test_another_organization_finds_nothing(bank):
    brought = bank.take(ofx(PAYS), create_missing=True)
    [statement], line = brought["statements"], bank.lines()[0]
    bank.as_other(organization_id=uuid4())

    for path in ("/bank-accounts", "/imports", "/statements", "/statement-lines"):
        assert bank.call("GET", path)["items"] == []
    account = f"/bank-accounts/{statement['bank_account']}"
    for path in (
        account,
        f"/imports/{brought['id']}",
        f"/imports/{brought['id']}/file",
        f"/statements/{statement['id']}",
        f"/statement-lines/{line['id']}",
    ):
        bank.call("GET", path, 404)
    bank.call("PATCH", account, 404, json={"name": "Mine"})
    bank.call("POST", f"{account}/close", 404)
    bank.call("POST", f"/imports/{brought['id']}/undo", 404)
    assert bank.give(ofx(PAYS), to=statement["bank_account"]).status_code == 404


def test_a_closed_bank_account_takes_nothing_more(bank):
    account = bank.open()["id"]
    bank.call("POST", f"/bank-accounts/{account}/close")
    answer = bank.give(ofx(PAYS), to=account)

    assert answer.status_code == 409
    assert answer.json["type"] == "/problems/ledger/bank-account-closed"
    assert bank.ledger.count("statement_lines") == 0
    bank.call("POST", f"/bank-accounts/{account}/open")
    assert bank.take(ofx(PAYS), to=account)["statements"][0]["added"] == 4


NO_STATEMENTS = {
    "SOURCES.md": "no statement of an account",  # it says where the others come from
    "camt052_v6.xml": "pending",
}
"""The real files that must be refused, and what the reason says; all others must be taken."""


@pytest.mark.parametrize("path", shared_files("bank"))
def test_a_real_file_twice_adds_nothing(bank, path):
    first = bank.give(path.read_bytes(), name=path.name, create_missing=True)
    if path.name in NO_STATEMENTS:
        assert first.status_code == 422
        assert NO_STATEMENTS[path.name] in first.json["detail"]
        assert bank.ledger.count("imports") == 0
        return
    again = bank.take(path.read_bytes(), name=path.name, create_missing=True)

    assert first.status_code == 201
    assert sum(each["added"] for each in first.json["statements"]) == len(bank.lines())
    assert [each["added"] for each in again["statements"]] == [0] * len(again["statements"])
