"""Settlements over HTTP."""

from __future__ import annotations

from uuid import UUID

from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Begin, Work
from nexafi.kernel.web.endpoints import Routes
from nexafi.kernel.web.paging import Page
from nexafi.kernel.web.uploads import Upload
from nexafi.payments.errors import ReportUnreadable
from nexafi.payments.settlements import actions, clearing, queries, queue
from nexafi.payments.settlements.actions import Given
from nexafi.payments.settlements.formats import reading
from nexafi.payments.settlements.schemas import (
    AssignIn,
    BreakOut,
    BreaksQuery,
    ClearingOut,
    ClearingsOut,
    ExplainIn,
    FileQuery,
    LineOut,
    LinesQuery,
    LinkIn,
    OutcomeOut,
    PayIn,
    ReceivedIn,
    ReceivedTogetherIn,
    SettlementOut,
    SettlementsOut,
    SettlementsQuery,
    UndoIn,
)

routes = Routes("/api/v1/payments/settlements")


@routes.post("", needs=May.SETTLEMENT_EDIT, gives=OutcomeOut)
def hand_in_report(begin: Begin, query: FileQuery, file: Upload) -> OutcomeOut:
    """Take in a payout report: match its lines with what moved, and book what was sent.

    Reports of Stripe (itemized payout reconciliation as CSV, or the balance
    transactions of a payout) and PayPal (transaction search, settlement report)
    are known by their content; any other CSV needs a `mapping`. Each file and
    each payout is taken in once. What does not fit opens a break.
    """
    if file.size > reading.BYTES_MAX:
        raise ReportUnreadable(f"The file is larger than {reading.BYTES_MAX // 2**20} MiB.")
    given = Given(file.name, file.read())
    with begin() as work:
        zone = work.context.known.zone
    name = f"{given.name[:100]} {given.sha256[:12]}"
    report = reading.read(
        given.raw, zone, provider=query.provider, mapping=query.mapping, name=name
    )
    with begin() as work:
        return OutcomeOut.of(actions.take_in(work, report, given))


@routes.post("/sandbox", needs=May.SETTLEMENT_EDIT, gives=OutcomeOut)
def pay_from_sandbox(work: Work, body: PayIn) -> OutcomeOut:
    """Let the sandbox pay all that it owes: one payout for each currency, with its report."""
    return OutcomeOut.of(actions.pay_sandbox(work, body.on or work.context.today))


@routes.get("", needs=May.SETTLEMENT_READ, gives=Page[SettlementOut])
def list_settlements(work: Work, query: SettlementsQuery) -> Page[SettlementOut]:
    """Return a page of settlements, the newest first."""
    rows = queries.settlements(work, query, query.wanted())
    return Page[SettlementOut].of(rows, query, SettlementOut.of)


@routes.get("/clearing", needs=May.SETTLEMENT_READ, gives=ClearingsOut, report=True)
def read_clearing(work: Work) -> ClearingsOut:
    """Return what each provider owes us by our movements, and why: each cent has a reason."""
    return ClearingsOut(items=[ClearingOut.of(each) for each in clearing.clearing(work)])


@routes.act("/received", needs=May.SETTLEMENT_EDIT, gives=SettlementsOut)
def receive_together(work: Work, body: ReceivedTogetherIn) -> SettlementsOut:
    """Say that a transfer arrived that holds several payouts; exactly one choice must make it."""
    rows = actions.receive_together(work, body.on, body.amount, body.provider)
    return SettlementsOut(items=[SettlementOut.of(each) for each in rows])


@routes.get("/breaks", needs=May.SETTLEMENT_READ, gives=Page[BreakOut])
def list_breaks(work: Work, query: BreaksQuery) -> Page[BreakOut]:
    """Return a page of what does not fit, the oldest first; only open ones unless asked."""
    return Page[BreakOut].of(queries.breaks(work, query, query.wanted()), query, BreakOut.of)


@routes.get("/breaks/<uuid:break_id>", needs=May.SETTLEMENT_READ, gives=BreakOut)
def read_break(work: Work, break_id: UUID) -> BreakOut:
    """Return one break."""
    return BreakOut.of(queries.break_(work, break_id))


@routes.act("/breaks/<uuid:break_id>/assign", needs=May.SETTLEMENT_EDIT, gives=BreakOut)
def assign_break(work: Work, break_id: UUID, body: AssignIn) -> BreakOut:
    """Say who looks at a break; null for nobody."""
    return BreakOut.of(queue.assign(work, break_id, body.assignee))


@routes.act("/breaks/<uuid:break_id>/explain", needs=May.SETTLEMENT_EDIT, gives=BreakOut)
def explain_break(work: Work, break_id: UUID, body: ExplainIn) -> BreakOut:
    """Close a break with a reason, and book what it leaves, as a fee or an adjustment."""
    return BreakOut.of(queue.explain(work, break_id, body.reason, books=body.book))


@routes.act("/breaks/<uuid:break_id>/link", needs=May.SETTLEMENT_EDIT, gives=BreakOut)
def link_break(work: Work, break_id: UUID, body: LinkIn) -> BreakOut:
    """Say which movements a line is; a difference that is left keeps the break open."""
    return BreakOut.of(queue.link(work, break_id, body.movements, body.reason))


@routes.act("/breaks/<uuid:break_id>/undo", needs=May.SETTLEMENT_EDIT, gives=BreakOut)
def undo_break(work: Work, break_id: UUID, body: UndoIn) -> BreakOut:
    """Take back what was decided on a break: it is open again, what was booked is booked back."""
    return BreakOut.of(queue.undo(work, break_id, body.reason))


@routes.get("/<uuid:settlement_id>", needs=May.SETTLEMENT_READ, gives=SettlementOut)
def read_settlement(work: Work, settlement_id: UUID) -> SettlementOut:
    """Return one settlement."""
    return SettlementOut.of(queries.settlement(work, settlement_id))


@routes.get("/<uuid:settlement_id>/lines", needs=May.SETTLEMENT_READ, gives=Page[LineOut])
def list_lines(work: Work, settlement_id: UUID, query: LinesQuery) -> Page[LineOut]:
    """Return a page of the lines of a settlement, in the order of its report."""
    queries.settlement(work, settlement_id)
    rows = queries.lines(work, settlement_id, query, query.state)
    return Page[LineOut].of(rows, query, LineOut.of)


@routes.act("/<uuid:settlement_id>/received", needs=May.SETTLEMENT_EDIT, gives=SettlementOut)
def receive_settlement(work: Work, settlement_id: UUID, body: ReceivedIn) -> SettlementOut:
    """Say that a payout, or a part of it, arrived at a bank whose statements are not imported."""
    return SettlementOut.of(actions.receive(work, settlement_id, body.on, body.amount))
