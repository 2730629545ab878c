"""Whatever is done in whatever order, the books stay right.

Hypothesis makes up sequences of what people do: they open accounts, post, take
back, close days, and err; the job seals in between. After each step the trial
balance is zero, the kept balances equal the lines, and both equal a model that
knows nothing but sums. `NEXAFI_TEST_SEQUENCES` says how many sequences
(10,000 for the proof that a release is given).
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from nexafi.kernel.values.money import Money
from nexafi.ledger.app import service
from nexafi.ledger.journal import queries
from tests.ledger.conftest import Ledger

SEQUENCES = int(os.environ.get("NEXAFI_TEST_SEQUENCES", "30"))
STEPS = 12
CODES = ["1000", "1100", "2000", "3000", "4000", "5000"]
TYPES = dict(
    zip(CODES, ["asset", "asset", "liability", "equity", "income", "expense"], strict=True)
)
FIRST = date(2026, 1, 1)
ENTRIES = "/api/v1/ledger/entries"

days = st.integers(0, 120).map(lambda n: FIRST + timedelta(days=n))
amounts = st.integers(-(10**6), 10**6).filter(bool)
foreign = st.sampled_from(["USD", "JPY", "BHD"])


def wire(minor: int, currency: str = "EUR") -> dict[str, str]:
    return {"amount": Money(minor, currency).text, "currency": currency}


class Books(RuleBasedStateMachine):
    """An organization of its own for each sequence, in one database."""

    ledger: Ledger
    """One for all sequences: to build the application takes longer than a sequence."""

    def __init__(self) -> None:
        super().__init__()
        organization_id, caller = uuid4(), self.ledger.caller
        home = replace(caller.home, id=organization_id)
        self.ledger.caller = replace(caller, organization_id=organization_id, home=home)
        self.client = self.ledger.client
        self.open: dict[str, str] = {}
        self.sums: Counter[tuple[str, str]] = Counter()
        self.posted: dict[str, list[tuple[str, str, int]]] = {}
        self.locked: date | None = None
        for code in CODES[:2]:
            self.open_account(code)

    # -- what people do -----------------------------------------------------------------------

    @rule(code=st.sampled_from(CODES))
    def open_account(self, code: str) -> None:
        body = {"code": code, "name": f"Account {code}", "type": TYPES[code]}
        answer = self.client.post("/api/v1/ledger/accounts", json=body)
        assert answer.status_code == (409 if code in self.open else 201), answer.json
        if code not in self.open:
            self.open[code] = answer.json["id"]

    @rule(day=days, minors=st.lists(amounts, min_size=1, max_size=4), data=st.data())
    def post(self, day: date, minors: list[int], data: st.DataObject) -> None:
        legs = [(data.draw(st.sampled_from(CODES)), "EUR", each) for each in minors]
        if rest := -sum(minors):
            legs.append((data.draw(st.sampled_from(CODES)), "EUR", rest))
        self._post(day, legs)

    @rule(day=days, amount=amounts, worth=st.integers(1, 10**6), currency=foreign, data=st.data())
    def exchange(
        self, day: date, amount: int, worth: int, currency: str, data: st.DataObject
    ) -> None:
        """Money of one currency goes, of another comes; what it is worth follows from both."""
        codes = data.draw(st.lists(st.sampled_from(CODES), min_size=2, max_size=2))
        base = worth if amount > 0 else -worth
        self._post(day, [(codes[0], currency, amount), (codes[1], "EUR", -base)])

    @rule(day=days, amount=amounts, off=amounts)
    def post_what_does_not_balance(self, day: date, amount: int, off: int) -> None:
        legs = [("1000", "EUR", amount), ("1100", "EUR", off)]
        if amount + off:
            answer = self.client.post(ENTRIES, json=self._body(day, legs))
            assert answer.status_code == 422, answer.json

    @rule(day=days, amount=amounts, wrong=st.integers(0, 3), mode=st.sampled_from(["all", "each"]))
    def post_a_batch(self, day: date, amount: int, wrong: int, mode: str) -> None:
        """Of four entries one may be wrong: all fall with it, or it alone."""
        entries = [[("1000", "EUR", amount), ("1100", "EUR", -amount)] for _ in range(4)]
        entries[wrong][1] = ("1100", "EUR", -amount + (1 if wrong else 0))
        bodies = [self._body(day, legs) for legs in entries]
        answer = self.client.post(f"{ENTRIES}/batch", json={"mode": mode, "entries": bodies})
        is_shut = self._is_shut(day)
        if mode == "all":
            refused = bool(wrong) or is_shut
            assert answer.status_code in ({409, 422} if refused else {200}), answer.json
            results = [] if refused else answer.json["results"]
        else:
            assert answer.status_code == 200, answer.json
            results = answer.json["results"]
            failed = [n for n, each in enumerate(results) if "problem" in each]
            assert failed == (list(range(4)) if is_shut else [wrong] if wrong else [])
        for legs, result in zip(entries, results, strict=False):
            if "id" in result:
                self._keep(result["id"], legs)

    @precondition(lambda self: self.posted)
    @rule(day=days, data=st.data())
    def reverse(self, day: date, data: st.DataObject) -> None:
        entry_id = data.draw(st.sampled_from(sorted(self.posted)))
        legs = self.posted[entry_id]
        body = {"date": day.isoformat(), "reason": "A mistake"}
        answer = self.client.post(f"{ENTRIES}/{entry_id}/reverse", json=body)
        if answer.status_code == 201:
            assert not self._is_shut(day)
            self._keep(answer.json["id"], [(code, cur, -minor) for code, cur, minor in legs])
            again = self.client.post(f"{ENTRIES}/{entry_id}/reverse", json=body)
            assert again.status_code == 409, again.json
        else:
            assert answer.status_code in {409, 422}, answer.json

    @rule(day=days)
    def lock(self, day: date) -> None:
        body = {"date": day.isoformat(), "reason": "Handed in"}
        answer = self.client.post("/api/v1/ledger/periods/lock", json=body)
        assert answer.status_code < 300, answer.json
        self.locked = day

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def close_and_open_an_account(self, data: st.DataObject) -> None:
        code = data.draw(st.sampled_from(sorted(self.open)))
        path = f"/api/v1/ledger/accounts/{self.open[code]}"
        assert self.client.post(f"{path}/close").status_code == 204
        legs = [(code, "EUR", 5), (code, "EUR", -5)]
        answer = self.client.post(ENTRIES, json=self._body(FIRST + timedelta(days=200), legs))
        assert answer.status_code == 422, answer.json
        assert self.client.post(f"{path}/open").status_code == 204

    @rule()
    def seal(self) -> None:
        self.ledger.seal()

    # -- what must hold -----------------------------------------------------------------------

    @invariant()
    def the_books_are_right(self) -> None:
        with self.ledger.database.work(self.ledger.caller, writes=False) as work:
            kept, lines = queries.sums_kept(work), queries.sums_of_lines(work)
            assert queries.unbalanced(work) == []
            assert queries.entries_count(work) == len(self.posted)
        assert kept == lines
        assert sum(each.base_minor for each in kept) == 0
        shown = {(each.code, each.currency): each.minor for each in kept if each.minor}
        assert shown == {key: minor for key, minor in self.sums.items() if minor}

    def teardown(self) -> None:
        """At the end the report says so as well, and the chain holds."""
        query = {"as_of": "2026-12-31"}
        report = self.client.get("/api/v1/ledger/reports/trial-balance", query_string=query)
        totals = report.json["totals"]
        assert totals["debit"] == totals["credit"], totals
        while self.ledger.seal():
            pass
        chain = self.client.get("/api/v1/ledger/chain/verify").json
        assert (chain["broken"], chain["entries"]) == (None, len(self.posted))

    # -- how it is done -----------------------------------------------------------------------

    def _post(self, day: date, legs: list[tuple[str, str, int]]) -> None:
        answer = self.client.post(ENTRIES, json=self._body(day, legs))
        is_known = {code for code, _, _ in legs} <= self.open.keys()
        if len(legs) < 2:
            assert answer.status_code == 422, answer.json
        elif not is_known:  # and if the day is shut as well, either may be said
            assert answer.status_code in ({409, 422} if self._is_shut(day) else {422}), answer.json
        elif self._is_shut(day):
            assert answer.status_code == 409, answer.json
        else:
            assert answer.status_code == 201, answer.json
            self._keep(answer.json["id"], legs)

    def _keep(self, entry_id: str, legs: list[tuple[str, str, int]]) -> None:
        self.posted[entry_id] = legs
        for code, currency, minor in legs:
            self.sums[code, currency] += minor

    def _is_shut(self, day: date) -> bool:
        return self.locked is not None and day <= self.locked

    def _body(self, day: date, legs: list[tuple[str, str, int]]) -> dict[str, object]:
        return {
            "date": day.isoformat(),
            "description": "Something happened",
            "lines": [{"account": code, "amount": wire(m, cur)} for code, cur, m in legs],
        }


@pytest.mark.timeout(0)
def test_the_books_stay_right_whatever_is_done(open_database, context):
    kind = type("TheseBooks", (Books,), {"ledger": Ledger(open_database(service), context)})
    many = settings(
        max_examples=SEQUENCES,
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=False,
    )
    run_state_machine_as_test(kind, settings=many)
