"""Closing the books over HTTP, on both engines."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import pytest

from nexafi.contracts.ledger.permissions import LedgerPermission as May
from nexafi.kernel.values.money import Money
from nexafi.ledger.journal import actions
from nexafi.ledger.journal.rules import Draft, Leg
from nexafi.ledger.tables import Account
from tests.ledger.judges import HLEDGER, needs_hledger

REPORTS = "/api/v1/ledger/reports"


def test_a_year_is_added_with_its_months(books):
    answer = books.call("POST", "", {"day": "2026-05-05", "split": "month"})

    assert answer.status_code == 201
    year, *months = answer.json["items"]
    assert (year["kind"], year["name"]) == ("year", "2026")
    assert (year["starts_on"], year["ends_on"]) == ("2026-01-01", "2026-12-31")
    assert [each["name"] for each in months][:2] == ["January 2026", "February 2026"]
    assert {each["state"] for each in answer.json["items"]} == {"open"}
    assert len(months) == 12
    listed = books.call("GET", "", day="2026-02-28").json["items"]
    assert [each["name"] for each in listed] == ["2026", "February 2026"]


def test_today_says_which_year_when_nothing_else_does(books):
    books.ledger.caller = replace(
        books.ledger.caller, home=replace(books.ledger.caller.home, fiscal_year_start="04-01")
    )
    # at 02:30 UTC on 1 April it is still 31 March in New York
    assert books.call("POST", "", {}).json["items"][0]["name"] == "2025/26"


@pytest.mark.parametrize(
    "body",
    [
        {"day": "2026-06-01"},
        {"starts_on": "2026-12-31", "ends_on": "2027-01-31"},
        {"starts_on": "2025-07-01", "ends_on": "2026-01-01"},
    ],
)
def test_no_day_lies_in_two_years(books, body):
    books.year("2026-01-01", split="quarter")
    answer = books.call("POST", "", body)

    assert answer.status_code == 409
    assert answer.json["type"] == "/problems/ledger/period-taken"
    assert books.ledger.count("periods") == 5


def test_a_year_is_added_once_however_many_ask(books):
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(
                lambda _: books.call("POST", "", {"day": "2026-06-01", "split": "month"}), range(8)
            )
        )

    assert sorted(each.status_code for each in answers) == [201] + [409] * 7
    assert books.ledger.count("periods") == 13


def test_a_year_is_split_later_and_only_once(books):
    year = books.year("2026-01-01")
    first = books.call("POST", f"/{year}/split", {"into": "quarter"})
    again = books.call("POST", f"/{year}/split", {"into": "month"})

    assert [each["name"] for each in first.json["items"]] == [f"Q{n} 2026" for n in (1, 2, 3, 4)]
    assert again.status_code == 409
    assert books.ledger.count("periods") == 5


@pytest.mark.parametrize("sealed", [True, False], ids=["folded", "fresh"])
def test_closing_a_year_takes_its_result_to_equity(books, sealed):
    year = books.year("2025-06-01")
    if sealed:
        books.ledger.seal()
    closed = books.close(year)

    assert closed.status_code == 200, closed.json
    assert closed.json["state"] == "closed"
    [entry] = books.entries()
    assert entry["id"] == closed.json["closing_entry_id"]
    assert (entry["date"], entry["journal"]) == ("2025-12-31", "closing")
    moved = {line["account"]: line["amount"]["amount"] for line in entry["lines"]}
    assert moved == {"4000": "100.00", "6100": "-30.00", "3900": "-70.00"}
    assert books.ledger.balances() == {"1200": 7_700, "3900": -7_000, "4000": -700}
    assert books.post("2025-12-31").status_code == 409
    assert books.post("2026-01-01").status_code == 201


def test_closing_counts_what_is_folded_and_what_is_fresh_once(books):
    books.ledger.seal()
    books.ledger.post("""
        2025-12-30 Late sale
          1200   5.00
          4000
    """)
    books.close(books.year("2025-06-01"))

    [entry] = books.entries()
    assert entry["lines"][-1]["amount"]["amount"] == "-75.00"


def test_a_year_that_ends_within_a_month_is_cut_at_its_day(books):
    books.ledger.seal()
    year = books.year("2025-01-01", starts_on="2024-12-15", ends_on="2025-12-30")
    books.close(year)

    [entry] = books.entries()
    assert {line["account"]: line["amount"]["amount"] for line in entry["lines"]} == {
        "4000": "100.00",
        "3900": "-100.00",
    }
    assert books.post("2025-12-31").status_code == 201


def test_a_year_of_another_organization_is_not_counted(books):
    ledger = books.ledger
    ours = ledger.caller
    ledger.caller = replace(ours, organization_id=uuid4(), home=replace(ours.home, id=uuid4()))
    with ledger.database.work(ledger.caller) as work:
        for code, type_ in (("1200", "asset"), ("4000", "income")):
            work.session.add(Account(code=code, name=code, type=type_, normal_side="debit"))
    assert books.post("2025-05-05", "999.00").status_code == 201
    ledger.caller = ours

    books.close(books.year("2025-06-01"))
    [entry] = books.entries()
    assert entry["lines"][-1]["amount"]["amount"] == "-70.00"


def test_a_year_without_income_closes_without_an_entry(books):
    answer = books.close(books.year("2024-06-01"))

    assert answer.status_code == 200
    assert answer.json["closing_entry_id"] is None
    assert books.entries() == []


def test_the_account_for_the_result_can_be_named_and_must_be_equity(books):
    year = books.year("2025-06-01")
    for wrong, status in (("1200", 422), ("0000", 422)):
        answer = books.close(year, retained_earnings=wrong)
        assert answer.status_code == status
        assert books.state(year) == "open"
    assert books.close(year, retained_earnings="3900").status_code == 200


def test_without_an_account_for_the_result_nothing_is_closed(books):
    with books.ledger.database.work(books.ledger.caller) as work:
        [account] = [a for a in work.session.query(Account) if a.code == "3900"]
        account.subtype = "capital"
    year = books.year("2025-06-01")
    answer = books.close(year)

    assert answer.json["type"] == "/problems/ledger/account-missing"
    assert books.state(year) == "open"
    assert books.ledger.count("period_changes") == 0
    assert books.entries() == []


def test_earlier_years_are_closed_first(books):
    early, late = books.year("2025-06-01"), books.year("2026-06-01")
    refused = books.close(late)

    assert refused.status_code == 409
    assert refused.json["type"] == "/problems/ledger/earlier-year-open"
    assert books.entries() == []
    assert books.close(early).status_code == books.close(late).status_code == 200
    assert books.ledger.balances() == {"1200": 7_700, "3900": -7_700}


def test_what_lies_before_all_years_is_not_swept_into_one(books):
    year = books.year("2026-06-01")
    refused = books.close(year)

    assert refused.json["type"] == "/problems/ledger/earlier-year-open"
    assert sorted(refused.json["accounts"]) == ["4000", "6100"]
    assert books.state(year) == "open"


def test_opening_a_year_again_takes_the_closing_back(books):
    year = books.year("2025-06-01")
    books.close(year)
    opened = books.reopen(year)

    assert opened.status_code == 200, opened.json
    assert (opened.json["state"], opened.json["closing_entry_id"]) == ("open", None)
    closing, back = books.entries()
    assert (back["reverses"], back["date"]) == (closing["id"], "2025-12-31")
    assert closing["reversed_by"] == back["id"]
    assert books.ledger.balances() == {"1200": 7_700, "4000": -10_700, "6100": 3_000}

    assert books.post("2025-12-31", "11.00").status_code == 201
    books.close(year, reason="again")
    assert books.entries()[-1]["lines"][-1]["amount"]["amount"] == "-81.00"
    assert books.ledger.balances() == {"1200": 8_800, "3900": -8_100, "4000": -700}
    history = books.call("GET", f"/{year}/changes").json["items"]
    assert [(each["state"], each["reason"]) for each in history] == [
        ("closed", ""),
        ("open", "a late invoice"),
        ("closed", "again"),
    ]
    assert {each["changed_by"] for each in history} == {"ada@example.com"}


def test_reports_see_the_year_as_if_it_had_not_been_closed(books):
    def income() -> object:
        query = {"from": "2025-01-01", "to": "2025-12-31"}
        answer = books.ledger.client.get(f"{REPORTS}/income-statement", query_string=query)
        assert answer.status_code == 200, answer.json
        return answer.json["sections"]

    before = income()
    year = books.year("2025-06-01")
    books.close(year)
    assert income() == before
    books.reopen(year)
    assert income() == before


def test_a_closing_entry_is_taken_back_only_by_opening_the_year(books):
    year = books.year("2025-06-01")
    closing = books.close(year).json["closing_entry_id"]
    body = {"date": "2026-02-01", "reason": "by hand"}
    path = f"/api/v1/ledger/entries/{closing}/reverse"

    assert books.ledger.client.post(path, json=body).json["type"].endswith("/closing-entry")
    books.reopen(year)
    back = books.entries()[-1]["id"]
    path = f"/api/v1/ledger/entries/{back}/reverse"
    assert books.ledger.client.post(path, json=body).status_code == 409
    assert len(books.entries()) == 2


def test_a_year_that_was_never_closed_can_be_removed(books):
    year = books.year("2025-06-01", split="quarter")
    quarter = books.call("GET", "", kind="period").json["items"][0]["id"]
    books.close(quarter)
    books.reopen(quarter)

    for used in (year, quarter):
        refused = books.call("DELETE", f"/{used}")
        assert refused.json["type"] == "/problems/ledger/period-used"
    assert books.ledger.count("periods") == 5
    unused = books.year("2027-06-01", split="month")
    assert books.call("DELETE", f"/{unused}").status_code == 204
    assert books.ledger.count("periods") == 5


def test_a_later_year_is_opened_first(books):
    early, late = books.year("2025-06-01"), books.year("2026-06-01")
    books.close(early)
    books.close(late)
    refused = books.reopen(early)

    assert refused.json["type"] == "/problems/ledger/later-year-closed"
    assert books.state(early) == "closed"
    assert books.reopen(late).status_code == books.reopen(early).status_code == 200


def test_a_reason_is_needed_to_open_again(books):
    year = books.year("2025-06-01")
    books.close(year)

    for reason in ("", "  ", None):
        assert books.reopen(year, reason=reason).status_code == 422
    assert books.state(year) == "closed"


def test_a_year_closes_over_closed_months_a_lock_and_closed_accounts(books):
    year = books.year("2025-06-01", split="month")
    months = books.call("GET", "", kind="period", limit=200).json["items"]
    for month in months:
        assert books.close(month["id"]).status_code == 200
    books.call("POST", "/lock", {"date": "2025-12-31", "reason": "audited"})
    with books.ledger.database.work(books.ledger.caller) as work:
        for account in work.session.query(Account).where(Account.code.in_(["4000", "6100"])):
            account.is_open = False

    assert books.close(year).status_code == 200
    assert books.ledger.balances()["3900"] == -7_000
    assert {each["state"] for each in books.call("GET", "", limit=200).json["items"]} == {"closed"}
    assert books.call("GET", "/lock").json["date"] == "2025-12-31"
    held = books.call("GET", "/locks").json["items"]
    assert [each["date"] for each in held] == ["2025-12-31", "2025-12-30", "2025-12-31"]
    accounts = books.ledger.client.get("/api/v1/ledger/accounts", query_string={"is_open": "false"})
    assert [each["code"] for each in accounts.json["items"]] == ["4000", "6100"]

    assert books.reopen(year).status_code == 200
    assert books.call("GET", "/lock").json["date"] == "2025-12-31"
    assert books.post("2025-12-31").status_code in {409, 422}


def test_a_soft_close_lets_those_post_who_may(books):
    year = books.year("2025-06-01")
    soft = books.close(year, mode="soft")

    assert (soft.status_code, soft.json["state"]) == (200, "soft")
    assert books.entries() == []
    assert books.post("2025-06-01").status_code == 201

    all_but_one = frozenset(May) - {May.CLOSED_PERIOD_POST}
    books.ledger.caller = replace(books.ledger.caller, permissions=all_but_one)
    assert books.post("2025-06-01").json["type"] == "/problems/ledger/period-closed"
    # who may close may do so, though the closing entry goes to a day they may not post to
    assert books.close(year).status_code == 200
    assert books.reopen(year, mode="soft").json["state"] == "soft"
    assert books.post("2025-06-01").status_code == 409


def test_a_period_is_not_closed_twice(books):
    year = books.year("2025-06-01")
    books.close(year)
    again = books.close(year)

    assert again.status_code == 409
    assert again.json["type"] == "/problems/ledger/no-such-move"
    assert len(books.entries()) == 1


def test_sixteen_who_close_at_once_close_once(books):
    year = books.year("2025-06-01")
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: books.close(year), range(16)))

    assert sorted(each.status_code for each in answers) == [200] + [409] * 15
    assert len(books.entries()) == 1
    assert books.ledger.count("period_changes") == 1


def test_who_posts_while_a_year_is_closed_is_counted_or_refused(books):
    year = books.year("2025-06-01")

    def act(n: int) -> int:
        return (books.close(year) if n == 8 else books.post("2025-12-31")).status_code

    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(act, range(32)))

    assert set(statuses) <= {200, 201, 409}
    assert statuses.count(200) == 1
    posted = statuses.count(201)
    assert books.ledger.balances() == {
        "1200": 7_700 + 100 * posted,
        "3900": -7_000 - 100 * posted,
        "4000": -700,
    }


def test_the_lock_moves_back_only_with_a_reason(books):
    lock = lambda day, reason="": books.call("POST", "/lock", {"date": day, "reason": reason})  # noqa: E731

    assert books.call("GET", "/lock").json["date"] is None
    assert lock("2026-01-31").status_code == 200
    assert books.post("2026-01-31").status_code == 409
    assert books.post("2026-02-01").status_code == 201
    for day in ("2026-01-30", None):
        refused = lock(day)
        assert refused.json["type"] == "/problems/ledger/reason-missing"
    assert books.ledger.count("locks") == 1
    assert lock("2025-12-31", "a late invoice").json["date"] == "2025-12-31"
    assert books.post("2026-01-31").status_code == 201
    assert lock(None, "all anew").json["date"] is None
    assert books.post("2025-01-31").status_code == 201
    assert books.ledger.count("locks") == 3


def test_who_may_not_close_closes_nothing(books):
    year = books.year("2025-06-01")
    may = frozenset(May) - {May.PERIOD_CLOSE}
    books.ledger.caller = replace(books.ledger.caller, permissions=may)

    for answer in (
        books.close(year),
        books.reopen(year),
        books.call("POST", "", {"day": "2027-01-01"}),
        books.call("POST", "/lock", {"date": "2026-01-01"}),
    ):
        assert answer.status_code == 403
    assert books.state(year) == "open"
    assert books.ledger.count("locks") == 0


def test_another_organization_finds_no_period_of_ours(books):
    year = books.year("2025-06-01")
    books.ledger.caller = replace(books.ledger.caller, organization_id=uuid4())

    assert books.call("GET", "").json["items"] == []
    for answer in (
        books.call("GET", f"/{year}"),
        books.call("GET", f"/{year}/changes"),
        books.close(year),
        books.reopen(year),
        books.call("POST", f"/{year}/split", {"into": "month"}),
    ):
        assert answer.status_code == 404


@needs_hledger
def test_hledger_finds_the_same_result_and_nothing_left(books, tmp_path):
    ledger = books.ledger
    with ledger.database.work(ledger.caller) as work:
        for n in range(1, 40):
            euro, dollar = 100 * n + n % 7, 90 * n
            legs = (
                Leg("1200", Money(euro, "EUR")),
                Leg("6100", Money(dollar, "USD"), Money(80 * n, "EUR")),
                Leg("4000", Money(-dollar, "USD"), Money(-80 * n, "EUR")),
                Leg("4000", Money(-euro, "EUR")),
            )
            day = f"2025-{n % 12 + 1:02}-{n % 28 + 1:02}"
            draft = Draft(ledger.caller.today.fromisoformat(day), f"Sale {n}", legs)
            actions.post(work, draft)
    ledger.seal()
    ledger.post("""
        2025-11-11 Still fresh
          1200   12.34
          4000
    """)
    names = {"1200": "assets", "4000": "revenues", "6100": "expenses", "3900": "equity"}

    def judged(entries: list[dict], *, of: str) -> str:
        """Return what hledger says that the accounts *of* are worth in euro at the end of 2025."""
        text = "decimal-mark .\n"
        for entry in entries:
            text += f"\n{entry['date']} {entry['description']}\n"
            for line in entry["lines"]:
                amount = f"{line['base']['amount']} EUR"
                text += f"    {names[line['account']]}  {amount}\n"
        journal = tmp_path / "books.journal"
        journal.write_text(text)
        command = [
            HLEDGER,
            "-f",
            journal,
            "balance",
            "-e",
            "2026-01-01",
            "--format",
            "%(total)",
            of,
        ]
        run = subprocess.run(command, check=True, capture_output=True, text=True)
        return run.stdout.split()[-2] if run.stdout.split()[-1] == "EUR" else "0"

    standard = books.entries("standard")
    result = judged(standard, of="revenues|expenses")
    books.close(books.year("2025-06-01"))
    both = standard + books.entries()

    assert result == books.entries()[0]["lines"][-1]["amount"]["amount"]
    assert float(result) < -70
    assert judged(both, of="revenues") == judged(both, of="expenses") == "0"
    assert judged(both, of="equity") == result
