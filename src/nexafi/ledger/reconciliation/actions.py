"""What one does to bring bank and books together. Each deed can be undone, none is erased."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import delete

from nexafi.contracts.ledger.permissions import LedgerPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.trust import audit
from nexafi.kernel.values.ids import new_id
from nexafi.kernel.values.money import Money
from nexafi.ledger.banking import queries as banking
from nexafi.ledger.errors import (
    LineReconciled,
    LineSettled,
    NothingToReconcile,
    PeriodClosed,
    ReconciliationUndone,
    SharesUnfit,
    SidesDiffer,
)
from nexafi.ledger.journal import actions as journal
from nexafi.ledger.journal import queries as entries
from nexafi.ledger.journal.rules import Draft, Leg
from nexafi.ledger.reconciliation import queries, rules
from nexafi.ledger.tables import (
    BankAccount,
    Line,
    ReconciledLine,
    ReconciledStatementLine,
    Reconciliation,
    StatementLine,
)

NOTHING: Mapping[str, Any] = MappingProxyType({})
DESCRIPTION_MAX = 500
"""Characters that the journal keeps of a description."""


@dataclass(frozen=True, slots=True)
class Split:
    """A part of a line's amount, and the account that it belongs to."""

    account: str
    amount: Money
    """Positive when money came in, as on the statement."""
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Booking:
    """How a statement line becomes an entry."""

    splits: tuple[Split, ...]
    description: str | None = None
    date: dt.date | None = None
    base: Money | None = None
    """The worth of the whole line in the base currency, where its own is another."""
    tags: Mapping[str, str] = field(default_factory=dict)
    detail: Mapping[str, Any] = field(default_factory=dict)
    """What else is to be remembered of the decision."""


def post(work: Work, line: StatementLine, booking: Booking) -> Reconciliation:
    """Post the entry of a statement line, once, and reconcile the two."""
    _check_new([line])
    strange = {split.amount.currency for split in booking.splits} - {line.currency}
    if strange or sum(split.amount.minor for split in booking.splits) != line.minor:
        raise SharesUnfit(f"The parts must add up to {line.amount.text} {line.currency}.")
    account = line.bank_account
    legs = [Leg(account.account.code, line.amount, booking.base)]
    legs += [Leg(s.account, -s.amount, None, s.description) for s in booking.splits]
    draft = Draft(
        date=booking.date or line.booked_on,
        description=(booking.description or said(line))[:DESCRIPTION_MAX],
        legs=tuple(legs),
        source=_source(line),
        reference=line.reference,
        tags=booking.tags,
    )

    posted = journal.post(work, draft)

    line.attempts += 1
    own = queries.lines_on(work, [posted.id], account.account_id)[:1]
    detail = {"accounts": [split.account for split in booking.splits], **booking.detail}
    return _record(
        work,
        account,
        "posted",
        [line],
        [each.id for each in own],
        entry_id=posted.id,
        detail=detail,
    )


def said(line: StatementLine) -> str:
    """Return the words of a statement line, as the journal describes it."""
    if line.counterparty and line.counterparty.casefold() not in line.description.casefold():
        return f"{line.counterparty}: {line.description}".removesuffix(": ")
    return line.description or line.kind or "Bank movement"


def _source(line: StatementLine) -> str:
    """Return by what the journal knows the line's entry; after an undo it is another."""
    again = f"/{line.attempts + 1}" if line.attempts else ""
    return f"statement-line/{line.id}{again}"


def _check_new(lines: Sequence[StatementLine]) -> None:
    if settled := [str(line.id) for line in lines if line.state != "new"]:
        raise LineSettled(
            "Somebody decided on it already; undo that first.", statement_lines=settled
        )


def ignore(work: Work, line: StatementLine, *, reason: str | None) -> Reconciliation:
    """Leave a statement line out of the books."""
    _check_new([line])
    return _record(work, line.bank_account, "ignored", [line], [], reason=reason)


