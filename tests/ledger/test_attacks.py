"""Raw SQL against the books, past all of our code: the database has the last word.

Each attack is tried as the one who may do most, on both engines, and each
leaves the books as they were.
"""

from __future__ import annotations

import json
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from nexafi.kernel.errors import Problem
from tests.conftest import HOME
from tests.ledger.conftest import Ledger

MARCH = "2026-03-01"


class Attacker:
    """Someone at a prompt, with the engine's own connection."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.plain = ledger.database.engine.dialect.name == "sqlite"
        self.connection: Connection | None = None

    def id(self, value: UUID) -> str:
        return value.hex if self.plain else str(value)

    def one(self, statement: str) -> str:
        with self.ledger.database.steward() as session:
            value = session.scalar(text(statement))
            return self.id(value) if isinstance(value, UUID) else str(value)

    def account(self, code: str) -> str:
        return self.one(f"SELECT id FROM accounts WHERE code = '{code}'")

    def entry(self) -> str:
        return self.one("SELECT id FROM entries")

    def run(self, *statements: str) -> None:
        """Run *statements* in one transaction of our organization, as the app that may write."""
        with self.ledger.database.work(self.ledger.caller) as work:
            connection = work.session.connection()
            for statement in statements:
                connection.exec_driver_sql(statement.replace("%", "%%"))

    def post(self, *legs: tuple[str, object, str, object], verb: str = "INSERT", **head) -> str:
        """Return the statement that puts an entry into the slot."""
        body = {
            "journal": "general",
            "kind": "standard",
            "date": MARCH,
            "description": "Attack",
            "reference": None,
            "source": None,
            "tags": None,
            "base_currency": "EUR",
            "reverses_id": None,
            "posted_by": "mallory",
            "recorded_at": "2026-03-01 00:00:00.000000",
            **head,
            "lines": [
                {"id": uuid4().hex, "account": a, "minor": m, "currency": c, "base_minor": b}
                for a, m, c, b in legs
            ],
        }
        quoted = json.dumps(body).replace("'", "''")
        owner, key = self.id(HOME.id), self.id(uuid4())
        columns = "(organization_id, id, body)"
        return f"{verb} INTO postings {columns} VALUES ('{owner}', '{key}', '{quoted}')"

    def head(self, lines_count: int, day: str = MARCH, key: UUID | None = None) -> str:
        """Return the statement that writes the head of an entry, past the slot."""
        owner, key = self.id(HOME.id), key or uuid4()
        return (
            "INSERT INTO entries (organization_id, id, journal, kind, date, description,"
            " base_currency, lines_count, posted_by, recorded_at)"
            f" VALUES ('{owner}', '{self.id(key)}', 'general', 'standard', '{day}', 'Attack',"
            f" 'EUR', {lines_count}, 'mallory', '2026-03-01 00:00:00')"
        )

    def line(self, entry: str, place: int, code: str, minor: object, day: str = MARCH) -> str:
        """Return the statement that writes a line, past the slot."""
        owner = self.id(HOME.id)
        return (
            "INSERT INTO lines (organization_id, id, entry_id, position, account_id, date, minor,"
            f" currency, base_minor) VALUES ('{owner}', '{self.id(uuid4())}', '{entry}', {place},"
            f" '{self.account(code)}', '{day}', {minor}, 'EUR', {minor})"
        )


SALE = """
    2026-02-01 Sale
      1200   100.00
      4000
