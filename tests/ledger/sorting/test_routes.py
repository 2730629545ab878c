"""The review queue and its rules over HTTP."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.ledger.bank import Bank, Pay, csv, mt940, ofx

PAYS = [
    Pay("2026-03-01", 100_000, "Invoice 17 ACME", "A1"),
    Pay("2026-03-02", -4_990, "Adobe Creative Cloud", "A2"),
    Pay("2026-03-05", -320, "Provider fee March", "A3"),
]


@pytest.fixture
def bank(ledger) -> Bank:
    return Bank(ledger)


@pytest.fixture
def lines(bank) -> list[dict]:
    """Three open lines on a bank account that account 1050 mirrors."""
    account = bank.open(account="1050", number="DE02120300000000202051")
    bank.take(ofx(PAYS), to=account["id"])
    return bank.lines()


def rule(**changes: object) -> dict:
    return {
        "name": "Adobe",
        "conditions": [
            {"kind": "contains", "text": "adobe"},
            {"kind": "direction", "direction": "out"},
        ],
        "outcome": {"account": "6100", "tags": {"department": "design"}},
        **changes,
    }


def decide(bank: Bank, line: dict, deed: str, status: int = 200, **body: object) -> dict:
    return bank.call("POST", f"/statement-lines/{line['id']}/{deed}", status, json=body)


def test_an_accepted_line_becomes_one_balanced_entry(bank, lines):
    done = decide(bank, lines[1], "accept", account="6100", description="Software")

    assert bank.ledger.sums() == {"1050": -4_990, "6100": 4_990}
    entry = bank.call("GET", f"/entries/{done['entry_id']}")
    assert entry["source"] == f"statement-line/{lines[1]['id']}"
    assert entry["date"] == "2026-03-02"
    assert entry["description"] == "Software"
    assert done["way"] == "posted"
    assert done["statement_lines"] == [lines[1]["id"]]
    assert len(done["lines"]) == 1
    again = decide(bank, lines[1], "accept", 409, account="6100")
    assert again["type"] == "/problems/ledger/line-settled"
    assert bank.ledger.count("entries") == 1


def test_a_line_without_a_suggestion_cannot_be_accepted_as_it_is(bank, lines):
    assert decide(bank, lines[0], "accept", 422)["type"].endswith("nothing-suggested")
    assert bank.ledger.count("entries") == 0
    assert bank.lines()[0]["state"] == "new"


def test_an_unknown_account_is_refused_and_leaves_nothing(bank, lines):
    assert decide(bank, lines[0], "accept", 422, account="9999")["type"].endswith("unknown-account")
    assert bank.ledger.count("entries") == 0
    assert bank.ledger.count("reconciliations") == 0
    assert bank.lines()[0]["state"] == "new"


def test_a_line_is_split_over_accounts(bank, lines):
    parts = [
        {"account": "4000", "amount": {"amount": "900.00", "currency": "EUR"}},
        {"account": "1200", "amount": {"amount": "99.99", "currency": "EUR"}},
    ]
    assert decide(bank, lines[0], "accept", 422, splits=parts)["type"].endswith("shares-unfit")
    assert bank.ledger.count("entries") == 0

    parts[1]["amount"] = {"amount": "100.00", "currency": "USD"}
    assert decide(bank, lines[0], "accept", 422, splits=parts)["type"].endswith("shares-unfit")
    assert bank.ledger.count("entries") == 0

    parts[1]["amount"]["currency"] = "EUR"
    decide(bank, lines[0], "accept", splits=parts)
    assert bank.ledger.sums() == {"1050": 100_000, "4000": -90_000, "1200": -10_000}


def test_an_accepted_line_is_taken_back_and_accepted_again(bank, lines):
    decide(bank, lines[1], "accept", account="6100")
    undone = decide(bank, lines[1], "undo")

    assert undone["state"] == "new"
    assert bank.ledger.sums() == {}
    assert bank.ledger.count("entries") == 2

    done = decide(bank, lines[1], "accept", account="6100")
    source = bank.call("GET", f"/entries/{done['entry_id']}")["source"]
    assert source == f"statement-line/{lines[1]['id']}/2"
    assert bank.ledger.sums() == {"1050": -4_990, "6100": 4_990}


def test_an_ignored_line_is_left_out_and_taken_back(bank, lines):
    decide(bank, lines[2], "ignore", reason="not ours")
    assert bank.lines(state="ignored")[0]["id"] == lines[2]["id"]
    assert decide(bank, lines[2], "ignore", 409)["type"].endswith("line-settled")

    assert decide(bank, lines[2], "undo")["state"] == "new"
    assert decide(bank, lines[2], "undo", 409)["type"].endswith("nothing-to-undo")
    assert bank.ledger.count("entries") == 0


def test_what_a_person_says_stands_until_it_is_taken_back(bank, lines):
    line = bank.call("PATCH", f"/statement-lines/{lines[0]['id']}", json={"account": "4000"})
    assert line["suggestion"]["kind"] == "user"
    bank.call("POST", "/rules", 201, json=rule(conditions=[{"kind": "contains", "text": "acme"}]))
    assert bank.lines()[0]["suggestion"]["account"] == "4000"

    assert decide(bank, lines[0], "undo")["suggestion"]["kind"] == "rule"
    bank.call("PATCH", f"/statement-lines/{lines[0]['id']}", 422, json={"account": "9999"})


def test_a_rule_suggests_for_open_lines_at_once(bank, lines):
    made = bank.call("POST", "/rules", 201, json=rule())
    suggestion = bank.lines()[1]["suggestion"]

    assert suggestion["kind"] == "rule"
    assert suggestion["rule"] == made["id"]
    assert suggestion["account"] == "6100"
    assert suggestion["tags"] == {"department": "design"}
    assert suggestion["confidence"] == 0.95
    assert bank.lines()[0]["suggestion"] is None

    bank.call("PATCH", f"/rules/{made['id']}", json={"is_on": False})
    assert bank.lines()[1]["suggestion"] is None


def test_a_rule_is_used_when_lines_come_in(bank):
    bank.call("POST", "/rules", 201, json=rule())
    brought = bank.take(ofx(PAYS), create_missing=True)

    assert brought["statements"][0]["suggested"] == 1
    assert bank.take(csv(PAYS), preview=True)["statements"][0]["suggested"] == 1


def test_rules_are_tried_in_their_order(bank, lines):
    first = bank.call("POST", "/rules", 201, json=rule(name="one"))
    second = bank.call("POST", "/rules", 201, json=rule(name="two", outcome={"ignore": True}))
    assert bank.lines()[1]["suggestion"]["rule"] == first["id"]

    bank.call("PATCH", f"/rules/{second['id']}", json={"position": 0})
    assert bank.lines()[1]["suggestion"]["ignore"] is True
    assert [each["name"] for each in bank.call("GET", "/rules")["items"]] == ["two", "one"]

    bank.call("DELETE", f"/rules/{second['id']}", 204)
    bank.call("GET", f"/rules/{second['id']}", 404)
    assert bank.lines()[1]["suggestion"]["rule"] == first["id"]


def test_a_rule_is_tried_on_past_lines_and_not_kept(bank, lines):
    decide(bank, lines[1], "accept", account="1200")
    tried = rule()
    tested = bank.call(
        "POST",
        "/rules/test",
        json={"conditions": tried["conditions"], "outcome": {"account": "6100"}},
    )

    assert (tested["tried"], tested["hits"], tested["differs"]) == (3, 1, 1)
    [hit] = tested["items"]
    assert hit["statement_line"] == lines[1]["id"]
    assert hit["would"]["account"] == "6100"
    assert hit["was"] == ["1200"]
    assert bank.ledger.count("rules") == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"conditions": [{"kind": "regex", "pattern": "(a"}]},
        {"conditions": [{"kind": "regex", "pattern": r"(a)\1"}]},
        {"conditions": [{"kind": "contains", "text": "  "}]},
        {"conditions": [{"kind": "amount"}]},
        {"conditions": [{"kind": "bank_account", "bank_account": str(uuid4())}]},
        {"outcome": {"account": "9999"}},
        {"outcome": {}},
        {"outcome": {"splits": [{"account": "6100", "share": "0.5"}]}},
        {"outcome": {"ignore": True, "account": "6100"}},
        {"conditions": []},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_and_not_kept(bank, lines, changes):
    answer = bank.ledger.client.post("/api/v1/ledger/rules", json=rule(**changes))

    assert answer.status_code in {404, 422}
    assert bank.ledger.count("rules") == 0


def test_a_pattern_that_would_take_for_ever_elsewhere_does_not(bank, lines):
    bank.take(csv([Pay("2026-03-09", 1, "a" * 900)]), to=lines[0]["bank_account"])
    bank.call(
        "POST", "/rules", 201, json=rule(conditions=[{"kind": "regex", "pattern": "(a+)+$|(a*)*b"}])
    )
    assert bank.lines()[-1]["suggestion"]["kind"] == "rule"


def test_what_was_done_before_is_suggested_with_its_words(bank, lines):
    account = lines[0]["bank_account"]
    decide(bank, lines[1], "accept", account="6100")
    bank.take(csv([Pay("2026-04-02", -4_990, "Adobe Creative Cloud")]), to=account)
    suggestion = bank.lines(state="new")[-1]["suggestion"]

    assert suggestion["kind"] == "history"
    assert suggestion["account"] == "6100"
    assert "adobe" in suggestion["words"]
    assert 0.5 < suggestion["confidence"] < 0.8


def test_confidence_grows_with_what_was_done(bank, lines):
    account = lines[0]["bank_account"]
    seen = []
    for month in range(4, 10):
        bank.take(csv([Pay(f"2026-{month:02}-02", -4_990, "Adobe Creative Cloud")]), to=account)
        line = bank.lines(state="new", text="adobe")[-1]
        seen.append((line["suggestion"] or {"confidence": 0})["confidence"])
        decide(bank, line, "accept", account="6100")

    assert seen == sorted(seen)
    assert seen[0] == 0
    assert seen[-1] > 0.8


def test_the_sure_ones_are_accepted_together_each_for_itself(bank, lines):
    bank.call("POST", "/rules", 201, json=rule())
    bank.call(
        "POST",
        "/rules",
        201,
        json=rule(
            conditions=[{"kind": "contains", "text": "fee"}],
            outcome={"account": "1200"},
        ),
    )
    found = bank.call("GET", "/accounts")["items"]
    account = next(each["id"] for each in found if each["code"] == "1200")
    bank.ledger.client.post(f"/api/v1/ledger/accounts/{account}/close")
    done = bank.call("POST", "/statement-lines/accept", json={"min_confidence": 0.9})

    assert (done["accepted"], done["left"]) == (1, 0)
    assert [each["problem"] is None for each in done["results"]] == [True, False]
    assert bank.ledger.sums() == {"1050": -4_990, "6100": 4_990}
    assert len(bank.lines(state="new")) == 2


def test_an_import_with_settled_lines_is_undone_only_by_force(bank, lines):
    decide(bank, lines[1], "accept", account="6100")
    [made] = bank.call("GET", "/imports")["items"]
    refused = bank.call("POST", f"/imports/{made['id']}/undo", 409)

    assert refused["lines"] == [lines[1]["id"]]
    assert len(bank.lines()) == 3

    bank.call("POST", f"/imports/{made['id']}/undo?force=true")
    assert bank.lines() == []
    assert bank.ledger.sums() == {}
    assert bank.take(ofx(PAYS))["statements"][0]["added"] == 3


def test_a_line_in_another_currency_takes_its_worth_from_who_accepts_it(bank):
    raw = mt940([Pay("2026-03-02", -4_990, "Hosting")], opening=0).replace(b"EUR", b"USD")
    bank.take(raw, create_missing=True)
    [line] = bank.lines()

    assert decide(bank, line, "accept", 422, account="6100")["type"].endswith("rate-unknown")
    assert bank.ledger.count("entries") == 0
    base = {"amount": "-45.00", "currency": "EUR"}
    done = decide(bank, line, "accept", account="6100", base=base)
    entry = bank.call("GET", f"/entries/{done['entry_id']}")
    assert [each["base"]["amount"] for each in entry["lines"]] == ["-45.00", "45.00"]


def test_another_organization_can_decide_nothing(bank, lines):
    made = bank.call("POST", "/rules", 201, json=rule())
    bank.as_other(organization_id=uuid4())

    for deed in ("accept", "ignore", "undo"):
        decide(bank, lines[0], deed, 404)
    bank.call("PATCH", f"/statement-lines/{lines[0]['id']}", 404, json={"account": "6100"})
    bank.call("GET", f"/rules/{made['id']}", 404)
    bank.call("PATCH", f"/rules/{made['id']}", 404, json={"is_on": False})
    bank.call("DELETE", f"/rules/{made['id']}", 404)
    assert bank.call("GET", "/rules")["items"] == []
    many = bank.call("POST", "/statement-lines/accept", json={"ids": [lines[0]["id"]]})
    assert many["results"][0]["problem"]["status"] == 404


def test_who_may_only_read_decides_nothing(bank, lines):
    from nexafi.contracts.ledger.permissions import LedgerPermission as May  # noqa: PLC0415

    bank.as_other(permissions=frozenset({May.STATEMENT_READ, May.RULE_READ}))
    decide(bank, lines[0], "accept", 403, account="6100")
    bank.call("POST", "/rules", 403, json=rule())
    assert len(bank.lines()) == 3


def test_lines_that_are_named_are_not_narrowed_by_a_bank_account(bank, lines):
    body = {"ids": [lines[0]["id"]], "bank_account": lines[0]["bank_account"]}

    assert (
        "min_confidence" in bank.call("POST", "/statement-lines/accept", 422, json=body)["detail"]
    )
    assert bank.lines()[0]["state"] == "new"
    assert bank.ledger.count("entries") == 0
