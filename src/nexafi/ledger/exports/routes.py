"""Exports over HTTP."""

from __future__ import annotations

from nexafi.contracts.ledger.permissions import LedgerPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.web.downloads import Download
from nexafi.kernel.web.endpoints import Routes
from nexafi.ledger.exports import beancount, hledger, queries
from nexafi.ledger.exports.schemas import ExportQuery

routes = Routes("/api/v1/ledger/export")

WRITERS = {"hledger": (hledger.write, "journal"), "beancount": (beancount.write, "beancount")}


@routes.get("", needs=May.REPORT_READ, gives=None, files=["text/plain"], report=True)
def export_books(work: Work, query: ExportQuery) -> Download:
    """Return the whole books as an hledger journal or a beancount ledger."""
    write, ending = WRITERS[query.format]
    text = "".join(write(queries.book(work)))
    return Download(text.encode(), "text/plain; charset=utf-8", f"books.{ending}")
