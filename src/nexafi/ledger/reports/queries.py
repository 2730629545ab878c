"""What a report asks of the books: sums by account over days, and lines in order.

A balance on any day is what was folded by month, more or less the lines of
the broken month, and the lines of entries not yet folded. What was recorded
after `known_at`, and closing entries where they would hide a result, are
taken away again: they are few. Only a dimension is summed line by line.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal,
    select,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute

from nexafi.kernel.data.work import Work
from nexafi.kernel.values.money import Money
from nexafi.ledger.reports import rules
from nexafi.ledger.reports.cash import is_cash
from nexafi.ledger.reports.general_ledger import Posted
from nexafi.ledger.reports.rules import DAY, Span
from nexafi.ledger.reports.statement import Account as Shown
from nexafi.ledger.reports.statement import Sums
from nexafi.ledger.tables import Account, Balance, BankAccount, Entry, Fresh, Line, Period, Seal

CLOSING: BindParameter[str] = bindparam(None, "closing", literal_execute=True)
"""Written into the statement, so that the partial index on closing entries serves."""
MID_MONTH = 15
ENTRIES_AT_ONCE = 2_000

Condition = ColumnElement[bool]


@dataclass(frozen=True)
class Chart:
    """The accounts of an organization, by id and as reports know them."""

    accounts: dict[UUID, Shown]
    currencies: dict[UUID, str | None]
    mirrored: frozenset[str]
    """The codes of accounts that mirror a bank account."""

    @property
    def shown(self) -> list[Shown]:
        """Return the accounts in the order of their codes."""
        return sorted(self.accounts.values(), key=lambda account: account.code)

    def id_of(self, code: str) -> UUID | None:
        """Return the id of the account of this code."""
        return next((id_ for id_, each in self.accounts.items() if each.code == code), None)

    def cash(self) -> list[UUID]:
        """Return the ids of the accounts that hold cash."""
        return [id_ for id_, each in self.accounts.items() if is_cash(each, self.mirrored)]

    def by_code(self, sums: Counter[UUID]) -> dict[str, int]:
        """Return *sums* by the code of the account."""
        return {self.accounts[id_].code: minor for id_, minor in sums.items() if minor}


@dataclass(frozen=True, slots=True)
class Scope:
    """What counts, besides the days: as known when, with which tag, with closing entries or not."""

    known_at: datetime | None = None
    with_closing: bool = True
    is_counted_up: bool = False
    """Whether to add up what was known, because more was recorded later than before."""


def scope(work: Work, *, known_at: datetime | None, with_closing: bool) -> Scope:
    """Return what counts; find out on which side of *known_at* fewer entries were recorded."""
    if known_at is None:
        return Scope(None, with_closing)
    later = func.sum(case((Entry.recorded_at > known_at, 1), else_=0))
    after, all_ = work.session.execute(select(later, func.count(Entry.id))).one()
    if not after:
        return Scope(None, with_closing)
    return Scope(known_at, with_closing, is_counted_up=2 * int(after) > all_)


def chart(work: Work) -> Chart:
    """Return the chart of accounts."""
    wanted = select(
        Account.id,
        Account.code,
        Account.name,
        Account.type,
        Account.subtype,
        Account.parent_id,
        Account.currency,
    )
    rows = work.session.execute(wanted).all()
    codes = {row.id: row.code for row in rows}
    accounts = {
        row.id: Shown(row.code, row.name, row.type, row.subtype, codes.get(row.parent_id))
        for row in rows
    }
    banks = work.session.scalars(select(BankAccount.account_id)).all()
    mirrored = frozenset(codes[id_] for id_ in banks if id_ in codes)
    return Chart(accounts, {row.id: row.currency for row in rows}, mirrored)


FRESH_MAX = 200
"""With more entries that are not sealed yet than these, the books have no edition."""


def edition(work: Work) -> str | None:
    """Return what tells the books as they are from the books at any other time; None if unknown.

    It covers all that a statement is drawn from: every entry (those in the chain by its last hash,
    the others by their ids), the chart, the accounts of banks, fiscal years, and how the
    organization counts its days and money.
    """
    fresh = work.session.scalars(select(Fresh.id).order_by(Fresh.id).limit(FRESH_MAX + 1)).all()
    if len(fresh) > FRESH_MAX:
        return None
    last = select(Seal.position, Seal.hash).order_by(Seal.position.desc()).limit(1)
    years = select(Period.id, Period.kind, Period.starts_on, Period.ends_on).order_by(Period.id)
    drawn = chart(work)
    state = (
        [tuple(row) for row in work.session.execute(last)],
        fresh,
        [tuple(row) for row in work.session.execute(years)],
        sorted(drawn.accounts.items(), key=str),
        sorted(drawn.currencies.items(), key=str),
        sorted(drawn.mirrored),
        work.context.known,
    )
    return hashlib.sha256(repr(state).encode()).hexdigest()


def fiscal_year_start(work: Work, day: date) -> date:
    """Return the first day of the fiscal year of *day*: as was declared, or as years usually run.

    A first or last fiscal year may be shorter or longer than others.
    """
    declared = select(Period.starts_on).where(
        Period.kind == "year", Period.starts_on <= day, Period.ends_on >= day
    )
    usual = work.context.known.fiscal_year_start
    return work.session.scalar(declared) or rules.fiscal_year_start(day, usual)


def sums(work: Work, chart: Chart, span: Span, scope: Scope) -> Sums:
    """Return what each account adds up to over *span*, in the base currency, by code."""
    if span.tag is not None:
        return _tagged(work, chart, span, scope).get(span.tag[1], {})
    found = totals(work, list(chart.accounts), span, scope)
    return chart.by_code(Counter({id_: base for id_, (base, _) in found.items()}))


def sums_by_tag(
    work: Work, chart: Chart, span: Span, dimension: str, scope: Scope
) -> dict[str | None, Sums]:
    """Return the sums over *span* by the value of a dimension; None for entries without it."""
    tagged = Span(span.ends_on, span.starts_on, tag=(dimension, None))
    return _tagged(work, chart, tagged, scope)


Totals = dict[UUID, tuple[int, int]]
"""By account: minor units of the base currency, and of the lines' own currencies."""