def transfer(work: Work, one: StatementLine, other: StatementLine) -> Reconciliation:
    """Post one entry for two statement lines of own bank accounts; return that of *one*."""
    _check_new([one, other])
    if one.bank_account_id == other.bank_account_id or one.minor * other.minor >= 0:
        raise NothingToReconcile("A transfer leaves one bank account and comes to another.")
    leaving = min((one, other), key=lambda line: line.minor)
    draft = Draft(
        date=min(one.booked_on, other.booked_on),
        description=said(leaving)[:DESCRIPTION_MAX],
        legs=tuple(
            Leg(line.bank_account.account.code, line.amount, None, said(line)[:DESCRIPTION_MAX])
            for line in (one, other)
        ),
        source=_source(leaving),
        reference=leaving.reference,
    )
    posted = journal.post(work, draft)
    leaving.attempts += 1
    made = []
    for line in (one, other):
        account = line.bank_account
        own = [each.id for each in queries.lines_on(work, [posted.id], account.account_id)]
        detail = {"transfer": [str(one.id), str(other.id)]}
        made.append(
            _record(work, account, "posted", [line], own, entry_id=posted.id, detail=detail)
        )
    return made[0]


@dataclass(frozen=True, slots=True)
class Match:
    """What is the same money, by ids."""

    bank_account_id: UUID
    statement_lines: Sequence[UUID] = ()
    lines: Sequence[UUID] = ()
    """Lines of the books."""
    entries: Sequence[UUID] = ()
    """Entries whose free lines on the bank's account are meant."""
    difference_account: str | None = None
    description: str | None = None
    way: str = "by hand"


def match(work: Work, wanted: Match) -> Reconciliation:
    """Reconcile statement lines with lines of the books; a difference goes to an account.

    Lines of the books alone may be brought together too, if they cancel out.
    """
    account = banking.bank_account(work, wanted.bank_account_id)
    ours, theirs = _statement_lines(work, account, wanted), _lines(work, account, wanted)

    off = sum(line.minor for line in ours) - sum(each.minor for each in theirs)
    if not theirs or (not ours and (off or len(theirs) < 2)):
        raise NothingToReconcile("Name lines on both sides, or lines of the books that cancel out.")
    difference = Money(off, account.currency)
    if off and wanted.difference_account is None:
        raise SidesDiffer(
            f"The statement has {difference.text} {difference.currency} more than the books; name"
            " a `difference_account`, such as one for fees.",
            difference={"amount": difference.text, "currency": difference.currency},
        )

    made_id, held = new_id(), [each.id for each in theirs]
    entry_id: UUID | None = None
    if off:
        draft = Draft(
            date=max(line.booked_on for line in ours),
            description=wanted.description or f"Difference: {said(ours[0])}"[:DESCRIPTION_MAX],
            legs=(
                Leg(account.account.code, difference),
                Leg(wanted.difference_account or "", -difference),
            ),
            source=f"reconciliation/{made_id}",
        )
        entry_id = journal.post(work, draft).id
        held += [each.id for each in queries.lines_on(work, [entry_id], account.account_id)][:1]
    detail = {"by": wanted.way, "difference_minor": off}
    if len(theirs) == 1:
        detail["accounts"] = queries.other_accounts(work, theirs[0])
    way = "matched" if ours else "reversed"
    return _record(
        work, account, way, ours, held, entry_id=entry_id, detail=detail, made_id=made_id
    )


def _statement_lines(work: Work, account: BankAccount, wanted: Match) -> list[StatementLine]:
    """Return the statement lines of a match, which nobody has decided on."""
    ours = banking.statement_lines_by_id(work, sorted(set(wanted.statement_lines)), lock=True)
    if strange := [str(line.id) for line in ours if line.bank_account_id != account.id]:
        raise NothingToReconcile(
            f"Some lines are of another bank account than {account.name}.", statement_lines=strange
        )
    _check_new(ours)
    return ours


def _lines(work: Work, account: BankAccount, wanted: Match) -> list[Line]:
    """Return the free lines of the books of a match."""
    theirs = {each.id: each for each in queries.free_lines(work, account, set(wanted.lines))}
    if missing := sorted(str(each) for each in set(wanted.lines) - theirs.keys()):
        raise LineReconciled(
            f"Some lines are not on account {account.account.code}, or are reconciled already.",
            lines=missing,
        )
    for entry_id in wanted.entries:
        entries.entry(work, entry_id)  # raises if it is not there
    of_entries = queries.free_lines_of(work, account, set(wanted.entries))
    without = set(wanted.entries) - {line.entry_id for line in of_entries}
    if without:
        raise LineReconciled(
            f"Some entries have no free line on account {account.account.code}.",
            entries=sorted(map(str, without)),
        )
    return list((theirs | {each.id: each for each in of_entries}).values())


