"""The same attacks within a list of entries, which SQLite takes apart and checks at once."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from tests.ledger.conftest import Ledger
from tests.ledger.test_attacks import ATTACKS, SALE, Attacker, closing, locking, refused

INTO_THE_SLOT = [
    "one-sided",
    "ten against seven",
    "all zero",
    "balanced in base, not in a currency",
    "half a cent",
    "text for an amount",
    "replaced",
    "into a closed account",
    "into an account that is not",
    "another kind",
]
FAIR = (("1200", 9, "EUR", 9), ("4000", -9, "EUR", -9))

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def attacker(ledger: Ledger) -> Attacker:
    ledger.post(SALE)
    return Attacker(ledger)


def body(statement: str) -> dict[str, Any]:
    """Return the entry that *statement* puts into the slot, with its id."""
    quoted = statement.partition("VALUES")[2].split("'")
    return json.loads(quoted[5]) | {"id": quoted[3]}


def together(attacker: Attacker, *bodies: dict[str, Any], verb: str = "INSERT") -> str:
    """Return the statement that puts *bodies* into the slot as one list."""
    owner = attacker.post(*FAIR).partition("VALUES")[2].split("'")[1]
    return (
        f"{verb} INTO postings (organization_id, id, body)"
        f" VALUES ('{owner}', '{uuid4().hex}', '{json.dumps(bodies)}')"
    )


def untouched(attacker: Attacker) -> bool:
    counts = [attacker.ledger.count(each) for each in ("entries", "lines", "postings", "taken")]
    return counts == [1, 2, 0, 0] and attacker.ledger.sums() == {"1200": 10_000, "4000": -10_000}


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("attack", INTO_THE_SLOT)
def test_one_that_is_refused_lets_none_of_its_list_in(attacker, attack, place):
    *before, last = ATTACKS[attack](attacker)
    bodies = [body(attacker.post(*FAIR)), body(last)]

    with pytest.raises(Exception) as caught:  # noqa: PT011 - a problem of ours or the driver's
        attacker.run(*before, together(attacker, *(bodies if place else reversed(bodies))))

    assert refused(caught.value), caught.value
    assert untouched(attacker)


@pytest.mark.parametrize("shut", [lambda a: closing(a, "closed"), locking], ids=["close", "lock"])
@pytest.mark.parametrize("day", ["2026-03-01", "2026-03-31"])
def test_no_list_reaches_into_a_closed_period(attacker, shut, day):
    attacker.run(shut(attacker))
    later = body(attacker.post(*FAIR, date="2026-04-01"))

    with pytest.raises(Exception) as caught:  # noqa: PT011 - a problem of ours or the driver's
        attacker.run(together(attacker, later, body(attacker.post(*FAIR, date=day))))

    assert refused(caught.value), caught.value
    assert untouched(attacker)
    attacker.run(together(attacker, later, body(attacker.post(*FAIR, date="2026-04-02"))))
    assert attacker.ledger.count("entries") == 3
    assert attacker.ledger.count("fresh") == 3


def unbalanced(_: Attacker, mine: dict[str, Any], __: dict[str, Any]) -> None:
    mine["lines"][0]["minor"] = mine["lines"][0]["base_minor"] = 8


def taken_id(attacker: Attacker, mine: dict[str, Any], _: dict[str, Any]) -> None:
    mine["id"] = attacker.entry()


def taken_line(attacker: Attacker, mine: dict[str, Any], _: dict[str, Any]) -> None:
    mine["lines"][0]["id"] = attacker.one("SELECT id FROM lines WHERE position = 1")


def taken_source(_: Attacker, mine: dict[str, Any], __: dict[str, Any]) -> None:
    mine["source"] = "test/Sale"


def same_id(_: Attacker, mine: dict[str, Any], other: dict[str, Any]) -> None:
    mine["id"] = other["id"]


def same_line(_: Attacker, mine: dict[str, Any], other: dict[str, Any]) -> None:
    mine["lines"][0]["id"] = other["lines"][1]["id"]


def same_source(_: Attacker, mine: dict[str, Any], other: dict[str, Any]) -> None:
    mine["source"] = other["source"] = "test/Another"


def both_reverse_one(attacker: Attacker, mine: dict[str, Any], other: dict[str, Any]) -> None:
    mine["reverses_id"] = other["reverses_id"] = attacker.entry()


def reverses_nothing(_: Attacker, mine: dict[str, Any], __: dict[str, Any]) -> None:
    mine["reverses_id"] = uuid4().hex


def without_id(_: Attacker, mine: dict[str, Any], __: dict[str, Any]) -> None:
    del mine["id"]


def without_lines(_: Attacker, mine: dict[str, Any], __: dict[str, Any]) -> None:
    del mine["lines"]


def lines_by_name(_: Attacker, mine: dict[str, Any], __: dict[str, Any]) -> None:
    mine["lines"] = {str(place): line for place, line in enumerate(mine["lines"])}


def too_many_lines(_: Attacker, mine: dict[str, Any], __: dict[str, Any]) -> None:
    mine["lines"] = [line | {"id": uuid4().hex} for _ in range(501) for line in mine["lines"]]


VERBS = ["INSERT", "INSERT OR REPLACE", "INSERT OR IGNORE", "INSERT OR FAIL", "INSERT OR ROLLBACK"]
SPOILERS = [
    unbalanced,
    taken_id,
    taken_line,
    taken_source,
    same_id,
    same_line,
    same_source,
    both_reverse_one,
    reverses_nothing,
    without_id,
    without_lines,
    lines_by_name,
    too_many_lines,
]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("spoil", SPOILERS, ids=lambda each: each.__name__)
def test_no_conflict_clause_lets_half_a_list_in(attacker, verb, spoil):
    mine, other = body(attacker.post(*FAIR)), body(attacker.post(*FAIR))
    spoil(attacker, mine, other)

    with attacker.ledger.database.engine.connect() as connection:
        with pytest.raises(IntegrityError):
            connection.exec_driver_sql(together(attacker, other, mine, verb=verb))
        if not connection.closed and connection.in_transaction():
            connection.commit()

    assert untouched(attacker)


@pytest.mark.parametrize("verb", VERBS)
def test_a_note_that_was_there_before_stops_no_list_half_way(attacker, verb):
    mine = body(attacker.post(*FAIR))
    owner = together(attacker, mine).split("'")[1]
    note = f"INSERT INTO fresh (organization_id, id) VALUES ('{owner}', '{mine['id']}')"

    attacker.run(note, together(attacker, body(attacker.post(*FAIR)), mine, verb=verb))

    assert attacker.ledger.count("entries") == attacker.ledger.count("fresh") == 3
    assert attacker.ledger.count("postings") == attacker.ledger.count("taken") == 0


def test_an_empty_list_is_no_entry(attacker):
    with pytest.raises(Exception) as caught:  # noqa: PT011 - a problem of ours or the driver's
        attacker.run(together(attacker))

    assert refused(caught.value), caught.value
    assert untouched(attacker)


def test_nobody_writes_past_the_slot_into_what_it_takes_apart(attacker):
    owner = together(attacker).split("'")[1]

    with pytest.raises(Exception) as caught:  # noqa: PT011 - a problem of ours or the driver's
        attacker.run(f"INSERT INTO taken (organization_id, id) VALUES ('{owner}', 'x')")

    assert refused(caught.value), caught.value
    assert untouched(attacker)
