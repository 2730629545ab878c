"""A provider that keeps books of its own, so that one can ask it what it really did.

It does each id of a request once, as providers do by idempotency keys, and says
afterwards what it said at first. On its way to us an answer can be lost, and what it
does can be scripted. Its books are a file: they outlive the process that asked.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from nexafi.kernel.values.money import Money
from nexafi.payments.errors import NoticeRefused
from nexafi.payments.providers.port import (
    Account,
    Answer,
    Kind,
    Notice,
    Outcome,
    Reason,
    Request,
    Takes,
)

BOOKS = """
CREATE TABLE IF NOT EXISTS deeds (
    id TEXT PRIMARY KEY, kind TEXT, charge TEXT, minor INTEGER, outcome TEXT, is_late INTEGER,
    asked INTEGER DEFAULT 1
)
"""
PREFIX = "remembering_"
LOST_BEFORE, LOST_AFTER, DECLINED, LATE, UNTOUCHED = (
    "lost before",
    "lost after",
    "no",
    "late",
    "off",
)
FATES = ("", LOST_BEFORE, LOST_AFTER, DECLINED, LATE, UNTOUCHED)

Fate = Callable[[Request], str]


class Remembering:
    """The provider; *fate* says what happens to a request, *at* is told of each moment of it."""

    name: ClassVar[str] = "remembering"
    title: ClassVar[str] = "Remembering"
    keys: ClassVar[Mapping[str, str]] = {}
    takes: ClassVar[Takes] = Takes(methods=frozenset({"card"}), captures_often=True)
    window: ClassVar[timedelta] = timedelta(hours=24)

    def __init__(
        self,
        path: Path | None = None,
        *,
        fate: Fate = lambda _request: "",
        at: Callable[[str], None] = lambda _moment: None,
    ) -> None:
        self._path = path
        self._memory = None if path else sqlite3.connect(":memory:", check_same_thread=False)
        self.fate = fate
        self.at = at

    def books(self) -> sqlite3.Connection:
        """Return the books, open; what is written stands at once."""
        if self._memory is not None:
            found = self._memory
        else:
            found = sqlite3.connect(self._path, timeout=30)
        found.isolation_level = None
        found.execute(BOOKS)
        return found

    def done(self, *kinds: Kind, charge: str | None = None) -> list[int]:
        """Return the amounts of what it did of some kinds, of one charge or of all."""
        asked = "SELECT kind, charge, minor FROM deeds WHERE outcome = 'succeeded' ORDER BY rowid"
        rows = self.books().execute(asked).fetchall()
        return [minor for kind, of, minor in rows if kind in kinds and charge in {None, of}]

    def owns(self, token: str) -> bool:
        return token.startswith(PREFIX)

    def ask(self, account: Account, request: Request) -> Answer:
        fate = self.fate(request)
        self.at("before it does it")
        if fate == LOST_BEFORE:
            raise ConnectionResetError
        books = self.books()
        if fate == UNTOUCHED and not self._row(books, request.id):
            return Answer(Outcome.UNTOUCHED, reason=Reason.UNAVAILABLE)
        outcome = Outcome.FAILED if fate == DECLINED else self._allowed(books, request)
        books.execute(
            "INSERT INTO deeds (id, kind, charge, minor, outcome, is_late)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET asked = asked + 1",
            (
                str(request.id), request.kind, str(request.charge_id), request.amount.minor,
                outcome, fate == LATE,
            ),
        )  # fmt: skip
        self.at("after it did it")
        if fate == LOST_AFTER:
            raise ConnectionResetError
        return self._answer(books, request, is_first=True)

    def look_up(self, account: Account, request: Request) -> Answer:
        books = self.books()
        if self._row(books, request.id) is None:
            return Answer(Outcome.UNKNOWN)
        return self._answer(books, request, is_first=False)

    def read_notice(
        self, account: Account, body: bytes, headers: Mapping[str, str], now: datetime
    ) -> Notice:
        raise NoticeRefused("It sends none.")

    def _row(self, books: sqlite3.Connection, id_: UUID) -> tuple[str, int] | None:
        asked = "SELECT outcome, is_late FROM deeds WHERE id = ?"
        return books.execute(asked, (str(id_),)).fetchone()

    def _answer(self, books: sqlite3.Connection, request: Request, *, is_first: bool) -> Answer:
        found = self._row(books, request.id)
        assert found is not None
        outcome, is_late = found
        known = {"charge_reference": f"r_{request.charge_id}", "reference": f"r_{request.id}"}
        if is_late and is_first:
            return Answer(Outcome.PENDING, **known)
        if outcome == Outcome.FAILED:
            return Answer(Outcome.FAILED, reason=Reason.CARD_DECLINED, **known)
        takes = request.kind in {Kind.SALE, Kind.CAPTURE}
        fee = Money(request.amount.minor // 50, request.amount.currency) if takes else None
        return Answer(Outcome.SUCCEEDED, fee=fee, **known)

    def _allowed(self, books: sqlite3.Connection, request: Request) -> Outcome:
        """Refuse, as a provider would, what exceeds what it holds or took."""
        asked = (
            "SELECT kind, SUM(minor) FROM deeds WHERE charge = ? AND outcome = 'succeeded'"
            " AND id <> ? GROUP BY kind"
        )
        sums = dict(books.execute(asked, (str(request.charge_id), str(request.id))).fetchall())
        held, sold = sums.get(Kind.AUTHORIZE, 0), sums.get(Kind.SALE, 0)
        taken = sums.get(Kind.CAPTURE, 0)
        left = {
            Kind.CAPTURE: held - taken if Kind.VOID not in sums else 0,
            Kind.REFUND: sold + taken - sums.get(Kind.REFUND, 0),
        }.get(request.kind, request.amount.minor)
        return Outcome.SUCCEEDED if request.amount.minor <= left else Outcome.FAILED