def match_certain(
    work: Work, bank_account_id: UUID, *, until: dt.date | None = None
) -> list[Reconciliation]:
    """Match what can be nothing else: the same amount, near in time, without a rival."""
    account = banking.bank_account(work, bank_account_id, lock=True)
    ours = [item for item, _, _ in queries.open_at_bank(work, [account.id], until=until)]
    if not ours:
        return []
    books = queries.open_in_books(work, account, since=ours[0].on, until=ours[-1].on)

    certain = rules.certain(ours, books)

    return [
        match(
            work,
            Match(account.id, each.statement_lines, each.lines, way="by itself"),
        )
        for each in certain.values()
    ]


def _record(
    work: Work,
    account: BankAccount,
    way: str,
    lines: Sequence[StatementLine],
    line_ids: Sequence[UUID],
    *,
    entry_id: UUID | None = None,
    detail: Mapping[str, Any] = NOTHING,
    reason: str | None = None,
    made_id: UUID | None = None,
) -> Reconciliation:
    """Write a reconciliation with its parts."""
    made = Reconciliation(
        id=made_id or new_id(),
        bank_account_id=account.id,
        way=way,
        reason=reason,
        entry_id=entry_id,
        detail={**detail, "statement_lines": [str(line.id) for line in lines]},
        made_by=work.context.actor,
        made_at=work.context.now,
    )
    work.session.add(made)
    work.session.flush()
    work.session.add_all(
        ReconciledStatementLine(reconciliation_id=made.id, statement_line_id=line.id)
        for line in lines
    )
    work.session.add_all(
        ReconciledLine(reconciliation_id=made.id, line_id=line_id) for line_id in line_ids
    )
    for line in lines:
        line.state = "ignored" if way == "ignored" else "settled"
    work.session.flush()
    audit.note(work, May.RECONCILIATION_EDIT, f"reconciliation/{made.id}")
    return made


def undo(
    work: Work, reconciliation_id: UUID, *, day: dt.date | None = None, reason: str | None = None
) -> Reconciliation:
    """Take a decision back: its lines are open again, and an entry made for it is reversed.

    Whatever else leans on that entry (the other half of a transfer) is taken back
    with it. The reversal is dated *day*; without one as the entry itself, or
    today if its period is closed.
    """
    found = queries.reconciliation(work, reconciliation_id, lock=True)
    if found.undone_at is not None:
        raise ReconciliationUndone(f"It was undone by {found.undone_by}.")

    pending, seen = [found], {found.id}
    reversed_ids: list[UUID] = []
    for each in pending:
        _release(work, each)
        if each.entry_id is None or each.entry_id in reversed_ids:
            continue
        reversed_ids.append(each.entry_id)
        for other in queries.leaning_on(work, each.entry_id):
            if other.id not in seen:
                seen.add(other.id)
                pending.append(other)
    for entry_id in reversed_ids:
        _reverse(work, entry_id, day, reason or "Taken back at the bank reconciliation")
    return found


def _release(work: Work, row: Reconciliation) -> None:
    """Let go of the lines of a reconciliation."""
    [shown] = queries.with_parts(work, [row])
    for line in banking.statement_lines_by_id(work, shown.statement_lines, lock=True):
        line.state = "new"
    for kind in (ReconciledStatementLine, ReconciledLine):
        work.session.execute(delete(kind).where(kind.reconciliation_id == row.id))
    row.undone_at, row.undone_by = work.context.now, work.context.actor
    work.session.flush()
    audit.note(work, May.RECONCILIATION_EDIT, f"reconciliation/{row.id}/undone")


def _reverse(work: Work, entry_id: UUID, day: dt.date | None, reason: str) -> None:
    """Reverse an entry in an open period, and let the two cancel out on each bank account."""
    found = entries.entry(work, entry_id)
    reversing = found.reversed_by or _post_reversal(work, entry_id, day, found.date, reason)
    for account in queries.bank_accounts_in(work, entry_id):
        both = queries.lines_on(work, [entry_id, reversing], account.account_id)
        free = queries.free_lines(work, account, [line.id for line in both])
        if len(free) == len(both):
            detail = {"reverses": str(entry_id)}
            _record(work, account, "reversed", [], [line.id for line in free], detail=detail)


def _post_reversal(
    work: Work, entry_id: UUID, day: dt.date | None, own_day: dt.date, reason: str
) -> UUID:
    if day is not None:
        return journal.reverse(work, entry_id, day=day, reason=reason)[1].id
    try:
        with work.savepoint():
            return journal.reverse(work, entry_id, day=own_day, reason=reason)[1].id
    except PeriodClosed:  # carrying on: what was closed stays as it was, today takes it back
        return journal.reverse(work, entry_id, day=work.context.today, reason=reason)[1].id
