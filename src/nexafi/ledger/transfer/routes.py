"""Entries from a file, over HTTP."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager, suppress

from nexafi.contracts.ledger.permissions import LedgerPermission as May
from nexafi.kernel.data.work import Begin, Work
from nexafi.kernel.errors import Problem
from nexafi.kernel.web.endpoints import Routes
from nexafi.kernel.web.uploads import Upload
from nexafi.ledger.errors import EntriesUnfit, EntriesUnreadable
from nexafi.ledger.transfer import actions, rows, rules
from nexafi.ledger.transfer.schemas import TransferOut, TransferQuery

routes = Routes("/api/v1/ledger/entries")

FILE_BYTES_MAX = 8 * 1024 * 1024


class _NotKept(Exception):
    """Ends a Work that was only to show what would be; what was done in it is taken back."""


@routes.act("/import", needs=May.ENTRY_POST, gives=TransferOut, bytes_max=FILE_BYTES_MAX)
def import_entries(begin: Begin, file: Upload, query: TransferQuery) -> TransferOut:
    """Post the entries of a CSV file, all or none; or look at what they would be.

    Its first row names the columns: date, account, and amount (a debit is
    positive) or debit and credit; if wanted entry (an id that the rows of an entry
    share), description, memo (of a line), reference, currency, base, and `tag:name`
    for each dimension. What is wrong is told by row.
    """
    sheet = rows.read(file.read(), EntriesUnreadable)
    entries: list[rules.Read] = []
    try:
        with _tried(begin) if query.preview else begin() as work:
            base_currency = work.context.known.base_currency
            entries = rules.entries(sheet, query.habits(base_currency))
            taken = actions.take(work, entries)
            return TransferOut.of(taken, base_currency, preview=query.preview)
    except Problem as problem:
        if not entries:
            raise
        # adding meaning: which rows it is that cannot be posted
        raise _reasons(begin, entries) or problem from problem


def _reasons(begin: Begin, entries: list[rules.Read]) -> EntriesUnfit | None:
    """Try each entry by itself, keep none, and return what became of them."""
    with _tried(begin) as work:
        return actions.reasons(work, entries)


@contextmanager
def _tried(begin: Begin) -> Generator[Work]:
    """Open a Work of which nothing is kept, however it ends."""
    with suppress(_NotKept), begin() as work:
        yield work
        _give_up()


def _give_up() -> None:
    raise _NotKept
