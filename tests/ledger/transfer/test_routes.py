"""Entries from a file over HTTP, on both engines."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from uuid import uuid4

from nexafi.contracts.ledger.permissions import LedgerPermission as May

IMPORT = "/api/v1/ledger/entries/import"
BOOKS = """entry,date,description,account,debit,credit,reference,tag:project
1,2026-03-01,Sale,1200,100.00,,R-1,x
1,2026-03-01,Sale,4000,,100.00,R-1,
2,2026-03-02,Fee,6100,3.20,,,
2,2026-03-02,Fee,1200,,3.20,,
"""


def send(ledger, text: str | bytes, **query: object):
    raw = text if isinstance(text, bytes) else text.encode()
    data = {"file": (BytesIO(raw), "books.csv")}
    return ledger.client.post(IMPORT, data=data, query_string=query)


def nothing(ledger) -> bool:
    return not any(
        ledger.count(table) for table in ("entries", "lines", "fresh", "outbox", "audit")
    )


def test_all_of_a_file_is_posted(ledger):
    answer = send(ledger, BOOKS, source="old-books")

    assert answer.status_code == 200, answer.json
    told = {name: answer.json[name] for name in ("preview", "entries", "lines", "first", "last")}
    assert told == {
        "preview": False,
        "entries": 2,
        "lines": 4,
        "first": "2026-03-01",
        "last": "2026-03-02",
    }
    assert answer.json["debits"] == {"amount": "103.20", "currency": "EUR"}
    assert [each["rows"] for each in answer.json["items"]] == [[2, 3], [4, 5]]
    assert ledger.balances() == {"1200": 9_680, "4000": -10_000, "6100": 320}
    assert ledger.count("outbox") == 2
    entry = ledger.client.get(f"/api/v1/ledger/entries/{answer.json['items'][0]['id']}").json
    assert entry["source"] == "old-books/1"
    assert (entry["reference"], entry["tags"]) == ("R-1", {"project": "x"})


def test_a_preview_shows_all_and_keeps_nothing(ledger):
    answer = send(ledger, BOOKS, preview="true")

    assert answer.status_code == 200, answer.json
    assert answer.json["entries"] == 2
    assert {each["id"] for each in answer.json["items"]} == {None}
    assert nothing(ledger)


def test_the_same_file_again_adds_nothing_where_its_entries_have_names(ledger):
    send(ledger, BOOKS, source="old-books")
    again = send(ledger, BOOKS, source="old-books")

    assert again.status_code == 422
    assert [each["row"] for each in again.json["errors"]] == [2, 4]
    assert {each["type"] for each in again.json["errors"]} == {"/problems/ledger/already-posted"}
    assert ledger.count("entries") == 2
    assert ledger.count("outbox") == 2


def test_all_or_nothing_and_each_reason_with_its_rows(ledger):
    ledger.client.post("/api/v1/ledger/periods/lock", json={"date": "2026-02-28"})
    notes = ledger.count("audit")
    text = (
        BOOKS
        + """3,2026-03-03,Off,1200,5.00,,,
3,2026-03-03,Off,4000,,4.00,,
4,2026-03-03,Unknown,9999,5.00,,,
4,2026-03-03,Unknown,4000,,5.00,,
5,2026-02-28,Locked,1200,5.00,,,
5,2026-02-28,Locked,4000,,5.00,,
"""
    )
    for preview in ("true", "false"):
        answer = send(ledger, text, preview=preview)
        assert answer.status_code == 422
        assert answer.json["type"] == "/problems/ledger/entries-unfit"
        assert [
            (each["rows"], each["type"].rpartition("/")[2]) for each in answer.json["errors"]
        ] == [
            ([6, 7], "unbalanced-entry"),
            ([8, 9], "unknown-account"),
            ([10, 11], "period-closed"),
        ]
        assert ledger.count("entries") == ledger.count("outbox") == ledger.count("fresh") == 0
        assert ledger.count("audit") == notes


def test_a_file_that_cannot_be_read_leaves_nothing(ledger):
    for text in (b"", b"\xff\xff", b"PK\x03\x04\0\0", b"date,account,amount\nx,1,1\n"):
        answer = send(ledger, text)
        assert answer.status_code == 422
        assert answer.json["type"] == "/problems/ledger/entries-unreadable"
    assert nothing(ledger)


def test_more_entries_than_go_at_once_are_posted_together(ledger):
    rows = [f"{n},2026-03-01,Sale {n},1200,1.00,\n{n},,,4000,,1.00\n" for n in range(1_500)]
    answer = send(ledger, "entry,date,description,account,debit,credit\n" + "".join(rows))

    assert answer.status_code == 200, answer.json
    assert ledger.count("entries") == 1_500
    assert ledger.balances() == {"1200": 150_000, "4000": -150_000}


def test_who_may_not_post_imports_nothing_and_others_see_nothing(ledger):
    ours = ledger.caller
    ledger.caller = replace(ours, permissions=frozenset(May) - {May.ENTRY_POST})
    assert send(ledger, BOOKS).status_code == 403
    ledger.caller = replace(ours, organization_id=uuid4())
    assert send(ledger, BOOKS).status_code == 422  # the accounts are not theirs
    assert nothing(ledger)
