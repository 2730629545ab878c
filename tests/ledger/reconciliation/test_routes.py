"""Reconciliation over HTTP."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.ledger.bank import Bank, Pay, mt940, ofx

PAYS = [
    Pay("2026-03-01", 100_000, "Payment of invoice 17", "A1"),
    Pay("2026-03-04", 49_500, "Card sales", "A2"),
    Pay("2026-03-05", -320, "Account fee", "A3"),
]


@pytest.fixture
def bank(ledger) -> Bank:
    return Bank(ledger)


@pytest.fixture
def account(bank) -> str:
    """A bank account that account 1050 mirrors, with a statement and the books beside it."""
    made = bank.open(account="1050", number="DE02120300000000202051")
    bank.take(mt940(PAYS, opening=20_000), to=made["id"])
    bank.ledger.post("""
        2026-02-27 invoice 17
          1050  1000.00
          1200
        2026-03-02 Card sales of Monday
          1050   300.00
          4000
        2026-03-03 Card sales of Tuesday
          1050   200.00
          4000
    """)
    return made["id"]


def entries(bank: Bank) -> dict[str, str]:
    """Return the ids of entries by their descriptions."""
    return {e["description"]: e["id"] for e in bank.call("GET", "/entries")["items"]}


def candidates(bank: Bank, line: dict) -> list[dict]:
    return bank.call("GET", f"/statement-lines/{line['id']}/candidates")["items"]


def match(bank: Bank, account: str, status: int = 201, **body: object) -> dict:
    return bank.call("POST", "/reconciliations", status, json={"bank_account": account, **body})


def report(bank: Bank, account: str, as_of: str = "2026-03-31") -> dict:
    return bank.call("GET", f"/bank-accounts/{account}/reconciliation?as_of={as_of}")


def amounts(found: dict, *names: str) -> list[str]:
    return [found[name]["amount"] for name in names]


def test_a_line_is_matched_with_an_entry_that_is_there(bank, account):
    line = bank.lines()[0]
    [best, *_] = candidates(bank, line)
    assert best["entries"] == [entries(bank)["invoice 17"]]
    assert best["score"] > 0.7

    done = match(bank, account, statement_lines=[line["id"]], lines=best["lines"])
    assert done["way"] == "matched"
    assert done["entry_id"] is None
    assert bank.ledger.count("entries") == 3
    assert bank.lines()[0]["state"] == "settled"

    again = match(bank, account, 409, statement_lines=[line["id"]], lines=best["lines"])
    assert again["type"] == "/problems/ledger/line-settled"
    other = bank.lines()[1]
    taken = match(bank, account, 409, statement_lines=[other["id"]], lines=best["lines"])
    assert taken["type"] == "/problems/ledger/line-reconciled"


def test_one_line_is_matched_with_many_and_the_difference_goes_to_fees(bank, account):
    line, both = bank.lines()[1], entries(bank)
    wanted = {
        "statement_lines": [line["id"]],
        "entries": [both["Card sales of Monday"], both["Card sales of Tuesday"]],
    }
    refused = match(bank, account, 422, **wanted)
    assert refused["type"] == "/problems/ledger/sides-differ"
    assert refused["difference"] == {"amount": "-5.00", "currency": "EUR"}
    assert bank.ledger.count("reconciliations") == 0
    assert bank.ledger.count("entries") == 3

    done = match(bank, account, **wanted, difference_account="6100")
    assert len(done["lines"]) == 3
    assert bank.ledger.sums()["6100"] == 500
    assert bank.ledger.sums()["1050"] == 149_500


def test_many_lines_are_matched_with_one_entry(bank, account):
    bank.ledger.post("""
        2026-03-05 All of it
          1050  1491.80
          4000
    """)
    lines = [line["id"] for line in bank.lines()]
    done = match(bank, account, statement_lines=lines, entries=[entries(bank)["All of it"]])

    assert sorted(done["statement_lines"]) == sorted(lines)
    assert {line["state"] for line in bank.lines()} == {"settled"}


def test_sets_that_make_the_amount_are_proposed(bank, account):
    bank.take(ofx([Pay("2026-03-04", 50_000, "Card sales", "B1")]), to=account)
    line = next(each for each in bank.lines() if each["amount"]["amount"] == "500.00")
    both = entries(bank)

    assert sorted(candidates(bank, line)[0]["entries"]) == sorted(
        [both["Card sales of Monday"], both["Card sales of Tuesday"]]
    )


def test_a_match_is_undone_and_its_difference_reversed(bank, account):
    line, both = bank.lines()[1], entries(bank)
    done = match(
        bank,
        account,
        statement_lines=[line["id"]],
        entries=[both["Card sales of Monday"], both["Card sales of Tuesday"]],
        difference_account="6100",
    )
    undone = bank.call("POST", f"/reconciliations/{done['id']}/undo", json={})

    assert undone["undone_by"] == "ada@example.com"
    assert bank.ledger.sums().get("6100", 0) == 0
    assert bank.lines()[1]["state"] == "new"
    again = bank.call("POST", f"/reconciliations/{done['id']}/undo", 409, json={})
    assert again["type"] == "/problems/ledger/reconciliation-undone"
    assert report(bank, account)["open_lines"]["count"] == 3


def test_only_what_can_be_nothing_else_is_matched_unasked(bank, account):
    bank.ledger.post("""
        2026-03-05 Fee one
          6100   3.20
          1050
        2026-03-06 Fee two
          6100   3.20
          1050
    """)
    done = bank.call("POST", "/reconciliations/auto", json={"bank_account": account})

    assert done["matched"] == 1
    assert done["items"][0]["statement_lines"] == [bank.lines()[0]["id"]]
    again = bank.call("POST", "/reconciliations/auto", json={"bank_account": account})
    assert again["matched"] == 0


def test_what_is_in_the_books_already_is_not_booked_twice(bank):
    bank.ledger.post("""
        2026-03-03 Card sales of Tuesday
          1050   495.00
          4000
    """)
    made = bank.open(account="1050", number="DE02120300000000202051")
    bank.take(mt940(PAYS, opening=0), to=made["id"])
    line = bank.lines()[1]

    assert line["suggestion"]["kind"] == "match"
    bank.call("POST", f"/statement-lines/{line['id']}/accept", json={})
    assert bank.ledger.count("entries") == 1
    assert bank.ledger.sums()["1050"] == 49_500


def test_a_transfer_between_own_accounts_is_one_entry(bank, account):
    other = bank.open(name="Savings", number="NL91ABNA0417164300")
    bank.take(ofx([Pay("2026-03-10", -7_700, "To savings", "T1")]), to=account)
    bank.take(
        ofx([Pay("2026-03-11", 7_700, "From checking", "T2")], account="NL91ABNA0417164300"),
        to=other["id"],
    )
    halves = [line for line in bank.lines() if line["amount"]["amount"].endswith("77.00")]
    assert [half["suggestion"]["kind"] for half in halves] == ["transfer", "transfer"]
    before = bank.ledger.count("entries")

    done = bank.call(
        "POST", "/statement-lines/accept", json={"ids": [half["id"] for half in halves]}
    )
    assert done["accepted"] == 2
    assert bank.ledger.count("entries") == before + 1
    assert {line["state"] for line in bank.lines() if "77.00" in line["amount"]["amount"]} == {
        "settled"
    }

    bank.call("POST", f"/statement-lines/{halves[1]['id']}/undo", json={})
    assert {line["state"] for line in bank.lines() if "77.00" in line["amount"]["amount"]} == {
        "new"
    }
    assert report(bank, other["id"])["books_balance"]["amount"] == "0.00"
    assert report(bank, other["id"])["open_lines"]["count"] == 0


def test_the_report_explains_the_difference(bank, account):
    found = report(bank, account)
    assert amounts(found, "bank_balance", "books_balance", "difference") == [
        "1691.80",
        "1500.00",
        "191.80",
    ]
    assert found["is_stated"] is True
    assert amounts(found, "opening_balance", "explained", "unexplained") == [
        "200.00",
        "191.80",
        "0.00",
    ]
    assert found["open_statement_lines"]["count"] == 3
    assert found["open_lines"]["count"] == 3

    bank.call("POST", "/reconciliations/auto", json={"bank_account": account})
    bank.call("POST", f"/statement-lines/{bank.lines()[2]['id']}/ignore", json={})
    later = report(bank, account)
    assert later["open_statement_lines"]["count"] == 1
    assert later["ignored_statement_lines"]["sum"]["amount"] == "-3.20"
    assert later["open_lines"]["count"] == 2
    assert later["unexplained"]["amount"] == "0.00"


def test_a_match_counts_from_the_day_on_which_both_sides_are_there(bank, account):
    bank.call("POST", "/reconciliations/auto", json={"bank_account": account})
    early = report(bank, account, "2026-02-28")

    assert early["open_lines"]["count"] == 1
    assert early["open_statement_lines"]["count"] == 0
    assert report(bank, account, "2026-03-01")["open_lines"]["count"] == 0


def test_lines_that_are_missing_between_statements_are_told(bank, account):
    missing = 4_200
    later = [Pay("2026-03-20", -1_000, "Stamps")]
    bank.take(mt940(later, opening=169_180 + missing, number=2), to=account, name="next.sta")
    found = report(bank, account)

    assert found["unexplained"]["amount"] == "42.00"
    assert found["is_reconciled"] is False


def test_an_opening_entry_stands_for_the_opening_balance(bank, account):
    with bank.ledger.database.work(bank.ledger.caller) as work:
        from nexafi.ledger.journal import actions  # noqa: PLC0415
        from tests.ledger.book import drafts  # noqa: PLC0415

        [draft] = drafts("""
            2026-01-01 Opening
              1050  200.00
              4000
        """)
        actions.post(work, type(draft)(draft.date, "Opening", draft.legs, kind="opening"))
    found = report(bank, account)

    assert found["opening_entries"]["sum"]["amount"] == "200.00"
    assert found["difference"]["amount"] == "-8.20"
    assert found["unexplained"]["amount"] == "0.00"


@pytest.mark.parametrize(
    "body",
    [
        {"statement_lines": [], "entries": []},
        {"lines": [str(uuid4())]},
        {"statement_lines": [str(uuid4())]},
        {"entries": [str(uuid4())]},
    ],
)
def test_what_is_not_there_is_not_reconciled(bank, account, body):
    answer = bank.ledger.client.post(
        "/api/v1/ledger/reconciliations", json={"bank_account": account, **body}
    )

    assert answer.status_code in {404, 409, 422}
    assert bank.ledger.count("reconciliations") == 0


def test_lines_of_two_bank_accounts_are_not_one_payment(bank, account):
    other = bank.open(name="Savings", number="NL91ABNA0417164300")
    line = bank.lines()[0]["id"]
    refused = match(
        bank, other["id"], 422, statement_lines=[line], entries=[entries(bank)["invoice 17"]]
    )

    assert refused["type"] == "/problems/ledger/nothing-to-reconcile"


def test_another_organization_reconciles_nothing(bank, account):
    line = bank.lines()[0]["id"]
    done = match(bank, account, statement_lines=[line], entries=[entries(bank)["invoice 17"]])
    open_line = bank.lines()[1]["id"]
    bank.as_other(organization_id=uuid4())

    assert bank.call("GET", "/reconciliations")["items"] == []
    bank.call("GET", f"/reconciliations/{done['id']}", 404)
    bank.call("POST", f"/reconciliations/{done['id']}/undo", 404, json={})
    bank.call("GET", f"/statement-lines/{open_line}/candidates", 404)
    bank.call("GET", f"/bank-accounts/{account}/reconciliation", 404)
    match(bank, account, 404, statement_lines=[open_line])
    bank.call("POST", "/reconciliations/auto", 404, json={"bank_account": account})
    two = {"statement_lines": [open_line, line]}
    bank.call("POST", "/reconciliations/transfers", 404, json=two)
