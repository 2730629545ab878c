"""A sandbox whose webhooks one signs oneself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from nexafi.payments import signing
from tests.payments.conftest import API, Payments, money

FEE = money("3.20")


@dataclass
class Hook:
    """A webhook of the sandbox, ready to be sent, and sent again."""

    body: bytes
    headers: dict[str, str]

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Sender:
    """The sandbox as a sender of webhooks."""

    payments: Payments

    @property
    def secret(self) -> bytes:
        return signing.secret_bytes(self.payments.get("/sandbox/secret")["secret"])

    def hook(self, what: str, charge: dict[str, Any], *, late: int = 0, **data: Any) -> Hook:
        """Make a webhook about a charge that happened so many seconds after now."""
        clock = self.payments.clock
        at = clock.now.timestamp() + late
        told = {"charge": charge["reference"], "amount": charge["amount"], **data}
        body = {
            "type": what,
            "timestamp": at,
            "data": told,
            "metadata": {"nexafi_organization": str(self.payments.caller.organization_id)},
        }
        raw = json.dumps(body).encode()
        return Hook(raw, signing.headers([self.secret], f"evt_{uuid4().hex}", clock.now, raw))

    def about(self, what: str, operation: dict[str, Any], charge: dict[str, Any], **more: Any):
        """Make a webhook about something that the sandbox was asked."""
        kind = operation["kind"]
        reference = f"sb_{kind}_{operation['id'].replace('-', '')}"
        taken = {"fee": FEE} if what.endswith("succeeded") and kind == "sale" else {}
        return self.hook(
            what, charge, operation=operation["id"], kind=kind, reference=reference, **taken, **more
        )

    def send(self, hook: Hook, path: str = "/webhooks/sandbox") -> TestResponse:
        return self.payments.client.post(API + path, data=hook.body, headers=hook.headers)

    def sent(self, hook: Hook) -> str:
        """Send a webhook, which must be taken; return what became of it."""
        answer = self.send(hook)
        assert answer.status_code == 200, answer.json
        return answer.json["state"]


@pytest.fixture
def sandbox(payments: Payments) -> Sender:
    return Sender(payments)
