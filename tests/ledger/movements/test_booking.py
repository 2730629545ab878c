"""Money that moved stands in the books once: told thrice, at once, too late, to an empty chart."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from nexafi.contracts.payments.events import MovementKind
from nexafi.kernel.errors import Problem
from nexafi.kernel.values.money import Money
from nexafi.ledger.app import service
from nexafi.ledger.errors import MovementUnfit, RateUnknown
from nexafi.ledger.journal import actions as journal
from nexafi.ledger.tables import Account
from tests.ledger.movements.conftest import ENTRIES, EQUIPMENT, moved
from tests.ledger.periods.conftest import Closing

ACCOUNTS = "/api/v1/ledger/accounts"
POSTING = "/api/v1/ledger/posting-accounts"
PERIODS = "/api/v1/ledger/periods"
MONTH = ("2026-03-01", "2026-03-31")


def test_a_capture_and_its_refund_leave_the_fee(told):
    told.tell(
        moved("capture", "100.00", fee="3.20", references={"charge": "ch_1"}),
        moved("refund", "100.00", references={"charge": "ch_1"}),
    )

    assert told.sums() == {"1050": -320, "6100": 320}
    first, _ = told.entries()
    assert first["journal"] == "payments"
    assert first["description"] == "Payment received (Stripe)"
    assert first["reference"] == "ch_1"
    assert first["posted_by"] == "event:payments.money_moved"
    assert told.ledger.count("accounts") == 4, "the chart had all that it takes"


def test_a_movement_that_is_told_three_times_is_booked_once(told):
    event = moved("capture", "100.00", fee="3.20")
    told.tell(event, event, event)

    entry_id = told.entry_of(event)
    assert [(each.movement_id, each.entry_id) for each in told.booked()] == [
        (event.movement_id, entry_id)
    ] * 3
    assert [told.ledger.count(table) for table in ("entries", "lines")] == [1, 3]
    assert told.sums() == {"1050": 9_680, "1200": -10_000, "6100": 320}


def test_the_same_news_twice_is_heard_once(told):
    envelope = told.envelope(moved("fee", "1.00"))
    heard = [
        service.subscriptions.deliver(told.ledger.database, EQUIPMENT, envelope) for _ in range(2)
    ]
    assert heard == [True, False]
    assert len(told.booked()) == told.ledger.count("entries") == 1


def test_movements_told_by_many_at_once_are_booked_once_and_make_each_account_once(told_first):
    told = told_first
    events = [moved(kind, "10.00") for kind in MovementKind]
    crowd = 8
    start = threading.Barrier(crowd)

    def tell(place: int) -> None:
        start.wait(20)
        for event in events[place:] + events[:place]:
            told.tell(event)

    with ThreadPoolExecutor(crowd) as threads:
        list(threads.map(tell, range(crowd)))

    assert told.ledger.count("entries") == len(events)
    booked = {(each.movement_id, each.entry_id) for each in told.booked()}
    assert booked == {(event.movement_id, told.entry_of(event)) for event in events}
    assert len(told.booked()) == crowd * len(events)
    with told.ledger.database.work(told.ledger.caller) as work:
        names = list(work.session.scalars(select(Account.name)))
    assert len(names) == len(set(names)) == told.ledger.count("posting_accounts")
    assert sum(told.ledger.sums().values()) == 0


def test_an_empty_chart_gets_the_accounts_it_lacks(told_first):
    told = told_first
    told.tell(moved("capture", "100.00", fee="3.20"), moved("settlement", "96.80"))

    assert told.lines() == [
        "1050 96.80 EUR",
        "1200 -100.00 EUR",
        "6100 3.20 EUR",
        "1052 96.80 EUR",
        "1050 -96.80 EUR",
    ]
    chart = told.ledger.client.get(ACCOUNTS).json["items"]
    assert [(each["code"], each["name"], each["type"], each["subtype"]) for each in chart] == [
        ("1050", "Payment provider clearing", "asset", "other_current_asset"),
        ("1052", "Cash in transit", "asset", "cash"),
        ("1200", "Accounts receivable", "asset", "receivable"),
        ("6100", "Payment provider fees", "expense", "operating"),
    ]


def test_a_role_keeps_its_account_however_the_chart_grows(told):
    told.tell(moved("capture", "10.00"))
    for code, name in (("1000", "Card clearing"), ("1100", "Debtors")):
        body = {"code": code, "name": name, "type": "asset"}
        assert told.ledger.client.post(ACCOUNTS, json=body).status_code == 201
    told.tell(moved("capture", "5.00"))

    assert told.sums() == {"1050": 1_500, "1200": -1_500}


def test_what_was_set_for_a_provider_comes_before_what_was_set_for_all(told):
    for code in ("1051", "1052"):
        body = {"code": code, "name": f"Money {code}", "type": "asset"}
        assert told.ledger.client.post(ACCOUNTS, json=body).status_code == 201
    assert told.ledger.client.put(f"{POSTING}/clearing", json={"account": "1051"}).json
    assert told.ledger.client.put(f"{POSTING}/clearing/paypal", json={"account": "1052"}).json

    told.tell(
        moved("capture", "1.00"),
        moved("capture", "2.00", provider="PayPal"),
        moved("capture", "3.00", provider=""),
    )
    assert told.sums() == {"1051": 400, "1052": 200, "1200": -600}

    assert told.ledger.client.delete(f"{POSTING}/clearing").status_code == 204
    told.tell(moved("capture", "4.00"))
    assert told.sums() == {"1050": 400, "1051": 400, "1052": 200, "1200": -1_000}


def test_what_a_bank_moves_for_us_moves_on_the_bank_account(told):
    told.apply("us-small-company")
    told.tell(moved("payout", "50.00", provider="bank", fee="0.20"))

    assert told.lines() == ["2000 50.00 EUR", "1010 -50.20 EUR", "6100 0.20 EUR"]


def test_at_the_bank_means_the_bank_account_in_that_currency(told):
    told.apply("us-small-company")
    client = told.ledger.client
    for account, currency in (("1020", "EUR"), ("1030", "USD"), ("1040", "USD")):
        body = {"name": account, "currency": currency, "account": account}
        assert client.post("/api/v1/ledger/bank-accounts", json=body).status_code == 201
    worth = {"worth": Money.of("0.90", "EUR"), "provider": "bank"}
    told.tell(
        moved("settlement_received", "1.00"),
        moved("payout", "2.00", provider="bank"),
        moved("payout", "1.00", "USD", **worth),
    )

    assert {code: minor for code, minor in told.sums().items() if code < "1050"} == {
        "1010": -100,  # there are two in dollars
        "1020": -100,
    }
    assert client.put(f"{POSTING}/bank", json={"account": "1040"}).status_code == 200
    told.tell(moved("settlement_received", "3.00"))
    assert told.sums()["1040"] == 300


def test_a_week_is_booked_as_the_guide_tells_it(told_first):
    told = told_first
    told.tell(
        moved("invoice", "100.00"),
        moved("capture", "100.00", fee="3.20"),
        moved("invoice", "50.00"),
        moved("capture", "50.00", fee="1.75"),
        moved("refund", "20.00"),
        moved("settlement", "125.05"),
        moved("settlement_received", "125.05"),
    )

    names = {each["code"]: each["name"] for each in told.ledger.client.get(ACCOUNTS).json["items"]}
    assert {names[code]: minor for code, minor in told.sums().items()} == {
        "Payment provider fees": 495,
        "Accounts receivable": 2_000,
        "Bank account": 12_505,
        "Sales": -15_000,
    }


def test_an_account_that_was_closed_or_is_of_another_currency_stops_nothing(told):
    client = told.ledger.client
    body = {"code": "1051", "name": "Dollar clearing", "type": "asset", "currency": "USD"}
    assert client.post(ACCOUNTS, json=body).status_code == 201
    assert client.put(f"{POSTING}/clearing", json={"account": "1051"}).status_code == 200
    [receivable] = client.get(ACCOUNTS, query_string={"code": "1200"}).json["items"]
    told.tell(moved("capture", "1.00"))
    assert client.post(f"{ACCOUNTS}/{receivable['id']}/close").status_code == 204

    told.tell(moved("capture", "2.00"))

    assert told.sums() == {"1050": 300, "1200": -100, "1201": -200}
    assert client.get(ACCOUNTS, query_string={"code": "1201"}).json["items"][0]["is_open"]


def test_a_closed_month_keeps_its_figures_and_the_movement_is_booked_the_day_after(told):
    closing = Closing(told.ledger)
    year = closing.call("POST", "", {"day": "2026-03-31", "split": "month"}).json["items"]
    march = next(each["id"] for each in year if each["ends_on"] == MONTH[1])
    april = next(each["id"] for each in year if each["ends_on"] == "2026-04-30")
    assert closing.close(march, mode="hard").status_code == 200
    assert closing.close(april, mode="soft").status_code == 200

    event = moved("capture", "10.00", description="Order 17")
    told.tell(event)

    [entry] = told.entries()
    assert entry["date"] == "2026-05-01"
    assert entry["description"] == "Payment received (Stripe): Order 17 (moved on 2026-03-31)"
    assert entry["tags"]["moved_on"] == "2026-03-31"
    assert told.booked()[0].movement_id == event.movement_id


def test_locked_books_take_a_movement_on_the_first_day_that_is_open(told):
    lock = {"date": "2026-06-30", "reason": "audited"}
    assert told.ledger.client.post(f"{PERIODS}/lock", json=lock).status_code in {200, 201}
    told.tell(moved("fee", "1.00"), moved("fee", "2.00", on=date(2026, 7, 1)))

    assert [entry["date"] for entry in told.entries()] == ["2026-07-01"] * 2
    assert ["moved_on" in entry["tags"] for entry in told.entries()] == [True, False]


def test_the_rate_is_that_of_the_day_on_which_it_moved(told):
    client = told.ledger.client
    for day, rate in (("2026-03-01", "0.90"), ("2026-04-01", "0.50")):
        body = {"currency": "USD", "date": day, "rate": rate}
        assert client.post("/api/v1/ledger/rates", json=body).status_code == 201
    assert client.post(f"{PERIODS}/lock", json={"date": "2026-04-30"}).status_code in {200, 201}

    told.tell(moved("capture", "10.00", "USD"))

    [entry] = told.entries()
    assert entry["date"] == "2026-05-01"
    assert [line["base"]["amount"] for line in entry["lines"]] == ["9.00", "-9.00"]


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        (moved("capture", "10.00", "USD"), RateUnknown),
        (moved("capture", "0.00"), MovementUnfit),
        (moved("capture", "10.00", "USD", worth=Money.of("9.00", "GBP")), MovementUnfit),
    ],
)
def test_what_cannot_be_booked_yet_leaves_nothing_and_is_told_again(told_first, event, problem):
    told = told_first
    with pytest.raises(problem):
        told.tell(event)

    tables = ("entries", "lines", "accounts", "posting_accounts", "inbox", "outbox", "audit")
    assert {table: told.ledger.count(table) for table in tables} == dict.fromkeys(tables, 0)


def test_once_the_rate_is_known_the_same_news_is_booked(told):
    envelope = told.envelope(moved("capture", "10.00", "USD"))
    database = told.ledger.database
    with pytest.raises(Problem):
        service.subscriptions.deliver(database, EQUIPMENT, envelope)
    body = {"currency": "USD", "date": "2026-03-31", "rate": "0.90"}
    assert told.ledger.client.post("/api/v1/ledger/rates", json=body).status_code == 201

    assert service.subscriptions.deliver(database, EQUIPMENT, envelope)
    assert told.lines() == ["1050 10.00 USD", "1200 -10.00 USD"]


def test_an_entry_that_was_taken_back_is_not_booked_again(told):
    event = moved("capture", "10.00")
    told.tell(event)
    reversal = {"date": "2026-03-31", "reason": "not ours"}
    path = f"{ENTRIES}/{told.entry_of(event)}/reverse"
    assert told.ledger.client.post(path, json=reversal).status_code == 201

    told.tell(event)

    assert told.sums() == {}
    assert {each.entry_id for each in told.booked()} == {told.entry_of(event)}


def test_clearing_comes_to_zero_when_all_was_paid_out_and_in_dollars_too(told):
    told.tell(
        moved("capture", "100.00", "USD", fee="3.00", worth=Money.of("90.00", "EUR")),
        moved(
            "settlement",
            "89.00",
            against=Money.of("97.00", "USD"),
            against_worth=Money.of("87.30", "EUR"),
            on=date(2026, 4, 2),
        ),
        moved("settlement_received", "89.00", on=date(2026, 4, 2) + timedelta(days=1)),
    )

    standing = {}
    with told.ledger.database.work(told.ledger.caller) as work:
        for each in journal.queries.sums_of_lines(work):
            standing[each.code, each.currency] = (each.minor, each.base_minor)
    assert standing == {
        ("1000", "EUR"): (8_900, 8_900),
        ("1200", "USD"): (-10_000, -9_000),
        ("4920", "EUR"): (-170, -170),
        ("6100", "USD"): (300, 270),
    }