def totals(work: Work, accounts: Sequence[UUID], span: Span, scope: Scope) -> Totals:
    """Return what each of *accounts* adds up to over *span*: its folded months and what is not."""
    base: Counter[UUID] = Counter()
    own: Counter[UUID] = Counter()

    def take(sign: int, wanted: Select[UUID, int, int]) -> None:
        for id_, base_minor, minor in work.session.execute(wanted):
            if id_ is not None:
                base[id_] += sign * int(base_minor)
                own[id_] += sign * int(minor)

    days = _days(Entry.date, span)
    if scope.is_counted_up and len(accounts) > 1:
        take(1, _of_entries(accounts, *days, *conditions(scope)))
        return {id_: (base[id_], own[id_]) for id_ in base}
    until, tails = _whole_months(span.ends_on)
    since, heads = (None, []) if span.starts_on is None else _whole_months(span.starts_on - DAY)
    take(1, _folded(accounts, since, until))
    take(1, _not_folded(accounts, since, until))
    for sign, first, last in tails:
        take(sign, _lines(accounts, first, last))
    for sign, first, last in heads:
        take(-sign, _lines(accounts, first, last))
    if scope.known_at is not None:
        take(-1, _of_entries(accounts, *days, Entry.recorded_at > scope.known_at))
    if not scope.with_closing:
        known = [] if scope.known_at is None else [Entry.recorded_at <= scope.known_at]
        take(-1, _of_entries(accounts, *days, *known, Entry.kind == CLOSING))
    return {id_: (base[id_], own[id_]) for id_ in base}


def _whole_months(through: date) -> tuple[date, list[tuple[int, date, date]]]:
    """Return before which month all is counted to reach *through*, and which lines to add or take.

    In the second half of a month fewer lines are to be taken away than added.
    """
    first, last = rules.month_start(through), rules.month_end(through)
    if through == last:
        return last + DAY, []
    if through.day <= MID_MONTH:
        return first, [(1, first, through)]
    return last + DAY, [(-1, through + DAY, last)]


def _folded(accounts: Sequence[UUID], since: date | None, until: date) -> Select[UUID, int, int]:
    """Select the folded months from *since* to before *until*."""
    wanted = (
        select(Balance.account_id, func.sum(Balance.base_minor), func.sum(Balance.minor))
        .where(Balance.month < until, *_among(Balance.account_id, accounts))
        .group_by(Balance.account_id)
    )
    return wanted if since is None else wanted.where(Balance.month >= since)


