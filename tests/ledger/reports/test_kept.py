"""A statement that is kept is never older than the books, whatever changed in them and where."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

from flask.testing import FlaskClient

from nexafi.kernel.shared.cache import Cache
from nexafi.kernel.shared.link import Link, RedisAt
from nexafi.kernel.trust.secrets import Secret
from nexafi.ledger.app import service
from nexafi.ledger.tables import Account, Period
from tests.conftest import on_sqlite
from tests.ledger.reports.conftest import REPORTS, Books
from tests.redises import needs_server, private

SECRET = Secret(b"a secret of these tests: 32 bytes")
QUESTIONS = [
    ("trial-balance", {"as_of": "2026-12-31"}),
    ("trial-balance", {"as_of": "2026-12-31", "compare": "previous_year"}),
    ("income-statement", {"from": "2026-01-01", "to": "2026-12-31"}),
    ("balance-sheet", {"as_of": "2026-12-31"}),
    ("balance-sheet", {"as_of": "2026-12-31", "known_at": "2030-01-01T00:00:00Z"}),
    ("cash", {"from": "2026-01-01", "to": "2026-12-31"}),
]


def client(books: Books, cache: Cache) -> FlaskClient:
    """Return a process of the ledger that keeps reports in *cache*."""
    return service.equip(cache).app(books.database, lambda: books.caller).test_client()


def reports(asked: FlaskClient) -> list[bytes]:
    answers = [asked.get(f"{REPORTS}/{name}", query_string=query) for name, query in QUESTIONS]
    assert [each.status_code for each in answers] == [200] * len(QUESTIONS), answers[0].text
    assert {each.content_type for each in answers} == {"application/json"}
    return [each.data for each in answers]


def change(books: Books, code: str, **values: object) -> None:
    with books.database.work(books.caller) as work:
        account = next(each for each in work.session.query(Account).all() if each.code == code)
        for name, value in values.items():
            setattr(account, name, value)


def declare(books: Books) -> None:
    with books.database.work(books.caller) as work:
        day = dt.date(2026, 4, 1)
        work.session.add(
            Period(name="short", kind="year", starts_on=day, ends_on=dt.date(2026, 12, 31))
        )


CHANGES: list[tuple[str, Callable[[Books], object]]] = [
    ("posted", lambda it: it.enter("2026-05-01", {"1000": 700, "4000": -700})),
    ("sealed", lambda it: it.seal()),
    ("posted in another year", lambda it: it.enter("2025-05-01", {"1000": 5, "4000": -5})),
    ("sealed again", lambda it: it.seal()),
    ("an account renamed", lambda it: change(it, "4000", name="Turnover")),
    ("an account is cash no more", lambda it: change(it, "1000", subtype=None)),
    ("an account moved", lambda it: change(it, "4010", parent_id=None)),
    ("a fiscal year declared", declare),
]


def test_after_any_change_of_the_books_what_is_shown_is_what_is_drawn_anew(year: Books):
    kept = Cache()
    asked, anew = client(year, kept), client(year, Cache(bytes_max=0))
    shown = reports(asked)
    for what, do in CHANGES:
        made_before = kept.counts["report", "made"]
        assert reports(asked) == shown, "the same books, the same reports"
        assert kept.counts["report", "made"] == made_before, f"kept before: {what}"

        do(year)

        shown = reports(asked)
        assert shown == reports(anew), what
        assert kept.counts["report", "made"] > made_before, what


def test_another_organization_is_never_shown_what_is_kept(year: Books):
    asked = client(year, Cache())
    ours = reports(asked)
    caller, other = year.caller, uuid4()

    year.caller = replace(
        caller, organization_id=other, home=replace(caller.home, id=other, name="Others")
    )
    theirs = reports(asked)
    year.caller = caller

    assert all(one != another for one, another in zip(ours, theirs, strict=True))
    assert reports(asked) == ours


def test_a_file_and_a_refusal_are_not_kept(year: Books):
    kept = Cache()
    asked = client(year, kept)
    place = f"{REPORTS}/balance-sheet"

    for _ in range(2):
        assert asked.get(place, query_string={"format": "csv"}).status_code == 200
        assert asked.get(place, query_string={"change": "true"}).status_code == 422
    assert (kept.counts, len(kept)) == ({}, 0)


@needs_server
def test_what_one_process_made_another_shows_until_either_posts(year: Books):
    with private() as server:

        def process() -> tuple[Cache, FlaskClient]:
            cache = Cache(Link(RedisAt(server.url(), timeout_s=1.0)), SECRET)
            return cache, client(year, cache)

        (_, first), (kept, second), (_, third) = process(), process(), process()
        anew = client(year, Cache(bytes_max=0))
        shown = reports(first)
        assert reports(second) == shown
        assert set(kept.counts) == {("report", "redis")}

        year.enter("2026-06-01", {"1000": 900, "4000": -900})
        assert reports(first) == reports(second) == reports(anew) != shown

        server.flush()
        assert reports(third) == reports(second)
        server.pause()
        year.enter("2026-06-02", {"1000": 1, "4000": -1})
        assert reports(second) == reports(anew)
        server.resume()


@on_sqlite
def test_while_others_post_nobody_is_shown_less_than_was_posted_before_they_asked(year: Books):
    cache, posted, stopped = Cache(), [0], threading.Event()
    failures: list[str] = []

    app = service.equip(cache).app(year.database, lambda: year.caller)

    def read() -> None:
        asked = app.test_client()
        while not stopped.is_set():
            least = posted[0]
            answer = asked.get(f"{REPORTS}/trial-balance", query_string={"as_of": "2026-12-31"})
            rows = {row["account"]: row["balance"]["amount"] for row in answer.json["rows"]}
            if round((float(rows["1000"]) - begin) * 100) < least:
                failures.append(f"{rows['1000']} after {least}")

    (row,) = [r for r in year.read("trial-balance", as_of="2026-12-31")["rows"]
              if r["account"] == "1000"]  # fmt: skip
    begin = float(row["balance"]["amount"])
    readers = [threading.Thread(target=read) for _ in range(3)]
    for each in readers:
        each.start()
    for n in range(40):
        year.enter("2026-07-01", {"1000": 1, "4000": -1})
        posted[0] = n + 1
        if n % 10 == 9:
            year.seal()
    stopped.set()
    for each in readers:
        each.join()

    assert failures == []
