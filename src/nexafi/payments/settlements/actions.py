"""What one does with payout reports: take in, match, book; and say what has arrived."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any
from uuid import UUID

from nexafi.contracts.payments.events import MoneyMoved, MovementKind
from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.trust import audit
from nexafi.kernel.values.ids import new_id
from nexafi.kernel.values.money import Money
from nexafi.payments import cards, counts
from nexafi.payments.errors import (
    NothingToSettle,
    ReceiptUnfit,
    ReportKnown,
    SettlementUnbalanced,
)
from nexafi.payments.movements import actions as movements
from nexafi.payments.settlements import booking, queries, rules, store
from nexafi.payments.settlements.booking import Booking
from nexafi.payments.settlements.report import Batch, Line, LineKind, Report
from nexafi.payments.settlements.rules import BreakKind, Found, How, Known, State
from nexafi.payments.tables import Settlement, SettlementBreak, SettlementFile

ANNOUNCED, BOOKED = "announced", "booked"
SANDBOX = "sandbox"
SANDBOX_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Given:
    """A file as it was handed in."""

    name: str
    raw: bytes

    @property
    def sha256(self) -> str:
        """Return by what its content is known again."""
        return sha256(self.raw).hexdigest()


@dataclass(slots=True)
class Outcome:
    """What became of a report."""

    file_id: UUID | None
    format: str
    settlements: list[Settlement] = field(default_factory=list)
    known: int = 0
    """Payouts that were here before; they are left as they are."""
    breaks: int = 0


def take_in(work: Work, report: Report, file: Given | None) -> Outcome:
    """Keep the payouts of *report* that are not here yet: match their lines, book what was sent.

    All of it or nothing: the lines of each payout have to add up to what was sent.
    """
    row = _keep_file(work, report, file) if file else None
    outcome = Outcome(row.id if row else None, report.format)
    for told in report.batches:
        batch = replace(told, reference=_name(told.reference))
        _check(batch)
        settlement = _settlement(work, report.provider, batch, row)
        if settlement is None:
            outcome.known += 1
            continue
        outcome.breaks += _settle(work, settlement, batch)
        outcome.settlements.append(settlement)
    audit.note(work, May.SETTLEMENT_EDIT, f"settlements/file/{outcome.file_id or SANDBOX}")
    return outcome


def _keep_file(work: Work, report: Report, file: Given) -> SettlementFile:
    if queries.file_of(work, file.sha256) is not None:
        raise ReportKnown("This very file was handed in before; nothing was added.")
    row = SettlementFile(
        id=new_id(),
        name=cards.masked(file.name)[:255],
        format=report.format,
        size=len(file.raw),
        sha256=file.sha256,
        taken_in_by=work.context.actor,
        taken_in_at=work.context.now,
    )
    work.session.add(row)
    work.session.flush()
    return row


def _check(batch: Batch) -> None:
    """Raise unless the lines make what was sent."""
    if batch.total != batch.sent + batch.kept:
        total = Money(batch.total, batch.currency)
        sent = Money(batch.sent, batch.currency)
        raise SettlementUnbalanced(
            f"The lines of payout {batch.reference} make {total.text} {batch.currency},"
            f" and {sent.text} were sent.",
            lines=total.text,
            sent=sent.text,
        )


def _settlement(
    work: Work, provider: str, batch: Batch, file: SettlementFile | None
) -> Settlement | None:
    """Return the row of a payout that is to be booked; None if it is booked already."""
    reference = batch.reference
    row = queries.settlement_of(work, provider, reference)
    if row is not None and row.state == BOOKED:
        return None
    if row is not None and (row.amount_minor, row.currency) != (batch.sent, batch.currency):
        raise SettlementUnbalanced(
            f"{provider} told that payout {reference} is {row.amount.text} {row.currency};"
            f" its lines make {Money(batch.sent, batch.currency).text} {batch.currency}."
        )
    if row is None:
        row = Settlement(
            id=new_id(),
            provider=provider,
            reference=reference,
            currency=batch.currency,
            amount_minor=batch.sent,
            received_minor=0,
            created_at=work.context.now,
        )
        work.session.add(row)
    row.file_id = file.id if file else None
    row.state, row.kept_minor, row.paid_on = BOOKED, batch.kept, batch.paid_on
    row.lines_count, row.matched_count = len(batch.lines), 0
    work.session.flush()
    return row


def _settle(work: Work, settlement: Settlement, batch: Batch) -> int:
    """Match the lines of a payout, book it, and return how many breaks there are."""
    batch = replace(batch, lines=_told_apart(work, settlement.provider, batch.lines))
    known = _movements(work, settlement.provider, batch.lines)
    missing = queries.missing_lines(work, settlement.provider)

    found = rules.match(batch.lines, known)
    bookings = booking.plan(batch, found, work.context.known.base_currency)
    late = _late(batch, known, found, missing)

    pairs = list(zip(batch.lines, found, [new_id() for _ in found], strict=True))
    settlement.matched_count = sum(each.state is not State.OPEN for each in found)
    breaks = [_break_of(work, settlement, *pair) for pair in pairs if pair[1].is_off]
    store.keep(
        work,
        lines=[_line_row(settlement, n, *pair) for n, pair in enumerate(pairs)],
        matches=[_match_row(work, settlement, *pair) for pair in pairs if _is_linked(pair[1])],
        breaks=breaks + [_missing_of(work, settlement, each) for each in late],
    )
    for each in found:
        if _is_linked(each) and each.movement and (row := missing.get(each.movement.id)):
            heal(work, row)
    for made in bookings:
        book(work, settlement.provider, made, settlement)
    work.count(counts.LINES_SETTLED, len(found))
    return len(breaks) + len(late)


def _told_apart(work: Work, provider: str, lines: Sequence[Line]) -> list[Line]:
    """Return *lines*, each with the name that is kept; those told before say so."""
    named = [replace(each, id=each.id and _name(each.id)) for each in lines]
    seen = queries.known_line_ids(work, provider, {each.id for each in named if each.id})
    found = []
    for each in named:
        found.append(replace(each, is_repeated=each.id is not None and each.id in seen))
        if each.id is not None:
            seen.add(each.id)
    return found


def _name(text: str) -> str:
    """Return *text*, or what stands for it where a card number stands in it."""
    return text if cards.masked(text) == text else f"#{sha256(text.encode()).hexdigest()[:32]}"


def _movements(work: Work, provider: str, lines: Sequence[Line]) -> list[Known]:
    """Return the movements that *lines* may be, and those that they name."""
    if not lines:
        return []
    days = [each.on for each in lines]
    open_ = queries.movements_to_match(work, provider, min(days), max(days) + rules.NEAR)
    names = {alias for each in lines for alias in each.aliases}
    operations = {each.operation for each in lines if each.operation}
    have = {each.id for each in open_}
    names -= {each.reference for each in open_ if each.reference}
    operations -= {each.operation_id for each in open_ if each.operation_id}
    others = queries.movements_named(work, provider, names, operations)
    return open_ + [each for each in {e.id: e for e in others}.values() if each.id not in have]


def _late(
    batch: Batch, known: Iterable[Known], found: Iterable[Found], missing: dict[UUID, Any]
) -> list[Known]:
    """Return what should have been paid by now, and of which no report tells."""
    taken = {each.movement.id for each in found if _is_linked(each) and each.movement}
    if not batch.lines:
        return []
    until = max(each.on for each in batch.lines) - rules.LATE
    return [
        each
        for each in known
        if each.on < until and not each.is_settled and each.id not in taken | missing.keys()
        if each.effect and each.currency == batch.currency
    ]


def _is_linked(found: Found) -> bool:
    return found.state is State.MATCHED


def _line_row(
    settlement: Settlement, position: int, line: Line, found: Found, line_id: UUID
) -> dict[str, Any]:
    return {
        "id": line_id,
        "settlement_id": settlement.id,
        "position": position,
        "provider": settlement.provider,
        "line_id": None if line.is_repeated else line.id,
        "kind": line.kind.value,
        "occurred_on": line.on,
        "currency": line.currency,
        "amount_minor": line.amount,
        "fee_minor": line.fee,
        "own_minor": line.own[0] if line.own else None,
        "own_currency": line.own[1] if line.own else None,
        "aliases": {"names": [cards.masked(each) for each in line.aliases]},
        "description": cards.masked(line.description.replace("\0", " "))[:200],
        "state": found.state.value,
        "matched_minor": found.matched,
        "explained_minor": booking.explained(line, found),
        "taken_minor": found.taken,
        "taken_currency": found.taken_currency,
    }


def _match_row(
    work: Work, settlement: Settlement, line: Line, found: Found, line_id: UUID
) -> dict[str, Any]:
    del line
    assert found.movement is not None
    assert found.how is not None
    return match_row(work, found.movement.id, found.how, settlement.id, line_id)


def match_row(
    work: Work, movement_id: UUID, how: How, settlement_id: UUID | None, line_id: UUID | None
) -> dict[str, Any]:
    """Return that a movement is settled."""
    return {
        "id": new_id(),
        "settlement_id": settlement_id,
        "line_id": line_id,
        "movement_id": movement_id,
        "how": how.value,
        "matched_by": work.context.actor,
        "matched_at": work.context.now,
    }


def _break_of(
    work: Work, settlement: Settlement, line: Line, found: Found, line_id: UUID
) -> dict[str, Any]:
    assert found.is_off is not None
    off = found.matched + booking.explained(line, found) - found.taken
    return _break_row(work, settlement, found.is_off, Money(off, found.taken_currency)) | {
        "line_id": line_id,
        "movement_id": found.movement.id if found.movement else None,
    }


def _missing_of(work: Work, settlement: Settlement, each: Known) -> dict[str, Any]:
    off = Money(each.effect, each.currency)
    row = _break_row(work, settlement, BreakKind.MISSING_LINE, off)
    return row | {"movement_id": each.id}


def _break_row(work: Work, settlement: Settlement, kind: BreakKind, off: Money) -> dict[str, Any]:
    work.count(counts.BREAKS)
    return {
        "id": new_id(),
        "settlement_id": settlement.id,
        "line_id": None,
        "movement_id": None,
        "provider": settlement.provider,
        "kind": kind.value,
        "currency": off.currency,
        "difference_minor": off.minor,
        "assignee": None,
        "outcome": None,
        "reason": "",
        "adjustment_id": None,
        "opened_at": work.context.now,
        "closed_at": None,
        "closed_by": None,
    }


def heal(work: Work, row: SettlementBreak) -> None:
    """Close a break that is none any more."""
    row.outcome, row.closed_at, row.closed_by = "healed", work.context.now, work.context.actor


def book(
    work: Work, provider: str, each: Booking, settlement: Settlement | None, reason: str = ""
) -> UUID:
    """Tell the ledger of a movement that a settlement makes; return its id."""
    news = MoneyMoved(
        movement_id=new_id(),
        kind=each.kind,
        on=settlement.paid_on if settlement else work.context.today,
        amount=each.amount,
        fee=each.fee,
        against=each.against,
        against_worth=each.against_worth,
        provider=provider,
        description=reason or each.description,
        references={"settlement": str(settlement.id)} if settlement else {},
    )
    movements.move(work, news, reference=settlement.reference if settlement else None)
    work.session.flush()
    settlement_id = settlement.id if settlement else None
    row = match_row(work, news.movement_id, How.BOOKED, settlement_id, None)
    store.keep(work, lines=[], matches=[row], breaks=[])
    return news.movement_id


# -- the sandbox, and what providers tell -------------------------------------------------------

SANDBOX_KINDS = {
    kind: line for line, kinds in rules.FITS.items() for kind in kinds
}  # of each kind of movement the line that tells of it


def pay_sandbox(work: Work, paid_on: dt.date) -> Outcome:
    """Let the sandbox pay all that it owes: a payout for each currency, with its report."""
    owed: dict[str, list[Known]] = {}
    for each in queries.unsettled(work, SANDBOX, SANDBOX_MAX):
        if each.effect:
            owed.setdefault(each.currency, []).append(each)
    if not owed:
        raise NothingToSettle("The sandbox owes nothing that it has not paid.")
    batches = [
        Batch(f"sb_po_{new_id().hex}", currency, paid_on, [_sandbox_line(each) for each in own])
        for currency, own in sorted(owed.items())
    ]
    return take_in(work, Report(SANDBOX, SANDBOX, batches), None)


def _sandbox_line(each: Known) -> Line:
    return Line(
        kind=SANDBOX_KINDS.get(each.kind, LineKind.OTHER),
        on=each.on,
        currency=each.currency,
        amount=each.gross,
        fee=each.fee,
        id=f"sb_txn_{each.id.hex}",
        aliases=(each.reference,) if each.reference else (),
        operation=each.operation_id,
    )


def take_payout_notice(
    work: Work, provider: str, reference: str, amount: Money, paid_on: dt.date
) -> Settlement:
    """Remember that a provider told of a payout; it is booked when its report comes."""
    reference = _name(reference)
    row = queries.settlement_of(work, provider, reference)
    if row is None:
        row = Settlement(
            id=new_id(),
            provider=provider,
            reference=reference,
            state=ANNOUNCED,
            currency=amount.currency,
            amount_minor=amount.minor,
            paid_on=paid_on,
            created_at=work.context.now,
        )
        work.session.add(row)
        work.session.flush()
    return row


# -- the bank's side ----------------------------------------------------------------------------


def receive(work: Work, settlement_id: UUID, on: dt.date, amount: Money) -> Settlement:
    """Write down that a payout arrived at the bank, or a part of it."""
    row = queries.settlement_to_change(work, settlement_id)
    _arrived(work, row, on, amount)
    return row


def _arrived(work: Work, row: Settlement, on: dt.date, amount: Money) -> None:
    left = row.amount_minor - row.received_minor
    if row.state != BOOKED or amount.currency != row.currency or not 0 < amount.minor <= left:
        raise ReceiptUnfit(
            f"{Money(max(left, 0), row.currency).text} {row.currency} of payout {row.reference}"
            " are in transit." if row.state == BOOKED else "No report of the payout has come yet.",
            pointer="#/amount",
        )  # fmt: skip
    row.received_minor += amount.minor
    news = MoneyMoved(
        movement_id=new_id(),
        kind=MovementKind.SETTLEMENT_RECEIVED,
        on=on,
        amount=amount,
        provider=row.provider,
        description=f"Payout {row.reference}",
        references={"settlement": str(row.id)},
    )
    movements.move(work, news, reference=row.reference)
    audit.note(work, May.SETTLEMENT_EDIT, f"settlements/{row.id}/received")


def receive_together(
    work: Work, on: dt.date, amount: Money, provider: str | None
) -> list[Settlement]:
    """Write down a transfer of the bank that holds several payouts, found by their sum."""
    waiting = queries.in_transit(work, amount.currency, provider)
    left = [each.amount_minor - each.received_minor for each in waiting]
    places = rules.together(amount.minor, left)
    if places is None:
        raise ReceiptUnfit(
            f"Not exactly one choice of the {len(waiting)} payouts in transit makes"
            f" {amount.text} {amount.currency}; name each with its amount.",
            pointer="#/amount",
        )
    for place in places:
        _arrived(work, waiting[place], on, Money(left[place], amount.currency))
    return [waiting[place] for place in places]
