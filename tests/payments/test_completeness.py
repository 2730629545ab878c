"""Completeness: the books are told again of what they lack, and what does not agree is found."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from nexafi.kernel.data.context import utc_now
from nexafi.payments.app import service
from nexafi.payments.movements import actions as movements
from tests.payments.conftest import money


def book(payments) -> None:
    """Let the ledger have booked all that it was told."""
    for movement in payments.get("/movements?booked=false")["items"]:
        with payments.database.work(payments.caller) as work:
            movements.note_booked(work, UUID(movement["id"]), UUID(movement["id"]))


def findings(payments, query=""):
    return payments.get(f"/completeness/findings{query}")["items"]


def change(payments, statement: str) -> None:
    """Change what is kept, as nothing of ours would."""
    with payments.database.work(payments.caller) as work:
        work.session.execute(text(statement))


def figure(payments) -> float:
    (found,) = [each for each in service.figures if each.name == "movements_unbooked"]
    with payments.database.survey() as survey:
        later = utc_now() + timedelta(minutes=11)  # ids are made by the true clock
        return found.ask(replace(survey, now=later))


def test_what_the_books_have_is_complete(payments):
    assert payments.get("/completeness")["checked_at"] is None
    charge = payments.charge(amount="100.00")
    payments.post(f"/charges/{charge['id']}/refunds", {"amount": money("40.00")})
    book(payments)

    payments.clock.pass_by(timedelta(minutes=11))
    answer = payments.post("/completeness")

    assert answer.status_code == 200, answer.json
    told = {name: answer.json[name] for name in ("movements", "unbooked", "told_again", "findings")}
    assert told == {"movements": 2, "unbooked": 0, "told_again": 0, "findings": 0}
    assert (len(payments.tellings()), findings(payments), figure(payments)) == (2, [], 0)


def test_what_the_books_lack_is_told_again_once_an_hour_until_they_have_it(payments):
    payments.charge(amount="100.00")
    payments.work_on()
    assert len(payments.tellings()) == 1

    payments.work_on(after=timedelta(minutes=61))
    payments.work_on(after=timedelta(minutes=15))
    first, again = payments.tellings()
    assert first["movement_id"] == again["movement_id"], "the ledger books it once"
    (found,) = findings(payments)
    assert (found["kind"], found["difference"], figure(payments)) == (
        "unbooked", money("100.00"), 1,
    )  # fmt: skip

    book(payments)
    payments.work_on(after=timedelta(minutes=61))
    assert (len(payments.tellings()), findings(payments), figure(payments)) == (2, [], 0)
    (healed,) = findings(payments, "?open=false")
    assert healed["closed_at"] is not None


@pytest.mark.parametrize(
    ("statement", "kinds"),
    [
        ("DELETE FROM movements", {"no_movement", "total"}),
        ("UPDATE movements SET amount_minor = 9000", {"charge", "total"}),
        ("UPDATE operations SET amount_minor = 9000", {"total"}),
    ],
)
def test_what_does_not_agree_is_found(payments, statement, kinds):
    payments.charge(amount="100.00")
    book(payments)
    change(payments, statement)

    payments.post("/completeness")
    payments.post("/completeness")

    found = findings(payments)
    assert {each["kind"] for each in found} == kinds
    assert len(found) == len(kinds), "a second look adds nothing"
