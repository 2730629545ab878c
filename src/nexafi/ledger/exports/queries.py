"""What is exported, read in pieces."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import selectinload

from nexafi.kernel.data.work import Work
from nexafi.kernel.values.money import Money
from nexafi.ledger.exports.book import Book, BookAccount, BookEntry, BookLine
from nexafi.ledger.tables import Account, Entry, Line, Seal

PIECE = 1000
"""How many entries are read at once."""


def book(work: Work) -> Book:
    """Return the whole book of the organization; its entries are read as they are asked for."""
    home = work.context.known
    rows = work.session.execute(
        select(Account.id, Account.code, Account.name, Account.type).order_by(Account.code)
    ).all()
    return Book(
        title=home.name,
        base_currency=home.base_currency,
        accounts=[BookAccount(row.code, row.name, row.type) for row in rows],
        entries=_entries(work, {row.id: row.code for row in rows}),
    )


def _entries(work: Work, codes: dict[object, str]) -> Iterator[BookEntry]:
    """Yield all entries by date, with the latest read known as where to go on."""
    numbered = (
        select(Entry, Seal.number)
        .outerjoin(Seal, and_(Seal.organization_id == Entry.organization_id, Seal.id == Entry.id))
        .options(selectinload(Entry.lines))
        .order_by(Entry.date, Entry.id)
        .limit(PIECE)
    )
    last: Entry | None = None
    while True:
        piece = numbered
        if last is not None:
            later = or_(Entry.date > last.date, and_(Entry.date == last.date, Entry.id > last.id))
            piece = numbered.where(later)
        rows = work.session.execute(piece).all()
        for entry, number in rows:
            yield BookEntry(
                id=str(entry.id),
                number=number,
                date=entry.date,
                description=entry.description,
                reference=entry.reference,
                source=entry.source,
                tags=entry.tags or {},
                lines=[_line(line, codes, entry.base_currency) for line in entry.lines],
            )
        if len(rows) < PIECE:
            return
        last = rows[-1][0]
        work.session.expunge_all()


def _line(line: Line, codes: dict[object, str], base_currency: str) -> BookLine:
    return BookLine(
        code=codes[line.account_id],
        amount=line.amount,
        base=Money(line.base_minor, base_currency),
        description=line.description,
    )
