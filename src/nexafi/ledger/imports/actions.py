"""What one does with files of banks: take in what is new, or take it all back."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy import inspect

from nexafi.contracts.ledger.permissions import LedgerPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.trust import audit
from nexafi.kernel.values.currencies import decimals
from nexafi.kernel.values.ids import new_id
from nexafi.kernel.values.money import Money
from nexafi.ledger import counts
from nexafi.ledger.banking import queries as banking
from nexafi.ledger.banking.formats import UNKNOWN_CURRENCY, Reading, Statement, StatementLine
from nexafi.ledger.errors import (
    BankAccountClosed,
    ImportUndone,
    LinesSettled,
    StatementUnreadable,
)
from nexafi.ledger.imports import queries, rules, store
from nexafi.ledger.imports.rules import File, Told
from nexafi.ledger.reconciliation import actions as reconciliation
from nexafi.ledger.reconciliation import queries as reconciliations
from nexafi.ledger.sorting import actions as sorting
from nexafi.ledger.sorting.rules import Look
from nexafi.ledger.sorting.suggesting import Suggestion
from nexafi.ledger.tables import BankAccount, Import
from nexafi.ledger.tables import Statement as StatementRow

ORIGINAL_MAX = 2000
"""Characters that are kept of what stood in the file."""
LINES_NAMED_MAX = 20
UNKNOWN_DECIMALS = 2
"""Readers give amounts of an unknown currency two decimals."""


@dataclass(slots=True)
class Brought:
    """What one statement of a file brings to its bank account."""

    statement: Statement
    bank_account: BankAccount
    same_as: tuple[UUID | None, ...] = ()
    ids: tuple[UUID, ...] = ()
    """The ids that its lines get if they are new."""
    looks: tuple[str, ...] = ()
    occurrences: tuple[int, ...] = ()
    suggested: int = 0
    id: UUID = field(default_factory=new_id)

    @property
    def is_kept(self) -> bool:
        """Return whether its bank account is kept; a preview may show one that is yet to be."""
        return inspect(self.bank_account).persistent

    @property
    def duplicates(self) -> int:
        """Return how many of its lines were here before."""
        return sum(each is not None for each in self.same_as)

    @property
    def added(self) -> int:
        """Return how many of its lines are new."""
        return len(self.same_as) - self.duplicates


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file."""

    import_id: UUID | None
    """None for a preview."""
    reading: Reading
    brought: list[Brought]
    remarks: list[str]


def take_in(
    work: Work,
    file: File,
    reading: Reading,
    accounts: Sequence[BankAccount],
    remarks: Sequence[str] = (),
    *,
    is_preview: bool = False,
) -> Outcome:
    """Keep what *reading* has that was not here before; *accounts* has one for each statement."""
    brought = [
        Brought(_in_currency(statement, account.currency), account)
        for statement, account in zip(reading.statements, accounts, strict=True)
    ]
    said = [*remarks, *(each.text for each in reading.warnings)]

    for account in sorted({each.id: each for each in accounts}.values(), key=lambda a: a.id):
        if not account.is_open:
            raise BankAccountClosed(f"{account.name} is closed; open it again to import to it.")
        if not is_preview:
            banking.bank_account(work, account.id, lock=True)
        said += _tell_apart(work, [b for b in brought if b.bank_account is account], reading.format)

    suggestions = _suggest(work, brought)
    if is_preview:
        return Outcome(None, reading, brought, said)
    if not any(each.added for each in brought):
        known = {each.id for each in accounts}
        twins = queries.live_twins(work, file.sha256)
        if twins and known <= {bank_account for _, bank_account in twins}:
            said.append("This very file is here already; nothing was added.")
            return Outcome(twins[0][0], reading, brought, said)

    kept = _keep(work, file, reading, brought, said=said, suggestions=suggestions)
    return Outcome(kept, reading, brought, said)


def _suggest(work: Work, brought: Sequence[Brought]) -> dict[UUID, Suggestion]:
    """Return what we would do with the new lines, and with open ones that they explain."""
    looks: list[Look] = []
    for each in brought:
        each.ids = tuple(new_id() for _ in each.statement.lines)
        looks += [
            Look(
                each.ids[place],
                line.booked_on,
                line.amount.minor,
                line.amount.currency,
                each.bank_account.id,
                line.description,
                line.counterparty,
                line.counterparty_account,
                line.reference,
            )
            for place, line in enumerate(each.statement.lines)
            if each.same_as[place] is None
        ]
    found = sorting.suggest(work, looks)
    for each in brought:
        each.suggested = sum(line_id in found for line_id in each.ids)
    return found


def _in_currency(statement: Statement, currency: str) -> Statement:
    """Return *statement*, if it does not say its currency, in that of its account."""
    if statement.currency != UNKNOWN_CURRENCY:
        return statement
    more = decimals(currency) - UNKNOWN_DECIMALS

    def money(amount: Money | None) -> Money | None:
        if amount is None or amount.currency != UNKNOWN_CURRENCY:
            return amount
        minor = amount.minor * 10**more if more >= 0 else amount.minor // 10**-more
        if more < 0 and amount.minor % 10**-more:
            raise StatementUnreadable(f"An amount has more decimals than {currency} has.")
        return Money(minor, currency)

    lines = tuple(
        replace(line, amount=money(line.amount) or line.amount) for line in statement.lines
    )
    return replace(
        statement,
        currency=currency,
        lines=lines,
        opening=money(statement.opening),
        closing=money(statement.closing),
    )


