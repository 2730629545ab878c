"""`nexafi payments replay`: what could not be applied is applied once more."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from nexafi.cli.client import connect
from nexafi.cli.main import app
from tests.cli.conftest import Commands, alone

API = "/api/v1/payments"
MONEY = {"amount": "10.00", "currency": "USD"}


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """Commands on a data folder with one organization in it."""
    made = alone(tmp_path, monkeypatch)
    words = ["user", "register", "ada@example.com", "--organization", "Ada", "--password-stdin"]
    CliRunner().invoke(app, words, input="correct horse battery staple\n")
    return made


def test_a_webhook_is_replayed_by_its_id_and_done_once(commands: Commands):
    api = connect(None, None, None)
    try:
        body = {"amount": MONEY, "payment_method": "sandbox_visa"}
        charge = api.post(f"{API}/charges", body)
        happened = {"charge": charge["id"], "kind": "refunded", "amount": MONEY}
        event = api.post(f"{API}/sandbox/notices", happened)

        told = commands.json("payments", "replay", event["id"])
        (refund,) = api.get(f"{API}/charges/{charge['id']}/refunds")["items"]
    finally:
        api.close()
    assert [each["state"] for each in told["replayed"]] == ["applied"]
    assert refund["state"] == "succeeded"
