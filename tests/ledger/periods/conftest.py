"""A ledger that can close its years."""

from __future__ import annotations

from typing import Any

import pytest

from nexafi.ledger.tables import Account
from tests.ledger.conftest import Ledger

PERIODS = "/api/v1/ledger/periods"


class Closing:
    """Someone who keeps the periods of a ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def call(self, method: str, path: str, body: dict[str, Any] | None = None, **query: Any) -> Any:
        return self.ledger.client.open(
            f"{PERIODS}{path}", method=method, json=body, query_string=query
        )

    def year(self, day: str, **more: Any) -> str:
        """Add the fiscal year of *day*; return its id."""
        answer = self.call("POST", "", {"day": day, **more})
        assert answer.status_code == 201, answer.json
        return answer.json["items"][0]["id"]

    def close(self, period: str, **how: Any) -> Any:
        return self.call("POST", f"/{period}/close", how)

    def reopen(self, period: str, **how: Any) -> Any:
        return self.call("POST", f"/{period}/reopen", {"reason": "a late invoice"} | how)

    def state(self, period: str) -> str:
        return self.call("GET", f"/{period}").json["state"]

    def post(self, day: str, amount: str = "1.00") -> Any:
        """Try to post a sale on *day*."""
        lines = [
            {"account": "1200", "amount": {"amount": amount, "currency": "EUR"}},
            {"account": "4000", "amount": {"amount": f"-{amount}", "currency": "EUR"}},
        ]
        body = {"date": day, "description": "Sale", "lines": lines}
        return self.ledger.client.post("/api/v1/ledger/entries", json=body)

    def entries(self, kind: str = "closing") -> list[dict[str, Any]]:
        listed = self.ledger.client.get("/api/v1/ledger/entries", query_string={"limit": 200})
        return [each for each in listed.json["items"] if each["kind"] == kind]


@pytest.fixture
def books(ledger: Ledger) -> Closing:
    """A ledger with an account for the result, and sales of two years."""
    with ledger.database.work(ledger.caller) as work:
        result = Account(
            code="3900",
            name="Retained earnings",
            type="equity",
            subtype="retained_earnings",
            normal_side="credit",
        )
        work.session.add(result)
    ledger.post("""
        2025-02-01 Sale
          1200   100.00
          4000
        2025-12-31 Fee on the last day
          6100   30.00
          1200
        2026-01-01 Sale on the first day
          1200   7.00
          4000
    """)
    return Closing(ledger)
