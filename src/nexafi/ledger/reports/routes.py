"""The reports over HTTP, as JSON or as a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.metadata import version

from pydantic import BaseModel

from nexafi.contracts.ledger.permissions import LedgerPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.shared.cache import Cache
from nexafi.kernel.web.downloads import Download, Written
from nexafi.kernel.web.endpoints import Routes
from nexafi.kernel.web.export import Format, export
from nexafi.ledger.errors import SpanInvalid
from nexafi.ledger.reports import draw, papers, queries
from nexafi.ledger.reports.draw import Asked
from nexafi.ledger.reports.schemas import (
    PREFIX,
    ComparedQuery,
    LedgerOut,
    LedgerQuery,
    RegisterOut,
    RegisterQuery,
    ReportQuery,
    StatementOut,
    TrialBalanceOut,
)
from nexafi.ledger.reports.statement import Statement

LINES_MAX = 50_000
"""Lines of a general ledger in one CSV or XLSX file."""
PRINTED_LINES_MAX = 10_000
"""Lines of a general ledger in one PDF."""

routes = Routes(PREFIX)


@routes.get("/trial-balance", needs=May.REPORT_READ, gives=TrialBalanceOut, report=True)
def read_trial_balance(work: Work, query: ComparedQuery, cache: Cache) -> Written | Download:
    """Return every account with its net on the debit or the credit side, as of a day."""
    asked = _asked(work, query)

    def out() -> TrialBalanceOut:
        drawn = draw.drawn_trial_balance(work, asked)
        return TrialBalanceOut.of(drawn, asked, work.context.known.base_currency)

    if query.format is Format.JSON:
        return _kept(work, cache, ("trial-balance", asked), out)
    drawn = draw.drawn_trial_balance(work, asked)
    return export(papers.of_trial_balance(work.context, drawn, asked), query.format)


@routes.get("/income-statement", needs=May.REPORT_READ, gives=StatementOut, report=True)
def read_income_statement(work: Work, query: ComparedQuery, cache: Cache) -> Written | Download:
    """Return what was earned and spent over some days, without closing entries.

    Revenue and expenses are both positive; profit is revenue less expenses.
    """
    asked = replace(_asked(work, query), with_closing=False)
    return _answer(work, cache, draw.drawn_income_statement, asked, query)


@routes.get("/balance-sheet", needs=May.REPORT_READ, gives=StatementOut, report=True)
def read_balance_sheet(work: Work, query: ComparedQuery, cache: Cache) -> Written | Download:
    """Return what is owned and owed as of a day, with the running year's earnings in equity."""
    asked = _asked(work, query)
    return _answer(work, cache, draw.drawn_balance_sheet, asked, query)


@routes.get("/cash", needs=May.REPORT_READ, gives=StatementOut, report=True)
def read_cash(work: Work, query: ComparedQuery, cache: Cache) -> Written | Download:
    """Return what cash came in and went out, month by month, and against which accounts."""
    asked = _asked(work, query)
    return _answer(work, cache, draw.drawn_cash, asked, query)


@routes.get("/general-ledger", needs=May.REPORT_READ, gives=LedgerOut, report=True)
def read_general_ledger(work: Work, query: LedgerQuery) -> LedgerOut | Download:
    """Return the lines of all accounts or of one, in order, each with the balance after it."""
    asked = _asked(work, query)
    if query.format is Format.JSON:
        page = draw.ledger_page(
            work, asked, code=query.account, after=query.after, limit=query.limit
        )
        return LedgerOut.of(page, work.context.known.base_currency)
    page = draw.whole_ledger(work, asked, code=query.account, lines_max=_lines_max(query.format))
    return export(papers.of_ledger(work.context, page, asked), query.format)


@routes.get("/register", needs=May.REPORT_READ, gives=RegisterOut, report=True)
def read_register(work: Work, query: RegisterQuery) -> RegisterOut | Download:
    """Return the lines of one account, each with the accounts it stands against."""
    asked = _asked(work, query)
    if query.format is Format.JSON:
        page = draw.ledger_page(
            work, asked, code=query.account, after=query.after, limit=query.limit
        )
    else:
        most = _lines_max(query.format)
        page = draw.whole_ledger(work, asked, code=query.account, lines_max=most)
    against = draw.against(work, page)
    if query.format is Format.JSON:
        return RegisterOut.of(page, against, work.context.known.base_currency)
    return export(papers.of_register(work.context, page, against, asked), query.format)


def _answer(
    work: Work,
    cache: Cache,
    draw_: Callable[[Work, Asked], Statement],
    asked: Asked,
    query: ComparedQuery,
) -> Written | Download:
    """Return a statement as it was asked for."""

    def drawn() -> Statement:
        found = draw_(work, asked)
        if query.change and len(found.columns) != 2:
            raise SpanInvalid("A change is between two columns; compare with one earlier span.")
        return found

    def out() -> StatementOut:
        currency = work.context.known.base_currency
        return StatementOut.of(drawn(), asked, currency, changes=query.change)

    if query.format is Format.JSON:
        return _kept(work, cache, (draw_.__name__, asked, query.change), out)
    table = papers.of_statement(work.context, drawn(), asked, changes=query.change)
    return export(table, query.format)


def _kept(
    work: Work, cache: Cache, question: tuple[object, ...], out: Callable[[], BaseModel]
) -> Written:
    """Return what was written for the same question when the books were the same, if it is kept."""
    edition = queries.edition(work)
    if edition is None:
        return Written.of(out())
    whole = (version("nexafi"), *question, edition)
    return Written(
        cache.get("report", work.organization_id, whole, lambda: Written.of(out()).content)
    )


def _asked(work: Work, query: ReportQuery) -> Asked:
    """Return the question, with what was left out."""
    return query.asked(work.context, partial(queries.fiscal_year_start, work))


def _lines_max(format_: Format) -> int:
    return PRINTED_LINES_MAX if format_ is Format.PDF else LINES_MAX