def _not_folded(
    accounts: Sequence[UUID], since: date | None, until: date
) -> Select[UUID, int, int]:
    """Select the lines of fresh entries dated from *since* to before *until*."""
    days = [Line.date < until] if since is None else [Line.date >= since, Line.date < until]
    own = and_(Line.entry_id == Fresh.id, *days, *_among(Line.account_id, accounts))
    return _summed().select_from(Fresh).outerjoin(Line, own)


def _lines(accounts: Sequence[UUID], first: date, last: date) -> Select[UUID, int, int]:
    """Select the lines of some days."""
    return _summed().where(Line.account_id.in_(accounts), Line.date >= first, Line.date <= last)


def _of_entries(accounts: Sequence[UUID], *met: Condition) -> Select[UUID, int, int]:
    """Select the lines of entries that meet some conditions; one account begins with its lines."""
    if len(accounts) == 1:
        return (
            _summed()
            .join(Entry, Entry.id == Line.entry_id)
            .where(Line.account_id == accounts[0], *met)
        )
    own = Line.entry_id == Entry.id
    return _summed().select_from(Entry).outerjoin(Line, own).where(*met)


def _summed() -> Select[UUID, int, int]:
    """Select sums by account.

    Joined from the left to lines: SQLite then begins with the few rows that
    stand there. Left to choose, it reads every line. An account of None has no lines.
    """
    return select(Line.account_id, func.sum(Line.base_minor), func.sum(Line.minor)).group_by(
        Line.account_id
    )


def _among(column: InstrumentedAttribute[UUID], accounts: Sequence[UUID]) -> list[Condition]:
    """Return the condition that confines to one account; many are sorted out by their sums."""
    return [column == accounts[0]] if len(accounts) == 1 else []


def _days(column: InstrumentedAttribute[date], span: Span) -> list[Condition]:
    since = [] if span.starts_on is None else [column >= span.starts_on]
    return [*since, column <= span.ends_on]


def _tagged(work: Work, chart: Chart, span: Span, scope: Scope) -> dict[str | None, Sums]:
    """Return the sums over *span* by the value of its dimension, summed line by line."""
    assert span.tag is not None
    value = tag_value(span.tag[0])
    wanted = (
        select(value, Line.account_id, func.sum(Line.base_minor))
        .select_from(Entry)
        .outerjoin(Line, Line.entry_id == Entry.id)
        .where(*_days(Entry.date, span), *conditions(scope))
        .group_by(value, Line.account_id)
    )
    found: dict[str | None, dict[str, int]] = {}
    for each, account_id, minor in work.session.execute(wanted):
        found.setdefault(each, {})[chart.accounts[account_id].code] = int(minor)
    return dict(found)


def tag_value(dimension: str) -> ColumnElement[str | None]:
    """Return the value that an entry has in a dimension; null if it has none."""
    value: ColumnElement[str | None] = Entry.tags[dimension].as_string()
    return value


def conditions(scope: Scope, tag: tuple[str, str | None] | None = None) -> list[Condition]:
    """Return what an entry must be to count within *scope*."""
    found: list[Condition] = []
    if scope.known_at is not None:
        found.append(Entry.recorded_at <= scope.known_at)
    if not scope.with_closing:
        found.append(Entry.kind != CLOSING)
    if tag is not None:
        dimension, value = tag
        own = tag_value(dimension)
        found.append(own.is_(None) if value is None else own == value)
    return found


def cash_flows(
    work: Work, chart: Chart, span: Span, scope: Scope
) -> tuple[dict[str, int], dict[str, int]]:
    """Return what the other lines of entries that touch cash add up to, by account.

    First of the entries that brought cash in all, then of those that took it;
    entries that only moved cash between its accounts are in neither.
    """
    cash = chart.cash()
    met = conditions(scope, span.tag)
    moving = (
        select(Line.entry_id, func.sum(Line.base_minor).label("net"))
        .select_from(Account)
        .outerjoin(Line, and_(Line.account_id == Account.id, *_days(Line.date, span)))
    )
    moving = moving.join(Entry, Entry.id == Line.entry_id) if met else moving
    moved = (
        moving.where(Account.id.in_(cash), *met)
        .group_by(Line.entry_id)
        .having(func.sum(Line.base_minor) != 0)
        .subquery()
    )
    came = moved.c.net > 0
    other = and_(Line.entry_id == moved.c.entry_id, Line.account_id.not_in(cash))
    wanted = (
        select(Line.account_id, came, func.sum(Line.base_minor))
        .select_from(moved)
        .outerjoin(Line, other)
        .group_by(Line.account_id, came)
    )
    brought: dict[str, int] = {}
    took: dict[str, int] = {}
    for account_id, is_in, minor in work.session.execute(wanted):
        assert account_id is not None, "an entry that moves cash has another line"
        (brought if is_in else took)[chart.accounts[account_id].code] = int(minor)
    return brought, took


