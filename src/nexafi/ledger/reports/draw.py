"""A report, drawn from the books: which columns, what they sum to, laid out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from nexafi.kernel.data.context import Home
from nexafi.kernel.data.work import Work
from nexafi.kernel.values.money import Money
from nexafi.ledger.errors import AccountNotFound, ReportTooLarge
from nexafi.ledger.reports import (
    balance_sheet,
    cash,
    general_ledger,
    income_statement,
    queries,
    rules,
    trial_balance,
)
from nexafi.ledger.reports.general_ledger import AccountLedger
from nexafi.ledger.reports.queries import Chart, Scope
from nexafi.ledger.reports.rules import DAY, Span
from nexafi.ledger.reports.statement import Statement, Sums
from nexafi.ledger.reports.trial_balance import TrialBalance


@dataclass(frozen=True, slots=True)
class Asked:
    """What someone would like to see."""

    starts_on: date
    ends_on: date
    compare: str | None = None
    known_at: datetime | None = None
    dimension: str | None = None
    value: str | None = None
    """The one value of the dimension that is wanted; None for a column for each."""
    with_closing: bool = True
    """Whether closing entries count."""


def drawn_trial_balance(work: Work, asked: Asked) -> TrialBalance:
    """Draw the trial balance: all that was posted, closing entries included."""
    chart = queries.chart(work)
    spans = rules.balances(asked.ends_on, asked.compare, home(work).fiscal_year_start)
    columns, sums = _columns(work, chart, spans, asked, scope_of(work, asked))
    return trial_balance.lay_out(chart.shown, columns, sums)


def drawn_income_statement(work: Work, asked: Asked) -> Statement:
    """Draw the income statement; ask without closing entries, or a closed year shows nothing."""
    chart = queries.chart(work)
    fiscal = home(work).fiscal_year_start
    spans = rules.movements(asked.starts_on, asked.ends_on, asked.compare, fiscal)
    columns, sums = _columns(work, chart, spans, asked, scope_of(work, asked))
    return income_statement.lay_out(chart.shown, columns, sums)


def drawn_balance_sheet(work: Work, asked: Asked) -> Statement:
    """Draw the balance sheet, with the earnings that no closing entry has moved yet."""
    chart = queries.chart(work)
    spans = rules.balances(asked.ends_on, asked.compare, home(work).fiscal_year_start)
    scope = scope_of(work, asked)
    columns, sums = _columns(work, chart, spans, asked, scope)
    earlier: dict[Span, int] = {}
    results = []
    for span in columns:
        last = _before_fiscal_year(work, span)
        if last not in earlier:
            sums_then = queries.sums(work, chart, last, scope)
            earlier[last] = income_statement.result(chart.shown, sums_then)
        results.append(earlier[last])
    return balance_sheet.lay_out(chart.shown, columns, sums, results)


def _before_fiscal_year(work: Work, span: Span) -> Span:
    """Return all days before the fiscal year in which *span* ends."""
    return Span(queries.fiscal_year_start(work, span.ends_on) - DAY, tag=span.tag)


def drawn_cash(work: Work, asked: Asked) -> Statement:
    """Draw the cash summary, a column for each month unless a comparison is asked for."""
    chart = queries.chart(work)
    scope = scope_of(work, asked)
    spans = rules.months(asked.starts_on, asked.ends_on)
    if asked.compare is not None:
        fiscal = home(work).fiscal_year_start
        spans = rules.movements(asked.starts_on, asked.ends_on, asked.compare, fiscal)
    columns, _ = _columns(work, chart, spans, asked, scope)
    held = [chart.accounts[id_] for id_ in chart.cash()]
    flows = []
    for span in columns:
        assert span.starts_on is not None
        before = queries.sums(work, chart, Span(span.starts_on - DAY, tag=span.tag), scope)
        after = queries.sums(work, chart, replace(span, starts_on=None), scope)
        came, went = queries.cash_flows(work, chart, span, scope)
        opening = sum(before.get(account.code, 0) for account in held)
        closing = {account.code: after.get(account.code, 0) for account in held}
        flows.append(cash.Flow(opening, came, went, closing))
    return cash.lay_out(chart.shown, held, columns, flows)


def _columns(
    work: Work, chart: Chart, spans: list[Span], asked: Asked, scope: Scope
) -> tuple[list[Span], list[Sums]]:
    """Return the columns that *spans* become by the dimension asked for, and their sums."""
    if asked.dimension is None:
        return spans, [queries.sums(work, chart, span, scope) for span in spans]
    by_value = [queries.sums_by_tag(work, chart, s, asked.dimension, scope) for s in spans]
    values: list[str | None]
    if asked.value is not None:
        values = [asked.value]
    else:
        known = {value for each in by_value for value in each if value is not None}
        values = [*sorted(known), None]
    columns = rules.tagged(spans, asked.dimension, values)
    return columns, [each.get(value, {}) for each in by_value for value in values]


Cursor = tuple[str, date, UUID]
"""The code of an account, and the date and id of the last line of it that was shown."""


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """Some lines of the general ledger, and after which line the next page begins."""

    ledgers: tuple[AccountLedger, ...]
    next: Cursor | None


def ledger_page(
    work: Work, asked: Asked, *, code: str | None, after: Cursor | None, limit: int
) -> LedgerPage:
    """Draw up to *limit* lines, account by account, from the line at *after* on."""
    chart = queries.chart(work)
    span, scope = span_of(asked), scope_of(work, asked)
    wanted = queries.active(work, span) if code is None else [account_id(chart, code)]
    found: list[AccountLedger] = []
    room = limit
    for account in wanted:
        shown = chart.accounts[account]
        if after is not None and shown.code < after[0]:
            continue
        place = after[1:] if after is not None and shown.code == after[0] else None
        posted = queries.lines(work, account, span, scope, after=place, limit=room + 1)
        fits = posted[:room]
        if fits or code is not None:
            base, foreign = queries.standing(work, account, span, scope, place)
            opening = Money(base, home(work).base_currency)
            currency = chart.currencies[account]
            own = Money(foreign, currency) if currency is not None else None
            found.append(general_ledger.run(shown, opening, fits, own))
            room -= len(fits)
        if len(posted) > len(fits):
            return LedgerPage(tuple(found), _last(found))
    return LedgerPage(tuple(found), None)


def whole_ledger(work: Work, asked: Asked, *, code: str | None, lines_max: int) -> LedgerPage:
    """Draw all lines, and the accounts that only stand at something; refuse too many."""
    page = ledger_page(work, asked, code=code, after=None, limit=lines_max)
    if page.next is not None:
        raise ReportTooLarge(
            f"This would be more than {lines_max} lines; ask for fewer days or for one account."
        )
    if code is not None:
        return page
    chart = queries.chart(work)
    drawn = {ledger.account.code for ledger in page.ledgers}
    before = replace(span_of(asked), starts_on=None, ends_on=asked.starts_on - DAY)
    stood = queries.sums(work, chart, before, scope_of(work, asked))
    idle = [
        AccountLedger(account, Money(stood[account.code], home(work).base_currency), ())
        for account in chart.shown
        if account.code not in drawn and stood.get(account.code)
    ]
    both = sorted([*page.ledgers, *idle], key=lambda ledger: ledger.account.code)
    return LedgerPage(tuple(both), None)


def against(work: Work, page: LedgerPage) -> dict[UUID, list[str]]:
    """Return against which accounts the entries of a page of one account stand."""
    (ledger,) = page.ledgers
    account = account_id(queries.chart(work), ledger.account.code)
    return queries.counters(work, account, [each.line.entry_id for each in ledger.lines])


def scope_of(work: Work, asked: Asked) -> Scope:
    """Return what counts, besides the days."""
    return queries.scope(work, known_at=asked.known_at, with_closing=asked.with_closing)


def span_of(asked: Asked) -> Span:
    """Return the one span of days that was asked for."""
    tag = (asked.dimension, asked.value) if asked.dimension is not None else None
    return Span(asked.ends_on, asked.starts_on, tag=tag)


def account_id(chart: Chart, code: str) -> UUID:
    """Return the account of this code, or raise."""
    if (found := chart.id_of(code)) is None:
        raise AccountNotFound(f"There is no account {code}.")
    return found


def _last(ledgers: list[AccountLedger]) -> Cursor:
    last = ledgers[-1]
    return last.account.code, last.lines[-1].line.date, last.lines[-1].line.id


def home(work: Work) -> Home:
    """Return what the reports must know of the organization."""
    return work.context.known
