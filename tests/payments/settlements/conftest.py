"""A payments service whose reports are handed in, and what they are made of."""

from __future__ import annotations

import io
import json
from typing import Any

from werkzeug.test import TestResponse

from tests.payments.conftest import API, Payments, money


def hand_in(
    payments: Payments, content: bytes | dict[str, Any], name: str = "report", **query: str
) -> TestResponse:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return payments.client.post(
        f"{API}/settlements", data={"file": (io.BytesIO(raw), name)}, query_string=query
    )


def payout(lines: list[dict[str, Any]], amount: str, id_: str = "po_1") -> dict[str, Any]:
    """Return a payout of the sandbox in our own form."""
    told = {"id": id_, "paid_on": "2026-03-20", "amount": money(amount), "lines": lines}
    return {"provider": "sandbox", "payouts": [told]}


def told(payments: Payments, id_: str, movement: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the line that tells of a movement, or one that differs by *more*."""
    kinds = {"capture": "charge", "refund": "refund"}
    sign = -1 if movement["kind"] == "refund" else 1
    amount = movement["amount"]
    minus = {"amount": f"-{amount['amount']}", "currency": amount["currency"]}
    return {
        "id": id_,
        "kind": kinds[movement["kind"]],
        "on": movement["on"],
        "amount": amount if sign == 1 else minus,
        "fee": movement["fee"],
        "reference": movement["reference"],
        **more,
    }


def movements(payments: Payments) -> list[dict[str, Any]]:
    """Return all movements, the largest first: the order of some made at once is nobody's."""
    found = payments.get("/movements?limit=200")["items"]
    return sorted(found, key=lambda each: -float(each["amount"]["amount"]))


def clearing(payments: Payments, currency: str = "EUR") -> dict[str, str]:
    """Return the sums of the sandbox's clearing account; none of it may be without a reason."""
    items = payments.get("/settlements/clearing")["items"]
    assert [each for each in items if float(each["unexplained"]["amount"])] == []
    (account,) = [each for each in items if each["currency"] == currency]
    names = ("balance", "reserved", "kept", "in_breaks", "explained")
    found = {name: account[name]["amount"] for name in names}
    waits = sum(float(each["amount"]["amount"]) for each in account["unsettled"])
    return {**found, "unsettled": f"{waits:.2f}"}
