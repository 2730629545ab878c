"""Analytics: what charges add up to is what one gets by adding them up."""

from __future__ import annotations

import datetime as dt
import io
from collections import defaultdict
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nexafi.kernel.values.ids import new_id
from nexafi.payments.analytics import rules
from nexafi.payments.analytics.rules import By, Every
from nexafi.payments.tables import Charge
from tests.payments.conftest import money

RATES = {"EUR": None, "USD": "0.92", "JPY": "0.00613", "KWD": "3.0251"}
MONTH = st.integers(0, 32 * 86400).map(
    lambda s: dt.datetime(2026, 3, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=s)
)


@st.composite
def charges(draw):
    state = draw(st.sampled_from(["captured", "failed", "authorized", "voided", "capturing"]))
    amount = draw(st.integers(1, 10**6))
    captured = amount if state == "captured" else 0
    refunded = draw(st.integers(0, captured))
    currency = draw(st.sampled_from(sorted(RATES)))
    return {
        "state": state,
        "currency": currency,
        "rate": RATES[currency],
        "amount_minor": amount,
        "authorized_minor": amount if state in {"captured", "authorized", "capturing"} else 0,
        "captured_minor": captured,
        "refunded_minor": refunded,
        "disputed_minor": draw(st.integers(0, captured - refunded)),
        "fee_minor": draw(st.integers(0, captured)),
        "provider": draw(st.sampled_from(["sandbox", "stripe"])),
        "method_kind": draw(st.sampled_from(["card", "sepa_debit"])),
        "country": draw(st.sampled_from([None, "DE", "US"])),
        "created_at": draw(MONTH),
    }


def keep(payments, made):
    plain = {"captures": True, "token": "t", "description": "", "details": {}}
    with payments.database.work(payments.caller) as work:
        for row in work.session.query(Charge).all():
            work.session.delete(row)
        work.session.add_all(Charge(id=new_id(), **plain, **each) for each in made)


def asked(payments, **query):
    given = {"from": "2026-03-01", "to": "2026-04-01", **query}
    words = "&".join(f"{name}={value}" for name, value in given.items() if value)
    return payments.get(f"/analytics?{words}")["groups"]


def brute(made, by, every, zone):
    """Add up charge by charge, as one would by hand."""
    names = {"provider": "provider", "method": "method_kind", "currency": "currency"}
    groups = defaultdict(list)
    for each in made:
        day = each["created_at"].astimezone(ZoneInfo(zone)).date()
        if not dt.date(2026, 3, 1) <= day <= dt.date(2026, 4, 1):
            continue
        first = {
            None: dt.date(2026, 3, 1),
            "day": day,
            "week": max(dt.date(2026, 3, 1), day - dt.timedelta(days=day.weekday())),
            "month": day.replace(day=1),
        }[every]
        keys = [each["country"] or "" if b == "country" else each[names[b]] for b in by]
        groups[first.isoformat(), *keys].append(each)
    return groups


def cents(each, name):
    exact = Decimal(each[name]) * Decimal(each["rate"] or 1)
    return exact.scaleb({"JPY": 2, "KWD": -1}.get(each["currency"], 0))


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(charges(), max_size=25),
    st.lists(st.sampled_from(["provider", "method", "country", "currency"]), unique=True),
    st.sampled_from([None, "day", "week", "month"]),
)
def test_sums_are_those_of_adding_up_by_hand(payments, made, by, every):
    keep(payments, made)

    found = asked(payments, by=",".join(by), every=every)

    told = {(each["from"], *(each[name] for name in by)): each for each in found}
    expected = brute(made, by, every, payments.caller.known.zone)
    assert told.keys() == expected.keys()
    for key, own in expected.items():
        group = told[key]
        captured = [each for each in own if each["captured_minor"]]
        failed = sum(each["state"] == "failed" for each in own)
        assert (group["charges"], group["captured"], group["failed"]) == (
            len(own), len(captured), failed,
        )  # fmt: skip
        ended = len(captured) + failed
        assert group["success_rate"] == (share(len(captured), ended) if ended else None)
        volume = sum((cents(each, "captured_minor") for each in own), Decimal(0))
        fees = sum((cents(each, "fee_minor") for each in own), Decimal(0))
        assert group["total"]["volume"] == money(whole(volume))
        assert group["total"]["fees"] == money(whole(fees))
        for one in group["by_currency"]:
            code = one["volume"]["currency"]
            mine = [each for each in own if each["currency"] == code]
            gone = ("refunded_minor", "disputed_minor", "fee_minor")
            net = sum(each["captured_minor"] - sum(each[n] for n in gone) for each in mine)
            places = {"JPY": 0, "KWD": 3}.get(code, 2)
            assert Decimal(one["net"]["amount"]) == Decimal(net).scaleb(-places)


def share(part, whole_):
    return str((Decimal(part) / whole_).quantize(Decimal("0.000001"), ROUND_HALF_EVEN))


def whole(exact):
    return f"{Decimal(int(exact.quantize(Decimal(1), ROUND_HALF_EVEN))).scaleb(-2):.2f}"


def test_rates_of_what_really_went_through(payments):
    charge = payments.charge(amount="100.00")
    payments.post(f"/charges/{charge['id']}/refunds", {"amount": money("25.00")})
    payments.charge("sandbox_declined")
    today = payments.caller.today.isoformat()

    (group,) = asked(payments, **{"from": today, "to": today})

    assert (group["charges"], group["success_rate"]) == (2, "0.500000")
    (eur,) = group["by_currency"]
    assert (eur["refund_rate"], eur["fee_rate"]) == ("0.250000", "0.032000")
    assert (eur["net"], eur["average"]) == (money("71.80"), money("100.00"))


def test_it_is_taken_along_as_csv_and_xlsx(payments):
    payments.charge(amount="100.00")
    today = payments.caller.today.isoformat()
    at = f"/api/v1/payments/analytics?from={today}&to={today}&by=provider&format="

    sheet = payments.client.get(f"{at}csv")
    head, row = sheet.get_data(as_text=True).splitlines()
    assert head.startswith("row,from,provider,charges,")
    assert row.startswith(f"item,{today},sandbox,1,1,1,0,0,0,100.00,0.00,0.00,3.20,96.80,100.00,")
    book = openpyxl.load_workbook(io.BytesIO(payments.client.get(f"{at}xlsx").data))
    cells = [cell.value for row in book.active.iter_rows() for cell in row]
    assert {"sandbox", 100, 3.2} <= set(cells)


@pytest.mark.parametrize(
    "query", ["from=2026-03-02&to=2026-03-01", "from=2026-03-01&to=2026-03-02&by=payer",
              "from=2020-01-01&to=2026-01-01&every=day"],
)  # fmt: skip
def test_what_has_no_answer_is_refused(payments, query):
    answer = payments.client.get(f"/api/v1/payments/analytics?{query}")

    assert (answer.status_code, answer.json["type"]) == (422, "/problems/payments/analytics-unfit")


@given(
    st.dates(dt.date(2020, 1, 1), dt.date(2030, 1, 1)), st.integers(0, 300), st.sampled_from(Every)
)
def test_spans_follow_each_other_without_a_gap(since, days, every):
    until = since + dt.timedelta(days=days)

    spans = list(rules.spans(since, until, every))

    assert spans[0][0] == since
    assert spans[-1][1] == until + dt.timedelta(days=1)
    assert all(before[1] == after[0] for before, after in pairwise(spans))
    assert {by.value for by in By} == {"provider", "method", "country", "currency"}