def _tell_apart(work: Work, brought: list[Brought], format: str) -> list[str]:  # noqa: A002
    """Find what of the statements of one bank account is here already; return what to beware of."""
    lines: list[StatementLine] = [line for each in brought for line in each.statement.lines]
    if not lines:
        return []
    account = brought[0].bank_account
    days = [line.booked_on for line in lines]
    known = store.known(work, account.id, min(days), max(days))
    opening = brought[0].statement.opening
    first = queries.first_opening(work, account.id) if known and opening else None
    balance = None if first is None else first + store.lines_sum(work, account.id)
    told = rules.tell_apart(
        lines,
        known,
        format=format,
        opening=opening.minor if opening else None,
        balance=balance,
    )
    start = 0
    for each in brought:
        end = start + len(each.statement.lines)
        each.same_as = told.same_as[start:end]
        each.looks = told.looks[start:end]
        each.occurrences = told.occurrences[start:end]
        start = end
    return _cautions(account, told)


def _cautions(account: BankAccount, told: Told) -> list[str]:
    found = []
    if told.passed_over:
        found.append(
            f"The bank gives lines of {account.name} other names at each download,"
            " so they were told apart by their looks."
        )
    if told.alike:
        found.append(
            f"{told.alike} new lines of {account.name} have the day and amount of a line that came"
            " in another format, in other words: look whether they are the same."
        )
    return found


def _keep(
    work: Work,
    file: File,
    reading: Reading,
    brought: Sequence[Brought],
    *,
    said: list[str],
    suggestions: Mapping[UUID, Suggestion],
) -> UUID:
    """Write the file and what it brings."""
    made = Import(
        id=new_id(),
        name=file.name[:255],
        format=reading.format[:16],
        size=len(file.raw),
        sha256=file.sha256,
        raw=zlib.compress(file.raw, 6),
        warnings=said,
        imported_by=work.context.actor,
        imported_at=work.context.now,
    )
    work.session.add(made)
    work.session.flush()
    work.session.add_all(_statement_row(made.id, each) for each in brought)
    work.session.flush()
    rows = [row for each in brought for row in _line_rows(each, suggestions)]
    if rows:
        store.keep_lines(work, rows)
    seen = [
        {"id": new_id(), "statement_id": each.id, "statement_line_id": same}
        for each in brought
        for same in each.same_as
        if same is not None
    ]
    if seen:
        store.keep_sightings(work, seen)
    sorting.tell(work, suggestions, besides={row["id"] for row in rows})
    work.count(counts.STATEMENTS_IMPORTED, len(brought))
    work.count(counts.LINES_IMPORTED, len(rows))
    audit.note(work, May.STATEMENT_IMPORT, f"import/{made.id}")
    return made.id


def _statement_row(import_id: UUID, brought: Brought) -> StatementRow:
    statement = brought.statement
    return StatementRow(
        id=brought.id,
        import_id=import_id,
        bank_account_id=brought.bank_account.id,
        number=clean(statement.number, 64),
        currency=statement.currency,
        lines_count=len(statement.lines),
        added=brought.added,
        duplicates=brought.duplicates,
        sum_minor=statement.sum.minor,
        opening_minor=statement.opening and statement.opening.minor,
        closing_minor=statement.closing and statement.closing.minor,
        opened_on=statement.opened_on,
        closed_on=statement.closed_on,
        is_proven=statement.is_proven,
    )


def _line_rows(
    brought: Brought, suggestions: Mapping[UUID, Suggestion]
) -> Iterator[dict[str, Any]]:
    """Yield the rows of the new lines of a statement."""
    for position, line in enumerate(brought.statement.lines):
        if brought.same_as[position] is not None:
            continue
        suggestion = suggestions.get(brought.ids[position])
        yield {
            "id": brought.ids[position],
            "statement_id": brought.id,
            "bank_account_id": brought.bank_account.id,
            "position": position,
            "booked_on": line.booked_on,
            "valued_on": line.valued_on,
            "minor": line.amount.minor,
            "currency": line.amount.currency,
            "description": clean(line.description, 1000) or "",
            "counterparty": clean(line.counterparty, 200),
            "counterparty_account": clean(line.counterparty_account, 64),
            "reference": clean(line.reference, 200),
            "bank_id": clean(line.bank_id, 200),
            "kind": clean(line.kind, 64),
            "original": clean(line.raw, ORIGINAL_MAX) or "",
            "fingerprint": brought.looks[position],
            "occurrence": brought.occurrences[position],
            "state": "new",
            "attempts": 0,
            "suggestion": suggestion.body if suggestion else None,
            "confidence": suggestion.confidence if suggestion else None,
        }


def clean(text: str, length_max: int) -> str | None:
    """Return *text* as a database keeps it, at most so long; None if nothing is left."""
    kept = text.replace("\0", " ").encode("utf-8", "replace").decode()
    return kept[:length_max].strip() or None


def undo(work: Work, import_id: UUID, *, force: bool) -> tuple[Import, int]:
    """Take an import back: its lines go, but for those that another import has too.

    Lines that someone settled stand in the way, and the problem names them;
    with *force* what was decided on them is undone first.
    """
    found = queries.one_import(work, import_id, lock=True)

    if found.undone_at is not None:
        raise ImportUndone(f"Import {import_id} was undone by {found.undone_by}.")
    store.hand_over(work, import_id)
    settled = queries.settled_lines(work, import_id)
    if force:
        for line in settled:
            if held := reconciliations.of_statement_line(work, line.id):
                reconciliation.undo(work, held.id, reason=f"Import {import_id} was undone")
    elif settled:
        raise LinesSettled(
            f"{len(settled)} lines of this import are settled or ignored; undo these first,"
            " or ask for it with `force=true`.",
            lines=[str(line.id) for line in settled[:LINES_NAMED_MAX]],
        )

    removed = store.remove_lines(work, import_id)
    found.undone_at, found.undone_by = work.context.now, work.context.actor
    audit.note(work, May.STATEMENT_IMPORT, f"import/{import_id}/undone")
    return found, removed
