"""What is open for a file: debits by mandate, refunds of debits, payouts; each with its account."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from nexafi.kernel.data.work import Work
from nexafi.kernel.trust.secrets import Secret
from nexafi.payments.bank_files import queries, rules
from nexafi.payments.bank_files.formats.orders import Batch, Order, Signed
from nexafi.payments.bank_files.rules import FileKind, Own
from nexafi.payments.charges import actions as charges
from nexafi.payments.errors import DayUnfit
from nexafi.payments.mandates import actions as mandates
from nexafi.payments.mandates import queries as all_mandates
from nexafi.payments.mandates.rules import MandateState, Scheme
from nexafi.payments.payouts import actions as payouts
from nexafi.payments.payouts import queries as all_payouts
from nexafi.payments.payouts.rules import AHEAD
from nexafi.payments.providers.port import Answer, Kind, Outcome, Reason
from nexafi.payments.tables import Charge, Mandate, Operation, Payout

METHODS = {FileKind.CREDIT: "sepa_debit", FileKind.DEBIT: "sepa_debit", FileKind.NACHA: "ach_debit"}


@dataclass(frozen=True, slots=True)
class Source:
    """What stands behind an order."""

    order: Order
    payout: Payout | None = None
    operation: Operation | None = None
    mandate: Mandate | None = None


def drop_unfit(work: Work, kind: FileKind) -> None:
    """End the debits whose mandates hold no more; they would be refused anyway."""
    queries.bank(work)
    for operation, _, mandate in _debits(work, kind):
        if mandate.state != MandateState.ACTIVE:
            message = f"The mandate {mandate.reference} is {mandate.state}."
            refused = Answer(Outcome.FAILED, reason=Reason.MANDATE_INVALID, message=message)
            charges.finish(work, operation.id, refused)


def collect(
    work: Work, secret: Secret, kind: FileKind, own: Own, asked: dt.date | None
) -> Sequence[Source]:
    """Return what goes into the next file, numbered, each with the day of its execution."""
    today = work.context.today
    if asked is not None and asked > today + AHEAD:
        raise DayUnfit("A file is executed within a year.", pointer="#/execution_on")
    found: list[Source] = []
    if kind is not FileKind.CREDIT:
        found.extend(_collected(work, secret, kind))
    if kind is not FileKind.DEBIT:
        found.extend(_given_back(work, secret, kind))
        until = max(asked or today, kind.calendar.after(today, max(own.lead_days, 1)))
        found.extend(_paid_out(work, secret, kind, until))
    found = _within(found, kind)
    days = [_earliest(kind, own, today, each.order) for each in found]
    if asked is not None and days and asked < max(days):
        rules.execution(kind, asked, max(days), today)
    number = queries.next_number(work)
    return [
        replace(each, order=_placed(kind, asked, day, number + at, each.order))
        for at, (each, day) in enumerate(zip(found, days, strict=True))
    ]


def batches(message_id: str, orders: Sequence[Order]) -> list[Batch]:
    """Return orders by what a bank books together: day, direction, and the kind of mandate."""
    groups: dict[tuple[object, ...], list[Order]] = {}
    for order in orders:
        signed = order.mandate
        is_sepa_debit = signed is not None and bool(order.account.iban)
        scheme = (signed.is_b2b, signed.sequence) if signed and is_sepa_debit else ()
        key = (order.execute_on, order.is_debit, order.entry_class, *scheme)
        groups.setdefault(key, []).append(order)
    return [
        Batch(f"{message_id}-{number:04d}", group)
        for number, group in enumerate(groups.values(), 1)
    ]


def _debits(work: Work, kind: FileKind) -> Iterator[tuple[Operation, Charge, Mandate]]:
    rows = queries.open_operations(work, Kind.SALE, METHODS[kind], rules.ORDERS_MAX)
    known = all_mandates.by_id(work, {UUID(charge.token) for _, charge in rows})
    for operation, charge in rows:
        yield operation, charge, known[UUID(charge.token)]


def _collected(work: Work, secret: Secret, kind: FileKind) -> Iterator[Source]:
    found = list(_debits(work, kind))
    used = queries.mandates_in_use(work, {mandate.id for *_, mandate in found})
    for operation, charge, mandate in found:
        if mandate.state != MandateState.ACTIVE or (not mandate.recurs and mandate.id in used):
            continue
        sequence = "OOFF" if not mandate.recurs else "RCUR" if mandate.id in used else "FRST"
        used.add(mandate.id)
        signed = Signed(
            mandate.reference, mandate.signed_on, mandate.scheme == Scheme.SEPA_B2B, sequence
        )
        order = _of_operation(secret, operation, mandate, is_debit=True)
        told = replace(order, mandate=signed, remittance=charge.description)
        yield Source(told, operation=operation, mandate=mandate)


def _given_back(work: Work, secret: Secret, kind: FileKind) -> Iterator[Source]:
    rows = queries.open_operations(work, Kind.REFUND, METHODS[kind], rules.ORDERS_MAX)
    known = all_mandates.by_id(work, {UUID(charge.token) for _, charge in rows})
    for operation, charge in rows:
        mandate = known[UUID(charge.token)]
        order = _of_operation(secret, operation, mandate, is_debit=False)
        yield Source(_told(order, charge), operation=operation, mandate=mandate)


def _told(order: Order, charge: Charge) -> Order:
    return replace(order, remittance=order.remittance or f"Refund {charge.description}".strip())


def _of_operation(
    secret: Secret, operation: Operation, mandate: Mandate, *, is_debit: bool
) -> Order:
    is_online_refund = mandate.entry_class == "WEB" and not is_debit
    return Order(
        0,
        operation.reference or operation.id.hex,
        operation.amount,
        is_debit,
        mandate.holder,
        mandates.account(secret, mandate),
        dt.date.min,
        remittance=operation.cause,
        entry_class="PPD" if is_online_refund else mandate.entry_class,
    )


def _paid_out(work: Work, secret: Secret, kind: FileKind, until: dt.date) -> Iterator[Source]:
    for row in all_payouts.waiting(work, kind.currency, until, rules.ORDERS_MAX):
        order = Order(
            0,
            row.id.hex,
            row.amount,
            False,  # noqa: FBT003 - it is no debit
            row.creditor,
            payouts.account(secret, row),
            row.execute_on,
            row.remittance,
            row.creditor_reference or "",
            row.purpose,
            entry_class=row.entry_class,
        )
        yield Source(order, payout=row)


def _within(found: list[Source], kind: FileKind) -> list[Source]:
    """Return as many as a file has room for; the rest waits for the next."""
    total, kept = 0, []
    for each in found[: rules.ORDERS_MAX]:
        total += each.order.amount.minor
        if total > rules.MOST[kind.currency]:
            break
        kept.append(each)
    return kept


def _earliest(kind: FileKind, own: Own, today: dt.date, order: Order) -> dt.date:
    is_first = order.mandate is not None and order.mandate.sequence != "RCUR"
    return rules.earliest(kind, own, today, is_debit=order.is_debit, is_first=is_first)


def _placed(
    kind: FileKind, asked: dt.date | None, first: dt.date, number: int, order: Order
) -> Order:
    day = rules.execution(kind, asked, first, order.execute_on)
    return replace(order, number=number, execute_on=day)