"""


@pytest.fixture
def attacker(ledger: Ledger) -> Attacker:
    ledger.post(SALE)
    return Attacker(ledger)


def whole(attacker: Attacker, *minors: object, day: str = MARCH) -> list[str]:
    """Return the statements that write an entry past the slot, line by line."""
    key = uuid4()
    codes = ["1200", "4000", "6100"]
    return [
        attacker.head(max(2, len(minors)), day, key),
        *(
            attacker.line(attacker.id(key), place, codes[place], minor, day)
            for place, minor in enumerate(minors)
        ),
    ]


def later_line(a: Attacker) -> list[str]:
    return [a.line(a.entry(), 2, "6100", 5, "2026-02-01")]


ATTACKS = {
    "one-sided": lambda a: [a.post(("1200", 100, "EUR", 100))],
    "ten against seven": lambda a: [a.post(("1200", 10, "EUR", 10), ("4000", -7, "EUR", -7))],
    "all zero": lambda a: [a.post(("1200", 0, "EUR", 0), ("4000", 0, "EUR", 0))],
    "balanced in base, not in a currency": lambda a: [
        a.post(("1200", 10, "USD", 9), ("4000", -9, "USD", -9))
    ],
    "no lines": lambda a: [a.head(2)],
    "half a cent": lambda a: [a.post(("1200", 0.5, "EUR", 0.5), ("4000", -0.5, "EUR", -0.5))],
    "text for an amount": lambda a: [
        a.post(("1200", "1e2", "EUR", "1e2"), ("4000", -100, "EUR", -100))
    ],
    "past the slot, unbalanced": lambda a: whole(a, 10, -7),
    "past the slot, one line": lambda a: whole(a, 10),
    "a line more, later": later_line,
    "changed amount": lambda _: ["UPDATE lines SET minor = minor * 2"],
    "changed date": lambda _: ["UPDATE entries SET date = '2025-01-01'"],
    "removed line": lambda _: ["DELETE FROM lines"],
    "removed entry": lambda _: ["DELETE FROM entries"],
    "replaced": lambda a: [
        a.post(("1200", 9, "EUR", 9), ("4000", -9, "EUR", -9), source="test/Sale")
    ],
    "into a closed account": lambda a: [
        "UPDATE accounts SET is_open = false WHERE code = '1200'",
        a.post(("1200", 9, "EUR", 9), ("4000", -9, "EUR", -9)),
    ],
    "into an account that is not": lambda a: [
        a.post(("9999", 9, "EUR", 9), ("4000", -9, "EUR", -9))
    ],
    "another kind": lambda a: [
        a.post(("1200", 9, "EUR", 9), ("4000", -9, "EUR", -9), kind="secret")
    ],
}


REFUSALS = ("append-only", "permission denied", "constraint", "syntax for type bigint")


def refused(error: Exception) -> bool:
    """Return whether the database refused, and not merely failed to understand."""
    if isinstance(error, Problem):
        return True
    reason = str(getattr(error, "orig", error))
    return any(word in reason for word in REFUSALS)


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_database_refuses(attacker, attack):
    before = attacker.ledger.sums()

    with pytest.raises(Exception) as caught:  # noqa: PT011 - a problem of ours or the driver's
        attacker.run(*ATTACKS[attack](attacker))

    assert refused(caught.value), caught.value
    assert attacker.ledger.sums() == before == {"1200": 10_000, "4000": -10_000}
    assert attacker.ledger.count("entries") == 1
    assert attacker.ledger.count("lines") == 2
    assert attacker.ledger.count("postings") == 0


def closing(attacker: Attacker, state: str) -> str:
    owner, key = attacker.id(HOME.id), attacker.id(uuid4())
    return (
        "INSERT INTO periods (organization_id, id, name, kind, starts_on, ends_on, state) VALUES"
        f" ('{owner}', '{key}', 'March', 'period', '2026-03-01', '2026-03-31', '{state}')"
    )


def locking(attacker: Attacker) -> str:
    owner, key = attacker.id(HOME.id), attacker.id(uuid4())
    return (
        "INSERT INTO locks (organization_id, id, locked_through, reason, changed_by, changed_at)"
        f" VALUES ('{owner}', '{key}', '2026-03-31', 'x', 'x', '2026-03-01 00:00:00')"
    )


@pytest.mark.parametrize("shut", [lambda a: closing(a, "closed"), locking], ids=["close", "lock"])
@pytest.mark.parametrize("day", ["2026-03-01", "2026-03-31"])
def test_nothing_is_posted_into_a_closed_period(attacker, shut, day):
    attacker.run(shut(attacker))
    before = attacker.ledger.sums()
    legs = (("1200", 9, "EUR", 9), ("4000", -9, "EUR", -9))

    for statements in ([attacker.post(*legs, date=day)], whole(attacker, 9, -9, day=day)):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - a problem of ours or the driver's
            attacker.run(*statements)
        assert refused(caught.value), caught.value

    assert attacker.ledger.sums() == before
    attacker.run(attacker.post(*legs, date="2026-04-01"))
    assert attacker.ledger.count("entries") == 2


@pytest.mark.parametrize(
    "verb", ["INSERT OR REPLACE", "INSERT OR IGNORE", "INSERT OR FAIL", "INSERT OR ROLLBACK"]
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("attack", ["unbalanced", "taken id", "taken line", "taken source"])
def test_no_conflict_clause_of_sqlite_opens_the_slot(attacker, verb, attack):
    minor = -8 if attack == "unbalanced" else -9
    legs = (("1200", 9, "EUR", 9), ("4000", minor, "EUR", minor))
    head = {"source": "test/Sale"} if attack == "taken source" else {}
    statement = attacker.post(*legs, verb=verb, **head)
    if attack == "taken id":
        taken = attacker.entry()
        statement = statement.replace(statement.split("'")[3], taken, 1)
    if attack == "taken line":
        taken = attacker.one("SELECT id FROM lines ORDER BY position LIMIT 1")
        first = json.loads(statement.split("VALUES")[1].split("'")[5])["lines"][0]["id"]
        statement = statement.replace(first, taken)

    with attacker.ledger.database.engine.connect() as connection:
        with pytest.raises(DBAPIError):
            connection.exec_driver_sql(statement)
        if not connection.closed and connection.in_transaction():
            connection.commit()

    assert attacker.ledger.count("entries") == 1
    assert attacker.ledger.count("lines") == 2
    assert attacker.ledger.count("postings") == 0
    assert attacker.ledger.sums() == {"1200": 10_000, "4000": -10_000}


def test_a_line_cannot_refer_to_an_account_of_another_organization(attacker):
    theirs = attacker.id(uuid4())
    owner = attacker.id(HOME.id)
    statements = whole(attacker, 9, -9)
    statements[1] = statements[1].replace(attacker.account("1200"), theirs)
    assert owner in statements[1]

    with pytest.raises(Exception) as caught:  # noqa: PT011 - a problem of ours or the driver's
        attacker.run(*statements)

    assert refused(caught.value), caught.value
    assert attacker.ledger.count("entries") == 1