Place = tuple[date, UUID]
"""Where a line stands in the order of its account: its date, and its id."""


def active(work: Work, span: Span) -> list[UUID]:
    """Return the accounts that have a line within *span*, in the order of their codes."""
    moved = select(Line.id).where(Line.account_id == Account.id, *_days(Line.date, span)).exists()
    return list(work.session.scalars(select(Account.id).where(moved).order_by(Account.code)))


def lines(
    work: Work, account: UUID, span: Span, scope: Scope, *, after: Place | None, limit: int
) -> list[Posted]:
    """Return up to *limit* lines of an account within *span*, in order, from *after* on."""
    base_currency = work.context.known.base_currency
    wanted = (
        select(
            Line.id,
            Line.entry_id,
            Line.date,
            func.coalesce(Line.description, Entry.description).label("description"),
            Line.minor,
            Line.currency,
            Line.base_minor,
            Seal.number,
            Entry.reference,
            Entry.source,
        )
        .join(Entry, Entry.id == Line.entry_id)
        .outerjoin(Seal, Seal.id == Line.entry_id)
        .where(Line.account_id == account, *_days(Line.date, span), *conditions(scope, span.tag))
        .order_by(Line.date, Line.id)
        .limit(limit)
    )
    if after is not None:
        wanted = wanted.where(tuple_(Line.date, Line.id) > _place(after))
    return [
        Posted(
            id=row.id,
            entry_id=row.entry_id,
            date=row.date,
            description=row.description,
            amount=Money(row.minor, row.currency),
            base=Money(row.base_minor, base_currency),
            number=row.number,
            reference=row.reference,
            source=row.source,
        )
        for row in work.session.execute(wanted)
    ]


def standing(
    work: Work, account: UUID, span: Span, scope: Scope, after: Place | None
) -> tuple[int, int]:
    """Return what an account stood at before *span*, or after the line at *after* within it.

    In minor units of the base currency, and of the account's own.
    """
    first = after[0] if after is not None else span.starts_on
    if first is None:
        return 0, 0
    before = Span(first - DAY, tag=span.tag)
    if span.tag is None:
        base, own = totals(work, [account], before, scope).get(account, (0, 0))
    else:
        met = [*_days(Entry.date, before), *conditions(scope, span.tag)]
        base, own = _one(work, _of_entries([account], *met))
    if after is not None:
        same_day = [Line.date == after[0], tuple_(Line.date, Line.id) <= _place(after)]
        met = [*same_day, *conditions(scope, span.tag)]
        more, more_own = _one(work, _of_entries([account], *met))
        base, own = base + more, own + more_own
    return base, own


def counters(work: Work, account: UUID, entries: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Return the codes of the accounts that stand against *account* in each of *entries*."""
    found: dict[UUID, list[str]] = {}
    for first in range(0, len(entries), ENTRIES_AT_ONCE):
        some = entries[first : first + ENTRIES_AT_ONCE]
        wanted = (
            select(Line.entry_id, Account.code)
            .join(Account, Account.id == Line.account_id)
            .where(Line.entry_id.in_(some), Line.account_id != account)
            .distinct()
            .order_by(Account.code)
        )
        for entry_id, code in work.session.execute(wanted):
            found.setdefault(entry_id, []).append(code)
    return found


def _one(work: Work, wanted: Select[UUID, int, int]) -> tuple[int, int]:
    """Return the sums of the one account that *wanted* asks for."""
    row = work.session.execute(wanted).first()
    return (int(row[1]), int(row[2])) if row else (0, 0)


def _place(place: Place) -> ColumnElement[tuple[date, UUID]]:
    return tuple_(literal(place[0], Line.date.type), literal(place[1], Line.id.type))
