"""What wallets hold, and what moves it, through the front door."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from nexafi.payments.wallets.problems import NotEnough
from tests.payments.conftest import money


def problem(answer) -> tuple[int, str]:
    return answer.status_code, answer.json["type"].rpartition("/")[2]


def test_a_payment_leaves_the_wallet_and_tells_the_ledger(wallets):
    wallet = wallets.open("50.00")

    paid = wallets.pay(wallet, "20.00")

    assert (paid.status_code, paid.json["amount"]) == (201, money("20.00"))
    assert wallets.balances(wallet) == {"EUR": ("30.00", "30.00", "0.00")}
    assert wallets.entries(wallet) == [("top_up", "50.00"), ("payment", "-20.00")]
    assert wallets.kinds() == ["wallet_top_up", "wallet_payment"]
    assert wallets.are_right()


def test_more_than_is_there_is_refused_and_leaves_nothing(wallets):
    wallet = wallets.open("50.00")

    refused = wallets.pay(wallet, "50.01")

    assert problem(refused) == (422, "not-enough")
    assert refused.json["available"] == money("50.00")
    assert wallets.balances(wallet) == {"EUR": ("50.00", "50.00", "0.00")}
    assert wallets.payments.count("wallet_payments") == 0
    assert wallets.kinds() == ["wallet_top_up"]


def test_a_payment_is_given_back_in_parts_and_never_more_than_was_paid(wallets):
    wallet = wallets.open("50.00")
    paid = wallets.pay(wallet, "20.00").json
    at = f"payments/{paid['id']}/refunds"

    part = wallets.do(wallet, at, {"amount": money("5.00")})
    assert (part.status_code, part.json["refunded"]) == (200, money("5.00"))
    assert problem(wallets.do(wallet, at, {"amount": money("15.01")})) == (422, "too-much")
    assert wallets.do(wallet, at).json["refunded"] == money("20.00")

    assert wallets.balances(wallet) == {"EUR": ("50.00", "50.00", "0.00")}
    assert wallets.kinds() == ["wallet_top_up", "wallet_payment", "wallet_refund", "wallet_refund"]


def test_a_transfer_takes_from_one_what_the_other_is_given(wallets):
    one, two = wallets.open("50.00"), wallets.open()

    moved = wallets.do(one, "transfers", {"to": two, "amount": money("12.34")})

    assert moved.status_code == 201
    assert wallets.balances(one) == {"EUR": ("37.66", "37.66", "0.00")}
    assert wallets.balances(two) == {"EUR": ("12.34", "12.34", "0.00")}
    assert wallets.kinds() == ["wallet_top_up", "wallet_transfer"]
    to_itself = wallets.do(one, "transfers", {"to": one, "amount": money("1.00")})
    assert problem(to_itself) == (422, "same-wallet")
    unknown = wallets.do(one, "transfers", {"to": wallets.payments.caller.organization_id,
                                            "amount": money("1.00")})  # fmt: skip
    assert problem(unknown) == (404, "wallet-not-found")
    assert wallets.balances(one) == {"EUR": ("37.66", "37.66", "0.00")}


def test_what_is_held_cannot_be_used_until_it_is_let_go(wallets):
    wallet = wallets.open("50.00")
    hold = wallets.do(wallet, "holds", {"amount": money("30.00")}).json

    assert wallets.balances(wallet) == {"EUR": ("50.00", "20.00", "0.00")}
    assert problem(wallets.pay(wallet, "20.01")) == (422, "not-enough")
    assert problem(wallets.do(wallet, "holds", {"amount": money("20.01")})) == (422, "not-enough")
    released = wallets.do(wallet, f"holds/{hold['id']}/release")

    assert released.json["state"] == "released"
    assert wallets.balances(wallet) == {"EUR": ("50.00", "50.00", "0.00")}
    again = wallets.do(wallet, f"holds/{hold['id']}/release")
    assert problem(again) == (409, "hold-ended")
    assert wallets.are_right()


def test_a_hold_is_captured_in_parts_into_a_payment_and_a_transfer(wallets):
    wallet, other = wallets.open("50.00"), wallets.open()
    hold = wallets.do(wallet, "holds", {"amount": money("30.00")}).json
    at = f"holds/{hold['id']}/capture"

    first = wallets.do(wallet, at, {"amount": money("10.00"), "final": False})
    assert (first.json["state"], first.json["left"]) == ("active", money("20.00"))
    assert problem(wallets.do(wallet, at, {"amount": money("20.01")})) == (422, "too-much")
    last = wallets.do(wallet, at, {"amount": money("15.00"), "to": other})

    assert (last.json["state"], last.json["released"]) == ("captured", money("5.00"))
    assert wallets.balances(wallet) == {"EUR": ("25.00", "25.00", "0.00")}
    assert wallets.balances(other) == {"EUR": ("15.00", "15.00", "0.00")}
    assert wallets.kinds() == ["wallet_top_up", "wallet_payment", "wallet_transfer"]
    assert wallets.are_right()


def test_a_hold_ends_by_itself_when_its_time_is_over(wallets):
    wallet = wallets.open("50.00")
    ends = (wallets.payments.clock() + timedelta(minutes=10)).isoformat()
    hold = wallets.do(wallet, "holds", {"amount": money("30.00"), "expires_at": ends}).json

    wallets.payments.work_on(after=timedelta(minutes=9))
    assert wallets.balances(wallet) == {"EUR": ("50.00", "20.00", "0.00")}
    wallets.payments.work_on(after=timedelta(minutes=1))

    assert wallets.balances(wallet) == {"EUR": ("50.00", "50.00", "0.00")}
    found = wallets.payments.get(f"/wallets/{wallet}/holds/{hold['id']}")
    assert (found["state"], found["released"]) == ("expired", money("30.00"))


def test_a_withdrawal_is_reserved_at_once_and_booked_when_it_was_sent(wallets):
    wallet = wallets.open("50.00")
    body = {
        "amount": money("40.00"),
        "destination": {"name": "Grace", "iban": "DE89 3704 0044 0532 0130 00"},
    }

    asked = wallets.do(wallet, "withdrawals", body).json
    assert asked["state"] == "requested"
    assert wallets.balances(wallet) == {"EUR": ("50.00", "10.00", "0.00")}
    own = wallets.do(wallet, f"holds/{asked['hold']}/release")
    assert problem(own) == (409, "hold-reserved")
    sent = wallets.do(wallet, f"withdrawals/{asked['id']}/paid", {"reference": "SEPA-1"})

    assert (sent.status_code, sent.json["state"]) == (200, "paid")
    assert wallets.balances(wallet) == {"EUR": ("10.00", "10.00", "0.00")}
    assert wallets.kinds() == ["wallet_top_up", "wallet_withdrawal"]
    late = wallets.do(wallet, f"withdrawals/{asked['id']}/failed")
    assert problem(late) == (409, "withdrawal-ended")
    assert wallets.are_right()


def test_a_withdrawal_that_fails_can_be_used_again(wallets):
    wallet = wallets.open("50.00")
    body = {"amount": money("40.00"), "destination": {"name": "Grace", "account": "paypal:grace"}}
    asked = wallets.do(wallet, "withdrawals", body).json

    failed = wallets.do(wallet, f"withdrawals/{asked['id']}/failed", {"reason": "account closed"})

    assert (failed.json["state"], failed.json["reason"]) == ("failed", "account closed")
    assert wallets.balances(wallet) == {"EUR": ("50.00", "50.00", "0.00")}
    assert wallets.kinds() == ["wallet_top_up"]


@pytest.mark.parametrize(
    "destination",
    [
        {"name": "Grace"},
        {"name": "Grace", "iban": "DE88370400440532013000"},
        {"name": "Grace", "account": "4242 4242 4242 4242"},
    ],
    ids=["nowhere", "wrong check digits", "a card number"],
)
def test_a_withdrawal_to_nowhere_is_refused(wallets, destination):
    wallet = wallets.open("50.00")

    refused = wallets.do(
        wallet, "withdrawals", {"amount": money("1.00"), "destination": destination}
    )

    assert refused.status_code == 422
    assert wallets.balances(wallet) == {"EUR": ("50.00", "50.00", "0.00")}
    assert wallets.payments.count("wallet_withdrawals") == 0


def test_an_exchange_is_done_once_at_the_rate_of_its_quote(wallets):
    wallet = wallets.open("50.00")
    wallets.rate("USD", "0.80")
    quote = wallets.do(wallet, "quotes", {"amount": money("40.00"), "to": "USD"}).json
    assert (quote["takes"], quote["rate"]) == (money("50.00", "USD"), "1.25")

    done = wallets.do(wallet, "exchanges", {"quote": quote["id"]})

    assert done.status_code == 201
    assert wallets.balances(wallet) == {
        "EUR": ("10.00", "10.00", "0.00"),
        "USD": ("50.00", "50.00", "0.00"),
    }
    moved = wallets.payments.moved()[-1]
    assert (moved["kind"], moved["against"], moved["against_worth"]) == (
        "wallet_exchange", money("50.00", "USD"), money("40.00"),
    )  # fmt: skip
    again = wallets.do(wallet, "exchanges", {"quote": quote["id"]})
    assert problem(again) == (409, "quote-spent")
    assert wallets.are_right()


def test_a_quote_that_is_too_old_or_between_unknown_currencies_is_refused(wallets):
    wallet = wallets.open("50.00")
    unknown = wallets.do(wallet, "quotes", {"amount": money("40.00"), "to": "USD"})
    assert problem(unknown) == (422, "rate-unknown")
    same = wallets.do(wallet, "quotes", {"amount": money("40.00"), "to": "EUR"})
    assert problem(same) == (422, "same-wallet")
    assert wallets.do(wallet, "quotes", {"amount": money("1.00"), "to": "XQZ"}).status_code == 422
    wallets.rate("USD", "0.80")
    quote = wallets.do(wallet, "quotes", {"amount": money("40.00"), "to": "USD"}).json
    wallets.payments.clock.pass_by(timedelta(minutes=5))

    late = wallets.do(wallet, "exchanges", {"quote": quote["id"]})

    assert problem(late) == (409, "quote-spent")
    assert wallets.balances(wallet) == {"EUR": ("50.00", "50.00", "0.00")}


def test_a_frozen_wallet_moves_nothing_and_one_with_money_is_not_closed(wallets):
    wallet, other = wallets.open("50.00"), wallets.open("5.00")
    assert wallets.do(wallet, "freeze", {"reason": "lost phone"}).json["state"] == "frozen"

    assert problem(wallets.pay(wallet, "1.00")) == (409, "wrong-wallet-state")
    into = wallets.do(other, "transfers", {"to": wallet, "amount": money("1.00")})
    assert problem(into) == (409, "wrong-wallet-state")
    top_up = {"amount": money("1.00"), "payment_method": "sandbox_visa"}
    assert problem(wallets.do(wallet, "top-ups", top_up)) == (409, "wrong-wallet-state")
    assert problem(wallets.do(wallet, "close")) == (409, "wallet-not-empty")
    assert wallets.payments.count("charges") == 2

    assert wallets.do(wallet, "open").json["state"] == "open"
    assert wallets.pay(wallet, "50.00").status_code == 201
    assert wallets.do(wallet, "close").json["state"] == "closed"
    assert problem(wallets.do(wallet, "top-ups", top_up)) == (409, "wallet-closed")


def test_limits_of_all_hold_until_a_wallet_has_its_own(wallets):
    wallet = wallets.open("50.00")
    limits = {"transaction": money("20.00"), "day": money("30.00"), "balance": money("60.00")}
    put = wallets.payments.client.put("/api/v1/payments/wallets/limits/EUR", json=limits)
    assert put.status_code == 200, put.json

    assert problem(wallets.pay(wallet, "20.01")) == (422, "limit-exceeded")
    assert wallets.pay(wallet, "20.00").status_code == 201
    day = wallets.pay(wallet, "10.01")
    assert (problem(day), day.json["limit"]) == ((422, "limit-exceeded"), "day")
    held = wallets.do(wallet, "holds", {"amount": money("10.00")})
    assert held.status_code == 201
    assert problem(wallets.pay(wallet, "0.01")) == (422, "limit-exceeded")
    wallets.do(wallet, f"holds/{held.json['id']}/release")
    body = {"amount": money("20.00"), "payment_method": "sandbox_visa"}
    assert wallets.do(wallet, "top-ups", body).status_code == 201
    full = wallets.do(wallet, "top-ups", body)
    assert (problem(full), full.json["limit"]) == ((422, "limit-exceeded"), "balance")

    at = f"/api/v1/payments/wallets/{wallet}/limits/EUR"
    assert wallets.payments.client.put(at, json={}).status_code == 200
    assert wallets.pay(wallet, "50.00").status_code == 201
    other = wallets.payments.client.put(at, json={"day": money("1.00", "USD")})
    assert problem(other) == (422, "other-currency")


def test_a_statement_goes_from_its_opening_to_its_closing_balance(wallets):
    wallet = wallets.open("50.00")
    wallets.payments.clock.pass_by(timedelta(days=3))
    wallets.pay(wallet, "20.00")
    at = f"/wallets/{wallet}/statement?currency=EUR"

    drawn = wallets.payments.get(f"{at}&from=2026-04-02&to=2026-04-30")

    assert (drawn["opening"], drawn["went_out"], drawn["closing"]) == (
        money("50.00"), money("20.00"), money("30.00"),
    )  # fmt: skip
    assert [each["number"] for each in drawn["entries"]] == [2]
    for kind, start in (("csv", b"row,Date"), ("pdf", b"%PDF"), ("xlsx", b"PK")):
        answer = wallets.payments.client.get(
            f"/api/v1/payments{at}&from=2026-03-01&to=2026-04-30&format={kind}"
        )
        assert answer.status_code == 200
        assert answer.data.lstrip(b"\xef\xbb\xbf").startswith(start), answer.data[:20]
    wrong = wallets.payments.client.get(f"/api/v1/payments{at}&from=2026-04-30&to=2026-04-01")
    assert problem(wrong) == (422, "span-unfit")


def test_a_request_that_is_sent_again_moves_nothing_again(wallets, key):
    wallet = wallets.open("50.00")
    body = {"amount": money("20.00")}

    first = wallets.do(wallet, "payments", body, key=key)
    again = wallets.do(wallet, "payments", body, key=key)

    assert first.json == again.json
    assert wallets.balances(wallet) == {"EUR": ("30.00", "30.00", "0.00")}


@pytest.mark.parametrize(
    "deed",
    [
        "UPDATE wallet_balances SET balance_minor = balance_minor + 1",
        "UPDATE wallet_balances SET balance_minor = -1, held_minor = -1",
        "UPDATE wallet_balances SET held_minor = balance_minor + 1",
        "UPDATE wallet_balances SET last_number = NULL",
        "UPDATE wallet_entries SET description = 'x'",
        "DELETE FROM wallet_entries",
    ],
)
def test_the_database_itself_refuses_a_balance_that_is_not_the_sum(wallets, deed):
    wallet = wallets.open("50.00")

    database = wallets.payments.database
    with pytest.raises((DBAPIError, NotEnough)), database.work(wallets.payments.caller) as work:
        work.session.connection().execute(text(deed))

    assert wallets.balances(wallet) == {"EUR": ("50.00", "50.00", "0.00")}
