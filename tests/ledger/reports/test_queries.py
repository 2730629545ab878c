"""Sums from folded months equal sums of the lines, whatever is asked for."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random

import pytest

from nexafi.kernel.values.money import Money
from nexafi.ledger.journal.rules import Draft, Leg
from nexafi.ledger.reports import draw, queries
from nexafi.ledger.reports.draw import Asked
from nexafi.ledger.reports.queries import Scope
from nexafi.ledger.reports.rules import Span
from tests.ledger.reports.conftest import CODES, Books

FIRST = date(2024, 11, 20)
DAYS = 500
EUROS = [code for code in CODES if code != "1010"]
Known = tuple[Draft, datetime]


def seeded(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - chance, not secrecy


def some_entries(chance: Random, count: int) -> list[Draft]:
    return [
        Draft(
            FIRST + timedelta(chance.randrange(DAYS)),
            "Entry",
            _legs(chance),
            kind="closing" if chance.random() < 0.05 else "standard",
            tags=chance.choice([{}, {"team": "a"}, {"team": "b"}, {"other": "a"}]),
        )
        for _ in range(count)
    ]


def _legs(chance: Random) -> tuple[Leg, ...]:
    minors = [
        chance.choice([-1, 1]) * chance.randrange(1, 10**6) for _ in range(chance.choice([1, 2, 3]))
    ]
    legs = [Leg(chance.choice(EUROS), Money(minor, "EUR")) for minor in minors]
    rest = -sum(minors) or 1
    if sum(minors) == 0:
        legs.append(Leg(EUROS[0], Money(-1, "EUR")))
    return (*legs, Leg(chance.choice(EUROS), Money(rest, "EUR")))


def count_anew(known: list[Known], span: Span, scope: Scope) -> dict[str, int]:
    """Sum line by line, in Python: the judge."""
    found: dict[str, int] = {}
    for draft, at in known:
        if not (span.starts_on or date.min) <= draft.date <= span.ends_on:
            continue
        if scope.known_at is not None and at > scope.known_at:
            continue
        if not scope.with_closing and draft.kind == "closing":
            continue
        if span.tag is not None and draft.tags.get(span.tag[0]) != span.tag[1]:
            continue
        for leg in draft.legs:
            found[leg.account] = found.get(leg.account, 0) + leg.amount.minor
    return {code: minor for code, minor in found.items() if minor}


def fill(books: Books, chance: Random) -> list[Known]:
    """Post entries at three moments, and fold what came by the first two."""
    known: list[Known] = []
    for n in range(3):
        now = books.caller.now + timedelta(hours=n)
        drafts = some_entries(chance, 60)
        books.enter_all(drafts, now)
        known += [(draft, now) for draft in drafts]
        if n < 2:
            books.seal()
    return known


@pytest.mark.parametrize("seed", range(3))
def test_sums_equal_what_is_counted_anew(books, seed):
    chance = seeded(seed)
    known = fill(books, chance)

    with books.database.work(books.caller) as work:
        chart = queries.chart(work)
        for _ in range(150):
            one, two = sorted(FIRST + timedelta(chance.randrange(-40, DAYS + 40)) for _ in "ab")
            tag = chance.choice([None, None, ("team", "a"), ("team", None)])
            span = Span(two, chance.choice([None, one]), tag=tag)
            moment = chance.choice(
                [None, books.caller.now + timedelta(minutes=chance.randrange(-60, 200))]
            )
            closing = chance.random() < 0.5
            scope = queries.scope(work, known_at=moment, with_closing=closing)
            found = {
                c: minor for c, minor in queries.sums(work, chart, span, scope).items() if minor
            }
            assert found == count_anew(known, span, Scope(moment, closing)), (span, scope)


def test_a_line_knows_its_balance_wherever_its_page_begins(books):
    chance = seeded(7)
    known = fill(books, chance)
    asked = Asked(date(2025, 1, 10), date(2025, 12, 5))

    with books.database.work(books.caller) as work:
        whole = draw.ledger_page(work, asked, code=None, after=None, limit=10_000)
        found, after = [], None
        while True:
            page = draw.ledger_page(work, asked, code=None, after=after, limit=7)
            found += [(led.account.code, each) for led in page.ledgers for each in led.lines]
            if (after := page.next) is None:
                break

    assert found == [(led.account.code, each) for led in whole.ledgers for each in led.lines]
    assert len(found) > 100
    for ledger in whole.ledgers:
        through = count_anew(known, Span(asked.ends_on), Scope())
        assert ledger.closing.minor == through.get(ledger.account.code, 0)


def test_what_is_earned_in_a_year_is_what_equity_gains(books):
    """Nothing is paid in or out here, so equity moves by the result alone."""
    chance = seeded(3)
    legs = [(a, b) for a in ("1000", "1200", "2000") for b in ("4000", "4010", "5000", "6000")]
    drafts = []
    for _ in range(120):
        (one, two), minor = chance.choice(legs), chance.randrange(1, 10**6)
        day = date(2025, 1, 1) + timedelta(chance.randrange(365))
        drafts.append(
            Draft(day, "x", (Leg(one, Money(minor, "EUR")), Leg(two, Money(-minor, "EUR"))))
        )
    books.enter_all(drafts, books.caller.now)
    books.seal()

    sheet = {s["name"]: s["totals"] for s in books.read(
        "balance-sheet", as_of="2025-12-31", compare="previous_year")["sections"]}  # fmt: skip
    income = books.sections("income-statement", from_="2025-01-01", to="2025-12-31")
    assert sheet["Equity"][0]["amount"] == income["Net profit"][0]
    assert sheet["Equity"][1]["amount"] == "0.00"


def test_cash_moves_as_the_cash_accounts_do(books):
    chance = seeded(11)
    fill(books, chance)
    found = books.read("cash", from_="2024-11-01", to="2026-04-30")["sections"]
    closing = next(s["totals"][-1]["amount"] for s in found if s["name"] == "Closing balance")
    rows = books.read("trial-balance", as_of="2026-04-30")["rows"]

    assert closing == next(r["balance"]["amount"] for r in rows if r["account"] == "1000")
